#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The peer's file system turns read-only under a mirror, and back.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"
. "$here/lib-mutate.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_mounts
make_fs tmpfs "$T/share" 50
mkdir "$T/a" "$T/b"
start_serve s="$T/share"
start_mirror --fsync=none "$T/a" "zcsync://$addr/s" "$T/b"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
make_mutable "$T/a/tree"
becomes_equal 30 "$T/a" "$T/share" "equal, to begin with"

ro() { mount -o remount,ro "$T/share"; }
ok "read-only" wait_until 10 ro
mutate "$T/a/tree"
ok "the mirror says so" wait_until 20 grep -q 'Read-only file system' "$mirror_log.err"
ok "the other peer gets it" wait_until 20 looks_equal "$T/a" "$T/b"
rm -r "$T/a/tree/new"
echo later >"$T/a/later"
sleep 1
ok "the mirror lives" mirror_runs
mount -o remount,rw "$T/share"
becomes_equal 90 "$T/a" "$T/share" "writable again, it becomes equal"
becomes_equal 20 "$T/a" "$T/b" "the other peer, too"
ok "few words" [ "$(wc -l <"$mirror_log.err")" -lt 200 ]
stop_mirror
ok "no staging folder left" no_litter_soon "$T/share"
done_testing
