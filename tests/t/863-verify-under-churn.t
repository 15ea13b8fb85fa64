#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A mirror that is verified while everything in it changes all the time: what is on
# its way is no damage.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-verify.sh"

need_mirror
need_tools churn
cd "$T" || exit 1
mkdir -p a/churn b
many_files a/still 500 2000
conf "[mirror m]" "path = $T/a" "to = $T/b" "fsync = none" "verify = 1s"
start_daemon
ok "in sync" wait_until 20 in_sync m
mkdir a/links
start_churn "$T/a/churn" "$(soak_seconds 8)"
start_link_churn "$T/a/links" "$(soak_seconds 8)"
verify_now m 1
churn_ends 60
link_churn_ends 60
becomes_equal 60 "$T/a" "$T/b" "in the end all is equal"
verify_now m 1
is "$(grep -E 'verify:' "$daemon_log")" "" "nothing was found, nor in the way"
is "$(verify_of m 0 found)$(verify_of m 0 unreadable)" 00 "nor is in the end"
stop_daemon
done_testing
