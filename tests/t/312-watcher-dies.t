#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A watcher that dies is started again, with back-off, and said so; a receiver
# that dies takes nobody with it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/one" "$T/two" "$T/share"
conf "[share s]" "path = $T/share" \
    "[mirror one]" "path = $T/one" "to = $T/to-one" \
    "[mirror two]" "path = $T/two" "to = $T/to-two"
start_daemon
one=$(watcher one) two=$(watcher two)
alive() { local p; p=$(watcher one); [ -n "$p" ] && [ "$p" != 0 ] && [ "$p" != "$one" ]; }

kill -KILL "$one"
ok "its end is logged" wait_until 10 said_more 0 'mirror one: its process was killed by signal 9.*started again in [0-9.]+ s'
status
like "$out" 'one .*stopped.*killed by signal 9.*died 1 time' "and shown"
like "$out" 'disconnected' "its peers are not in sync"
ok "it is started again" wait_until 20 alive
is "$(field one restarts)" 1 "and the death counted"
is "$(watcher two)" "$two" "the other mirror is not touched"

one=$(watcher one)
kill -KILL "$one"
ok "a second death" wait_until 10 said_more 1 'mirror one: its process was killed'
delay() { sed -n 's/.*mirror one: .*started again in \([0-9]*\)\..*/\1/p' "$daemon_log" | tail -n 1; }
like "$(delay)" '^[123]$' "the wait grows ($(delay) s)"
ok "over in time" wait_until 20 alive
ok "and it works" wait_until 20 in_sync one
echo new >"$T/one/new"
waits --timeout=30 one
is "$rc" 0 "wait returns"
is "$(cat "$T/to-one/new")" new "the change is there"

# a receiver
random_bytes 30000000 >"$T/two.big"
mkdir "$T/a" && mv "$T/two.big" "$T/a/big"
background push "$ZCSYNC" push --bwlimit=3M "$T/a" "zcsync://$addr/s"
push_pid=$pid
ok "a session is shown" wait_until 10 receiving s
receiver=$("$ZCSYNC" status --json --control="$ctl" |
    sed -n 's/.*"session".*"pid":\([0-9]*\).*/\1/p')
kill -KILL "$receiver"
reap "$push_pid"
like "$rc" '^(10|12)$' "killed, its sender is told ($rc)"
ok "it is logged" wait_until 10 said_more 0 'the receiver was killed by signal 9'
nok "and no longer shown" receiving s
pushes "the next one is served" "$T/a" "zcsync://$addr/s"
stop_daemon
is "$rc" 0 "ends well"
done_testing
