#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# settle and min interval of a mirror: what matches is held back, which status
# shows, and wait does not wait for.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir -p "$T/a/db" "$T/b"
echo 0 | tee "$T/a/x.log" "$T/a/db/table" >"$T/a/other"
mirror() { conf "[mirror m]" "path = $T/a" "to = $T/b" "$@"; }
same() { cmp -s "$T/a/$1" "$T/b/$1"; }
shows() { "$ZCSYNC" status --control="$ctl" | grep -qE "$1"; }
wait_now()
{
    waits --timeout=30
    is "$rc" 0 "zcsync wait"
}

# ---- settle: far longer than this test lasts ------------------------------------------

mirror "settle = 1h *.log" "settle = 2h /db/"
start_daemon
ok "in sync" wait_until 20 in_sync m
ok "the first comparison holds nothing back" same x.log
echo 1 | tee "$T/a/x.log" "$T/a/db/table" >"$T/a/other"
ok "what does not match is sent" wait_until 20 same other
ok "what does is held back, and behind" wait_until 20 shows \
    "behind.*; 2 changes to go, 2 held back"
nok "it is not there" same x.log
nok "nor is what is below a directory that matches" same db/table
is "$(field m peer.held)" 2 "in JSON"
status --metrics
like "$out" 'zcsync_peer_held_changes\{mirror="m",peer="[^"]*"\} 2' "in metrics"
wait_now
ok "has it sent at once" same x.log
ok "all of it" same db/table
ok "then nothing is behind" wait_until 20 in_sync m

echo 2 >"$T/a/new"
mv "$T/a/new" "$T/a/x.log"
ok "a name that was put in place is held back" wait_until 20 field_is m peer.held 1
is "$(cat "$T/b/x.log")" 1 "it is not there"
echo 3 >>"$T/a/x.log"
wait_now
ok "as it is now it is sent" same x.log
rm "$T/a/x.log"
ok "so is a deletion held back" wait_until 20 field_is m peer.held 1
ok "the name is there" [ -e "$T/b/x.log" ]
echo 4 >"$T/a/db/table"
ok "with another" wait_until 20 field_is m peer.held 2
stop_daemon
is "$rc" 0 "the end"
nok "has the first" [ -e "$T/b/x.log" ]
ok "and the other" same db/table

# ---- both, short ------------------------------------------------------------------------

mirror "settle = 1s *.log" "min interval = 1h /db/"
start_daemon
ok "in sync again" wait_until 20 in_sync m
echo 5 >"$T/a/y.log"
ok "what has settled is sent by itself" wait_until 20 same y.log
echo 6 >"$T/a/db/table"
ok "the first change comes at once" wait_until 20 same db/table
echo 7 >"$T/a/db/table"
ok "the next one not so soon" wait_until 20 field_is m peer.held 1
echo 8 >"$T/a/other"
ok "while others do" wait_until 20 same other
is "$(cat "$T/b/db/table")" 6 "it is as it was"
wait_now
ok "but for wait" same db/table
stop_daemon
is "$(rsync_diff "$T/a" "$T/b" --exclude=/.zcsync/)" "" "all is equal"
done_testing
