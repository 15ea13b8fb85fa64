#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where only what has changed is sent: a mirror of a file that is rewritten in place,
# a source that changes meanwhile, an old version that does, a full disk, and a
# connection that is cut.
. "$(dirname "$0")/lib.sh"
. "$here/lib-edits.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"
. "$here/lib-relay.sh"

need_mirror
need rsync perl
cd "$T" || exit
mkdir a share
start_serve s="$T/share"
to=zcsync://$addr/s

# ---- a mirror ------------------------------------------------------------------

random_bytes $((24 << 20)) >a/disk
pushes "before" a "$to"
start_relay --to "$addr"
start_mirror --fsync=none --no-whole-file "$T/a" "zcsync://$relay/s"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
for i in 1 2 3; do
    changed_blocks a/disk $((200 + i))
    ok "change $i is there" wait_until 30 cmp -s a/disk share/disk
done
random_bytes 100000 >>a/disk
ok "so is what is appended" wait_until 30 cmp -s a/disk share/disk
stop_mirror
wait_until 10 grep -q '^up' "$relay_log"
up=$(sed -n 's/^up \([0-9]*\).*/\1/p' "$relay_log" | tail -n 1)
ok "and little has crossed ($up)" [ "${up:-99999999}" -lt 2000000 ]
stop_relay

# ---- what changes meanwhile ------------------------------------------------------

blocks=4096
stamps() { perl "$tools/stamps.pl" "$1" "$2" $blocks; }
rm -rf a/* share/*
stamps init a/f
pushes "before" a "$to"
background writer perl "$tools/stamps.pl" write a/f $blocks
writer=$pid
end=$((SECONDS + 5)) torn=0 done=0
while [ $SECONDS -lt $end ]; do
    push --fsync=none --no-whole-file a "$to"
    [[ $rc = 0 || $rc = 24 ]] || fail "exit $rc, wanted 0 or 24" "$err"
    [ "$rc" = 0 ] && done=$((done + 1))
    stamps check share/f >"$T/log/check" || torn=$((torn + 1))
done
kill "$writer"
reap "$writer"
is "$torn" 0 "no torn version, with $done pushes that came through"
pushes "when it rests" --no-whole-file a "$to"
ok "equal" same_tree a share

# the old version there is written to while it is copied from
rm -rf a/* share/*
random_bytes $((32 << 20)) >a/f
cp a/f share/f && changed_blocks share/f 50
background odd perl -e '
    open my $f, "+<", "share/f" or die;
    while (1) {
        for my $i (0 .. 63) { seek $f, ($i << 19) + rand 5000, 0; syswrite $f, "odd" }
        select undef, undef, undef, 0.001;
    }'
odd=$pid
pushes "an old version that changes" --no-whole-file a "$to"
kill "$odd"
reap "$odd"
ok "equal" same_tree a share

# a hole is copied, slowly, and what comes behind it does not wait for that
rm -rf a/* share/*
{ head -c 20M /dev/zero && random_bytes $((1 << 20)); } >a/f
cp --sparse=always a/f share/f
changed_blocks share/f 5
fallocate -p -n -o 0 -l $((20 << 20)) share/f 2>/dev/null
touch -d 2020-01-01 share/f
if [ "${ZC_SANITIZE:-no}" = no ] && strace -o /dev/null true 2>/dev/null; then
    run strace -f -qq -o "$T/log/trace" -e trace=ftruncate,pwrite64 \
        -e inject=ftruncate:delay_enter=100000:when=1..3 \
        "$ZCSYNC" push --no-whole-file --json a share
    is "$rc" 0 "a hole of the old version, and bytes behind it"
    like "$out" '"retries":0' "come together at once"
    ok "equal" same_tree a share
else
    skip 3 "strace cannot be used"
fi

# ---- what goes wrong ---------------------------------------------------------------

rm -rf a/* share/*
random_bytes $((24 << 20)) >a/f
pushes "before" a "$to"
cp share/f old
changed_blocks a/f 30
start_relay --cut-up 100000 --to "$addr"
push --no-partial --no-whole-file a "zcsync://$relay/s"
like "$rc" '^1[02]$' "cut in the middle" # reset, or closed
ok "the old version is there" cmp old share/f
ok "and nothing else" wait_until 10 no_litter "$T/share"
stop_relay
pushes "again" --no-whole-file a "$to"
ok "equal" same_tree a share
stop_serve

if (need_mounts) >/dev/null 2>&1 && make_fs tmpfs "$T/small" 40; then
    cp old small/f
    touch -d 2020-01-01 small/f
    start_serve s="$T/small"
    push_exits 23 "a full disk" --no-whole-file a "zcsync://$addr/s"
    one_sentence 'f.*No space left on device' "one sentence with the path"
    ok "the old version is there" cmp old small/f
    ok "and nothing else" no_litter "$T/small"
    { cat old && random_bytes 100000; } >a/f
    push_exits 23 "and something appended" --no-whole-file a "zcsync://$addr/s"
    one_sentence 'f.*No space left on device' "one sentence with the path"
    ok "the old version is there" cmp old small/f
    mkdir small/alt small/d && mv small/f small/alt/f && cp -p small/alt/f a/f
    push_exits 23 "and another directory's file" --copy-dest=../alt a "zcsync://$addr/s/d"
    one_sentence 'f.*No space left on device' "one sentence with the path"
    ok "that is there" cmp old small/alt/f
    is "$(ls -A small/d)" "" "and nothing else"
    mv small/alt/f small/f && rmdir small/alt small/d
    cp old a/f && changed_blocks a/f 30
    mount -o remount,size=90m small
    pushes "with room" --no-whole-file a "zcsync://$addr/s"
    ok "equal" same_tree a small
    stop_serve
else
    skip 12 "cannot mount"
fi
for type in xfs btrfs; do
    if (need_mounts) >/dev/null 2>&1 && make_fs $type "$T/$type" 400; then
        cp old $type/f
        start_serve s="$T/$type"
        pushes "on $type" --no-whole-file a "zcsync://$addr/s"
        ok "equal" cmp a/f $type/f
        stop_serve
    else
        skip 2 "no $type here"
    fi
done
done_testing
