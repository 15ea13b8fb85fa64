#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A receiver that hangs in the kernel (its file system is frozen) and cannot be
# ended: the mirror's next session says for which process it waits, tries again,
# and goes on by itself when the file system does.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mount.sh"

need perl
need_mounts
need fsfreeze
thaw() { fsfreeze -u "$T/disk"; } 2>/dev/null
at_exit=(thaw "${at_exit[@]}") # before it is unmounted
make_fs ext4 "$T/disk" 64 || skip_all "no ext4 on a loop device"
mkdir "$T/a" "$T/disk/share"
echo 1 >"$T/a/f"
start_serve -v s="$T/disk/share"
conf "[mirror m]" "path = $T/a" "to = zcsync://$addr/s"
start_daemon
ok "in sync" wait_until 20 cmp -s "$T/a/f" "$T/disk/share/f"
ok "the file system is frozen" fsfreeze -f "$T/disk"
echo 2 >"$T/a/g"
hanging() { pgrep -P "$serve_pid" | while read -r p; do
    grep -q '^State:.D' /proc/"$p"/task/*/status 2>/dev/null && echo "$p"; done | grep .; }
ok "a receiver hangs" wait_until 20 hanging
pid=$(hanging | head -n 1)
kill -KILL "$(watcher m)"
ok "the next session says for whom it waits" wait_until 60 \
    said "older session of this mirror, process $pid, does not end: it waits in the kernel"
is "$(said 'this mirror, process')" 1 "once"
fsfreeze -u "$T/disk"
ok "and goes on when that is gone" wait_until 60 cmp -s "$T/a/g" "$T/disk/share/g"
stop_daemon
stop_serve
done_testing
