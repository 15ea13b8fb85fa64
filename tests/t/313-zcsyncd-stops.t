#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGTERM ends zcsyncd and all its processes within a bound, whatever they do; a
# second one hurries; a daemon that was killed leaves no process behind.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-process.sh"

need perl
mkdir "$T/one" "$T/two" "$T/share" "$T/a"
random_bytes 30000000 >"$T/a/big"
mirrors=("[mirror one]" "path = $T/one" "to = $T/to-one" "drain = 1"
    "[mirror two]" "path = $T/two" "to = $T/to-two" "drain = 1")
conf "[share s]" "path = $T/share" "${mirrors[@]}"

staging() { [ -d "$T/share/.zcsync" ]; }

start_daemon
ok "mirrors are in sync" wait_until 20 in_sync one
background push "$ZCSYNC" push --bwlimit=3M "$T/a" "zcsync://$addr/s"
push_pid=$pid
ok "a session is running" wait_until 10 receiving s
ok "with its staging folder" wait_until 10 staging
mapfile -t family < <(below "$daemon_pid")
ok "processes: ${#family[@]}" [ ${#family[@]} -ge 3 ]
before=$SECONDS
stop_daemon
is "$rc" 0 "SIGTERM in the middle of all that"
ok "takes no longer than draining and a little" [ $((SECONDS - before)) -le 15 ]
ok "no process is left" all_gone "${family[@]}"
reap "$push_pid"
ok "no staging folder either" no_litter "$T/share"

# one that does not answer
start_daemon
ok "again" wait_until 20 in_sync one
mapfile -t family < <(below "$daemon_pid")
kill -STOP "$(watcher one)"
before=$SECONDS
stop_daemon
is "$rc" 0 "with a watcher that is stopped"
ok "it takes its bound" [ $((SECONDS - before)) -le 20 ]
ok "and no process is left" wait_until 5 all_gone "${family[@]}"
like "$(cat "$daemon_log")" 'mirror one: its process does not end' "it is said"

# in a hurry
sed -i 's/^drain = 1/drain = 60/' "$T/conf"
start_daemon
ok "once more" wait_until 20 in_sync one
mapfile -t family < <(below "$daemon_pid")
kill -STOP "$(watcher one)"
before=$SECONDS
kill -TERM "$daemon_pid"
ok "it begins to stop" wait_until 10 said_more 0 'mirror two: stopped'
kill -TERM "$daemon_pid"
reap "$daemon_pid" 20
is "$rc" 0 "a second SIGTERM"
ok "does not wait" [ $((SECONDS - before)) -le 10 ]
ok "for anybody" wait_until 5 all_gone "${family[@]}"

# kill -9
start_daemon
ok "the last one" wait_until 20 in_sync one
background push "$ZCSYNC" push --bwlimit=3M "$T/a" "zcsync://$addr/s"
push_pid=$pid
ok "with a session" wait_until 10 receiving s
mapfile -t family < <(below "$daemon_pid")
kill -KILL "$daemon_pid"
reap "$daemon_pid" 5
ok "killed, it leaves no process" wait_until 20 all_gone "${family[@]}"
reap "$push_pid"
ok "and no staging folder" no_litter "$T/share"
done_testing
