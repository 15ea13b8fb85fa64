#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A command of on change that is at work when zcsyncd is told to end ends with it,
# the log says so and not something else, and it is run again at the next start.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/a" "$T/share"
echo 1 >"$T/a/file"
conf "state = $T/state" "[share s]" "path = $T/share" \
    "on change = sh -c 'echo \$ZCSYNC_ALL >>$T/ran; test \$ZCSYNC_ALL = 1 || exec sleep 100'"
start_daemon
pushes "a push" "$T/a/" "zcsync://$addr/s"
ok "it runs" wait_until 20 test -s "$T/ran"
stop_daemon
is "$rc" 0 "zcsyncd ends"
ok "the command with it" grep -q "on change of share s: its command was ended with zcsyncd" \
    "$daemon_log"
start_daemon
ran() { [ "$(cat "$T/ran")" = "0
1" ]; }
ok "it is run again, for all" wait_until 20 ran
stop_daemon
done_testing
