#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What has come of a big file when a session breaks off is not sent again: whoever
# of the two was killed, or the connection, and with a mirror.
. "$(dirname "$0")/lib.sh"
. "$here/lib-edits.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"
. "$here/lib-relay.sh"

need rsync perl
need_mirror
cd "$T" || exit
mkdir -p a/d share
size=$((48 << 20))
random_bytes $size >a/d/f
echo small >a/d/small
start_serve s="$T/share"
to=zcsync://$addr/s
partials() { find "$T/share/.zcsync/partial" -type f 2>/dev/null; }
kept() { [ -n "$(partials)" ]; }
# so much is there at least
has_come() { [ "$(du -s --block-size=1 "$T/share" | cut -f 1)" -gt $((size * 5 / 8)) ]; }
rest() { rm -rf share/* share/.zcsync; }
resumes() # NAME ARGUMENT...
{
    ok "what has come is kept" wait_until 10 kept
    nok "and not under its name" [ -e share/d/f ]
    is "$(find share/.zcsync -type f -perm /077)" "" "nobody else can read it"
    is "$(stat -c %a share/.zcsync/partial)" 700 "or even look for it"
    pushes "$1" --no-whole-file --stats "${@:2}" a "$to"
    crossed_at_most $((size / 2)) "sends only what is missing"
    ok "equal" same_tree a share
    ok "no staging folder left" no_litter "$T/share"
    rest
}

start_relay --cut-up $((size * 3 / 4)) --to "$addr"
push --no-whole-file a "zcsync://$relay/s"
like "$rc" '^1[02]$' "the connection is cut" # reset, or closed
stop_relay
resumes "after a cut"

push_slowly() { background slow "$ZCSYNC" push --no-whole-file --bwlimit=24M "$@"; }
push_slowly a "$to"
ok "most of it has come" wait_until 30 has_come
kill -KILL "$pid"
reap "$pid"
resumes "after kill -9 of the sender"

push_slowly a "$to"
ok "most of it has come" wait_until 30 has_come
for child in $(children "$serve_pid"); do kill -KILL "$child"; done
reap "$pid"
ok "the receiver was killed" [ "$rc" != 0 ]
push --no-whole-file -n a "$to"
push --no-whole-file --exclude=f a "$to" # takes note of what is left
resumes "after kill -9 of the receiver"

# a part of a new version of a file that there is, cut again and again
random_bytes $size >old
for n in 1 2 3; do
    mkdir -p share/d && cp old share/d/f && touch -d 2020-01-01 share/d/f
    start_relay --cut-up $((size / 4)) --to "$addr"
    push --no-whole-file a "zcsync://$relay/s"
    stop_relay
    ok "the old version stays ($n)" cmp old share/d/f
done
pushes "and then" --no-whole-file --stats a "$to"
ok "equal" same_tree a share
ok "no staging folder left" no_litter "$T/share"
rest

# ---- not wanted, or too old --------------------------------------------------------

start_relay --cut-up $((size / 2)) --to "$addr"
push --no-whole-file --no-partial a "zcsync://$relay/s"
ok "--no-partial keeps nothing" wait_until 10 no_litter "$T/share"
push --no-whole-file -P a "zcsync://$relay/s"
ok "-P does" wait_until 10 kept
part=$(partials)
mv "$part" part && random_bytes 1000 >"$part" && touch share/.zcsync/partial/odd
pushes "what is in there is not believed" --no-whole-file --exclude=f a "$to"
nok "what is no part goes" [ -e share/.zcsync/partial/odd ]
cp part "$part" && printf odd | dd of="$part" bs=1 seek=100000 conv=notrunc status=none
pushes "a part that was damaged" --no-whole-file --stats a "$to"
crossed_at_most $((size * 3 / 4)) "is good for the rest"
ok "equal" same_tree a share
rest
push --no-whole-file a "zcsync://$relay/s"
ok "kept" wait_until 10 kept
stop_relay
# others cannot put anything there
rest
if [ "$(id -u)" = 0 ]; then
    mkdir -p share/.zcsync/partial
    cp part "share/.zcsync/partial/$(basename "$part")"
    chown -R nobody share/.zcsync
    push --no-whole-file a "$to"
    like "$rc:$err" "belongs to" "a staging folder of somebody else is not used"
else
    skip 1 "needs root"
fi
rest

# ---- a mirror that connects again ----------------------------------------------------

mkdir share/d
start_relay --cut-up $((size * 3 / 4)) --to "$addr"
start_mirror --fsync=none --no-whole-file "$T/a" "zcsync://$relay/s"
ok "a mirror whose connection is cut comes to an end all the same" \
    wait_until 60 cmp -s a/d/f share/d/f
stop_mirror
stop_relay
stop_serve
done_testing
