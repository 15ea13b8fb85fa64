#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A source that does not tell all its changes: log and status say so at the
# start, for the source itself and for what is mounted in it, and say nothing
# where there is no such thing.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need bindfs
need_root
mkdir -p "$T/under" "$T/fuse" "$T/plain/in" "$T/disk"
mount -t tmpfs -o size=1m none "$T/disk" 2>"$T/log/mount" || skip_all "cannot mount"
let_go() { umount "$T/plain/in" "$T/fuse" "$T/disk"; } 2>/dev/null
at_exit+=(let_go)
mkdir "$T/disk/a"
bindfs "$T/under" "$T/fuse" 2>"$T/log/bindfs" || skip_all "no FUSE"
bindfs "$T/under" "$T/plain/in" || exit
conf "[mirror fuse]" "path = $T/fuse" "to = $T/b" "compare = 6h" \
    "[mirror in]" "path = $T/plain" "to = $T/c" "compare = never" \
    "[mirror disk]" "path = $T/disk/a" "to = $T/d"
start_daemon
waits --timeout=60
is "$rc" 0 "in sync"
ok "the log warns of the source" \
    said "fuse: on $T/fuse \(fuse[^)]*\).*raise no events.*compared, every 6h"
ok "and of what is mounted in one" \
    said "in: on $T/plain/in \(fuse[^)]*\).*raise no events: they are not found"
status
like "$out" "on $T/fuse \(fuse.*every 6h" "status does, too"
status --json in
like "$out" "\"note\":\"on $T/plain/in" "and --json"
status --json disk
like "$out" '"note":""' "a plain source has none"
stop_daemon
done_testing
