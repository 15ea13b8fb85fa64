#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# With nothing to do, none of zcsyncd's processes wakes up.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-process.sh"

need perl
make_tree "$T/one"
mkdir "$T/share"
# A fanotify mark is on a whole file system, and wakes up when anybody writes
# anywhere in it.
conf "[share s]" "path = $T/share" "[mirror one]" "path = $T/one" "to = $T/to" \
    "watch = inotify"
start_daemon
waits --timeout=60 one
is "$rc" 0 "in sync"

# How often all threads of PIDs gave up the processor, so far.
switches()
{
    local p
    for p in "$@"; do cat "/proc/$p/task/"*/status; done |
        awk '/ctxt_switches/ { n += $2 } END { print n }'
}
mapfile -t family < <(family "$daemon_pid")
# What the last question set off comes to rest.
still()
{
    local before
    before=$(switches "${family[@]}")
    sleep 3
    [ "$before" = "$(switches "${family[@]}")" ]
}
ok "three seconds with no wakeup (${#family[@]} processes)" \
    wait_until 60 still
done_testing
