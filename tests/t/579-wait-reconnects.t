#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A peer that was away for some time, so that it is tried only now and then, is
# tried at once when somebody waits for it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

mkdir "$T/a" "$T/share"
start_serve s="$T/share"
peer=$addr
conf "[mirror m]" "path = $T/a" "to = zcsync://$addr/s"
start_daemon
waits --timeout=60 m
is "$rc" 0 "in sync"
stop_serve
echo 1 >"$T/a/f"
# Seconds until the next try.
next() { "$ZCSYNC" status --control="$ctl" --json m | sed -n 's/.*"retry_seconds":\([0-9]*\).*/\1/p'; }
ok "tries become rare" wait_until 60 eval '[ "$(next || echo 0)0" -ge 40 ]'
start_serve --listen "$peer" s="$T/share"
waits --timeout=3 m
is "$rc" 0 "but not for who waits"
ok "and it is there" cmp -s "$T/a/f" "$T/share/f"
stop_daemon
done_testing
