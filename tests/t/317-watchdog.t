#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The watchdog: WATCHDOG=1 only while every watcher answers; one that hangs is
# killed and started again, and then it goes on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/one" "$T/two"
conf "[mirror one]" "path = $T/one" "to = $T/to-one" \
    "[mirror two]" "path = $T/two" "to = $T/to-two"
start_notify
export WATCHDOG_USEC=8000000
start_daemon
unset WATCHDOG_USEC
beats() { heard_times WATCHDOG=1; }
more_beats() { [ "$(beats)" -gt "$1" ]; }
ok "it beats" wait_until 20 more_beats 2
ok "and is in sync" wait_until 20 in_sync one

one=$(watcher one)
kill -STOP "$one"
ok "a watcher that hangs is noticed" wait_until 30 said_more 0 \
    "mirror one: its process $one does not answer, and is killed"
ok "killed" wait_until 10 gone_or_zombie "$one"
ok "and logged" wait_until 10 said_more 0 'mirror one: its process was killed by signal'
ok "started again" wait_until 20 another_watcher one "$one"
ok "it beats again" wait_until 20 more_beats "$(beats)"
ok "the daemon is the same" kill -0 "$daemon_pid"
# systemd wants to hear from us within WATCHDOG_USEC
longest() { perl -ne '/^([\d.]+) (READY|WATCHDOG)=1/ or next;
    $max = $1 - $last if defined $last && $1 - $last > $max; $last = $1;
    END { printf "%d\n", $max * 1000 }' "$notify_log"; }
ok "a beat was left out meanwhile" [ "$(longest)" -gt 3000 ]
ok "but it was never silent for WATCHDOG_USEC ($(longest) ms)" [ "$(longest)" -lt 8000 ]
stop_daemon
is "$rc" 0 "ends well"

# without one
start_daemon
before=$(beats)
ok "no WATCHDOG_USEC" wait_until 20 in_sync one
stop_daemon
is "$(beats)" "$before" "no beats"
done_testing
