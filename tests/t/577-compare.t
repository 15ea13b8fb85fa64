#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What makes no events is found when everything is compared: what was done by
# hand at the destination, what happens below a FUSE mount, stores through a
# mapping that stays open; at the peers of one mirror, and without a word in the
# log when there was nothing to do.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need perl
cd "$T" || exit
mkdir -p a/d/e share
echo 1 >a/d/f
echo 2 >a/g
echo 3 >a/d/e/h
start_serve s="$T/share"
start_mirror -v --compare=1s a b "zcsync://$addr/s"
ok "in sync" wait_until 20 eval '[ "$(grep -c "in sync" "$mirror_log.err")" = 2 ]'

rm b/d/f
echo tampered >b/g
rm -r share/d
mkdir share/new
chmod 700 b/d
ok "what was changed at one peer is repaired" mirrored a b
ok "and at the other" mirrored a share

# A store through a mapping that was dirty before, and stays.
perl -e 'open my $f, ">", "a/m" or die; print $f "x" x 4096' 
ok "a file" mirrored a b
cat >map.py <<'EOF'
import mmap, sys, time
f = open("a/m", "r+b")
m = mmap.mmap(f.fileno(), 4096)
m[0:5] = b"first"
m.flush()
open("mapped", "w").close()
sys.stdin.read()
EOF
if command -v python3 >/dev/null; then
    mkfifo hold
    python3 map.py <hold &
    mapper=$!
    exec 9>hold
    wait_until 10 [ -e mapped ]
    ok "a store is seen while the mapping is there" \
        wait_until 20 grep -q first b/m
    exec 9>&-
    wait "$mapper"
fi

echo more >a/more
ok "events go on being seen" mirrored a share
is "$(grep -c 'comparing everything' "$mirror_log.err")" 2 \
    "the log has what was compared at the start, and no more"
stop_mirror
is "$rc" 0 "it ends well"

# --rescan alone is as much as --compare.
if command -v bindfs >/dev/null && mkdir under fuse && bindfs under fuse 2>/dev/null; then
    let_go() { mountpoint -q "$T/fuse" && umount "$T/fuse"; }
    at_exit+=(let_go)
    start_mirror --rescan=1 fuse c
    wait_until 20 [ -d c ]
    echo 1 >fuse/here
    ok "a change through a FUSE mount" wait_until 20 cmp -s fuse/here c/here
    mkdir under/dir
    echo 2 >under/dir/there
    ok "one below it" wait_until 20 cmp -s under/dir/there c/dir/there
    echo 3 >fuse/dir/late
    ok "and one in a directory that came so" wait_until 20 cmp -s fuse/dir/late c/dir/late
    stop_mirror
    umount fuse
else
    skip 3 "no bindfs, or no FUSE"
fi

# never is never
start_mirror -v --rescan=1 --compare=never a d
ok "in sync" wait_until 20 grep -q 'in sync' "$mirror_log.err"
rm d/g
sleep 2.5
nok "with --compare=never nobody looks" [ -e d/g ]
stop_mirror
done_testing
