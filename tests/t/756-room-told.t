#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# min free: room on one file system of a share is not taken for room on another.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mount.sh"

need perl
need_mounts
mkdir -p "$T/a/sub" "$T/share"
make_fs tmpfs "$T/share" 40 || skip_all "no tmpfs"
mkdir "$T/share/sub"
mount_at -t tmpfs -o size=10m tmpfs "$T/share/sub"

here_ctl=$ctl ctl=$T/there
conf "[share s]" "path = $T/share" "min free = 5M"
start_daemon
ctl=$here_ctl
there_log=$daemon_log
listen=none conf "[mirror m]" "path = $T/a" "to = zcsync://$addr/s"
start_daemon
ok "in sync" wait_until 20 in_sync m

random_bytes 9000000 >"$T/big"
mv "$T/big" "$T/a/sub" # there is never less of it
ok "what does not fit is refused" wait_until 30 field_is m peer.state blocked
there_says() { "$ZCSYNC" status --control="$T/there" | grep -q "$1"; }
ok "and the receiver says so" wait_until 10 there_says \
    "pushes to s .*; not all is written: .* too little for more by 'min free'"
for i in 1 2 3; do
    random_bytes 3000000 >"$T/a/small.$i"
    ok "elsewhere there is room" \
        wait_until 20 cmp -s "$T/a/small.$i" "$T/share/small.$i"
done
nok "which is not told as if there was everywhere" \
    grep -q "there is room again" "$there_log"
ok "what it says stays" there_says "not all is written"
is "$(grep -c "what does not fit" "$there_log")" 1 "and is logged once"
mount -o remount,size=40m "$T/share/sub"
ok "with room there, all of it comes" wait_until 90 in_sync m
ok "equal" cmp -s "$T/a/sub/big" "$T/share/sub/big"
ok "and there is room again" grep -q "there is room again" "$there_log"
stop_daemon
done_testing
