#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# require mount and require file: without them nothing is compared, sent, made or
# deleted, with one sentence and exit code 3; a mirror waits, and goes on by itself.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need perl
need_mounts
cd "$T" || exit
make_tree a
mkdir b disk disk/below

# refused SENTENCE ARGUMENT...: by push, mirror's start does not count
refused()
{
    local why=$1
    shift
    run "$ZCSYNC" push "$@"
    is "$rc" 3 "push $*"
    one_sentence "$why" "with one sentence"
}
no_mount="nothing is mounted on"
no_file="there is no"

# ---- push and diff -------------------------------------------------------------

refused "$no_mount a, as is required" --delete --require-mount=src a b
refused "$no_mount disk, as is required" --require-mount=dest a disk
refused "$no_mount $T/disk, as is required" --require-mount="$T/disk" a disk/new
refused "$no_mount $T/nowhere" --require-mount="$T/nowhere" a b
refused "$no_mount $T/disk" --require-mount="$T/disk" disk b
refused "$no_file .marker in a, which" --require-file=src:.marker a b
refused "$no_file x/.marker in disk, which" --require-file=dest:x/.marker a disk
refused "$no_file $T/.marker, which" --require-file="$T/.marker" a b
run "$ZCSYNC" push --require-mount=dest a new
is "$rc" 3 "a DEST that would have to be made"
run "$ZCSYNC" diff --require-file=dest:m a b
is "$rc" 3 "diff, too"
run "$ZCSYNC" push -n --require-mount=dest a new
is "$rc" 3 "and a dry run"
is "$(ls b)$(ls disk)" below "nothing was done"
ok "nor made" [ ! -e new ]

mount_at -t tmpfs x "$T/disk"
mkdir disk/sub && touch disk/sub/.marker
for require in --require-mount=dest --require-mount="$T/disk" \
    --require-file=dest:sub/.marker --require-file="$T/disk/sub/.marker" \
    "--require-mount=dest --require-file=dest:sub"; do
    # shellcheck disable=SC2086
    runs_with 0 "with $require" "$ZCSYNC" push --delete $require a disk
    # the marker is no part of the copy, and stays there
    ok "the copy is there" [ -z "$(rsync_diff a disk --exclude=/.zcsync/ --exclude=/sub)" ]
    mkdir -p disk/sub && touch disk/sub/.marker
done
runs_with 0 "below the mount point" "$ZCSYNC" push --require-mount="$T/disk" a disk/deep
runs_with 0 "a source that is one" "$ZCSYNC" push --require-mount=src disk b
rm -r disk/sub
touch disk/.here
runs_with 0 "a marker" "$ZCSYNC" push --delete --require-file=dest:.here a disk
ok "is not deleted" [ -e disk/.here ]

wrong() # SENTENCE ARGUMENT...
{
    run "$ZCSYNC" "${@:2}"
    is "$rc" 1 "${*:2}"
    one_sentence "$1" "is refused"
}
wrong "none of src, dest and an absolute path" push --require-mount=yes a b
wrong "none of src:NAME, dest:NAME" push --require-file=.marker a b
wrong "neither a name below" push --require-file=src:../x a b
wrong "one for src, one for dest" push --require-file=src:a --require-file=src:b a b
wrong "says itself what it requires" push --require-mount=dest a host::share
wrong "neither yes nor no" serve --require-mount=disk s=a
wrong "neither a name below" serve --require-file=../x s=a

# ---- serve -----------------------------------------------------------------------

umount disk
start_serve --require-mount=yes --require-file=.here s="$T/disk"
refused "$no_mount $T/disk, as is required" --delete a "zcsync://$addr/s"
refused "$no_mount $T/disk" a "zcsync://$addr/s/below"
ok "nothing was done" [ "$(ls disk)" = below ]
mount_at -t tmpfs x "$T/disk"
refused "$no_file .here in $T/disk" a "zcsync://$addr/s"
mkdir disk/old
touch disk/.here
runs_with 0 "when it is there" "$ZCSYNC" push --delete a/ "zcsync://$addr/s"
ok "it is filled" [ -z "$(rsync_diff a disk --exclude=/.zcsync/ --exclude=/.here)" ]
ok "and keeps its marker" [ -e disk/.here ]
stop_serve

# ---- mirrors ---------------------------------------------------------------------

umount disk
start_mirror -v --require-mount=dest a disk
ok "a local DEST is waited for" wait_until 10 grep -q "disk: disconnected: $no_mount disk" \
    "$mirror_log.err"
ok "and left alone" [ "$(ls disk)" = below ]
mount_at -t tmpfs x "$T/disk"
becomes_equal 30 a disk "and filled when it is there"
umount -l disk
ok "it is noticed when it goes" wait_until 10 eval \
    '[ "$(grep -c "disk: disconnected" "$mirror_log.err")" -ge 2 ]'
echo y >a/y
ok "nothing is put below it" [ "$(ls disk)" = below ]
mount_at -t tmpfs x "$T/disk"
becomes_equal 30 a disk "and again"
stop_mirror
is "$rc" 0 "ends well"

# a source
umount disk
rm -r b && cp -a a b
conf "[mirror m]" "path = $T/disk" "to = $T/b" "require mount = yes" \
    "require file = .here" "[share s]" "path = $T/a" "require mount = yes"
start_daemon
state_is() { field_is m state "$1"; }
ok "a source that is not mounted is waited for" wait_until 10 state_is "source gone"
status
like "$out" "$no_mount $T/disk, as is required" "status says why"
is "$(grep -c "$no_mount $T/disk" "$daemon_log")" 1 "the log says it once"
waits --timeout=1 m
is "$rc" 30 "wait waits"
one_sentence "m: $no_mount $T/disk" "and says for what"
refused "$no_mount $T/a" b "zcsync://$addr/s"
mount_at -t tmpfs x "$T/disk"
status_says() { "$ZCSYNC" status --control="$ctl" | grep -q "$1"; }
ok "the other thing is missing yet" wait_until 10 status_says "$no_file .here in $T/disk"
ok "nothing was deleted" same_tree_but_staging a b
cp -a a/. disk && touch disk/.here
waits --timeout=30 m
is "$rc" 0 "it goes on by itself"
ok "and all is there" same_tree_but_staging disk b
rm disk/.here
rm disk/big
ok "when it goes again" wait_until 10 state_is "source gone"
ok "nothing is deleted" [ -e b/big ]
touch disk/.here
waits --timeout=30 m
is "$rc" 0 "and when it is back it goes on"
ok "to the end" same_tree_but_staging disk b
stop_daemon
is "$rc" 0 "ends well"
done_testing
