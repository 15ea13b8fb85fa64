#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The disk of a running mirror's destination is exchanged: the one that is mounted
# there now is filled; and who waits with zcsync wait is told of that one.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mount.sh"

need perl
need_mounts
cd "$T" || exit
make_tree a
mkdir keep up
equal() { [ -z "$(rsync_diff "$1" "$2" --exclude=/.zcsync/)" ]; }
filled() { wait_until 20 equal a "$1" || { rsync_diff a "$1" | head; return 1; }; }
start_serve s="$T/up"
conf "[mirror one]" "path = $T/a" "to = $T/keep, zcsync://$addr/s"
start_daemon
waits --timeout=60 one
is "$rc" 0 "all is there"

for dir in keep up; do
    ok "$dir: a disk is mounted over it" mount_at -t tmpfs x "$T/$dir"
    ok "$dir: and filled, while nothing changes" filled $dir
    ok "$dir: it can be unmounted lazily" umount -l $dir
    echo "$dir" >a/later
    ok "$dir: what was there before follows" filled $dir
    ok "$dir: another disk" mount_at -t tmpfs y "$T/$dir"
    waits --timeout=60 one
    is "$rc" 0 "$dir: wait"
    ok "$dir: is about that one" equal a $dir
    umount -l $dir
    waits --timeout=60 one
    is "$rc" 0 "$dir: wait, when it is gone"
    ok "$dir: is about what is there now" equal a $dir
done

# below it
for dir in keep up; do
    mount_at -t tmpfs x "$T/$dir/b"
    ok "$dir: a disk is mounted below it, and filled" filled $dir
    umount -l "$dir/b"
    echo x >a/b/below
    ok "$dir: unmounted again" filled $dir
    ok "$dir: a directory in it has one of its own" \
        mount_at -t tmpfs x "$T/$dir/c/deep"
    waits --timeout=60 one
    ok "$dir: wait is about that" equal a $dir
    umount -l $dir/c/deep && mount_at -t tmpfs y "$T/$dir/c/deep"
    waits --timeout=60 one
    ok "$dir: and about the next one there" equal a $dir
    umount -l $dir/c/deep
    waits --timeout=60 one
    ok "$dir: and about what it has covered" equal a $dir
done
before=$(said "comparing everything")
mkdir -p elsewhere && mount_at -t tmpfs x "$T/elsewhere" && umount elsewhere
waits --timeout=60 one
is "$(said "comparing everything")" "$before" "what is mounted elsewhere does no harm"

# again and again, at once
bad=0
for n in $(seq 10); do
    mv keep "old.$n" && mkdir keep
    waits --timeout=60 one
    [ "$rc" = 0 ] && equal a keep || bad=$((bad + 1))
done
is "$bad" 0 "wait was never wrong"
stop_daemon
is "$rc" 0 "ends well"

# a push is told, too
many_files big 200 100000
(
    wait_until 20 [ -d pushed ] && mv pushed moved && mkdir pushed
) &
run "$ZCSYNC" push --bwlimit=4M big pushed
wait "$!"
is "$rc" 3 "the destination of a push is moved while it runs"
# Between the two steps it may be looked for, too.
one_sentence "pushed is (another directory than before|not where it was)" \
    "which is an error"
done_testing
