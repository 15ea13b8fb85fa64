#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While a peer is away, status says how many changes it will have to be told of, and
# for how long the oldest of them waits.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need perl
mkdir "$T/a" "$T/a/d" "$T/b"
for i in {10..39}; do echo "$i" >"$T/a/d/$i"; done
there=$(free_port)
start_serve --listen="127.0.0.1:$there" s="$T/b"
conf "[mirror one]" "path = $T/a" "to = zcsync://127.0.0.1:$there/s"
start_daemon
ok "in sync" wait_until 30 in_sync one
is "$(field one peer.behind)" 0 "nothing is missing"

kill -TERM "$serve_pid"
reap "$serve_pid" 20
ok "the peer is away" wait_until 30 field_is one peer.state disconnected
is "$(field one peer.behind)" 0 "nothing has changed yet"
is "$(field one peer.oldest_seconds)" 0 "for no time"

names=("$T"/a/d/*)
for f in "${names[@]:0:10}"; do echo changed >>"$f"; done # twice: they count once
for f in "${names[@]:0:10}"; do echo again >>"$f"; done
rm "${names[@]:10:5}"
for i in 1 2 3 4; do echo new >"$T/a/new $i"; done
chmod 600 "${names[15]}"
ok "10 that were written, 5 removed, 4 new and one chmod" \
    wait_until 30 field_is one peer.behind 20
ok "and how long they wait" \
    wait_until 30 eval '[[ $(field one peer.oldest_seconds) =~ [1-9] ]]'
status
like "$out" 'disconnected for .*; 20 changes to go, the oldest for 0:0' "in words, too"
status --metrics
like "$out" 'zcsync_peer_behind_changes\{[^}]*\} 20' "and for Prometheus"
like "$out" 'zcsync_peer_behind_seconds\{[^}]*\} [0-9.]*[1-9]' "with the time"
waiting() { "$ZCSYNC" status --json --control="$ctl" | grep -q '"waiting":1'; }
interrupted() # what it waits for comes a moment after it has begun
{
    background wait env --default-signal=INT "$ZCSYNC" wait --control="$ctl" one
    wait_until 30 waiting
    kill -INT "$pid"
    reap "$pid" 20
    grep -q 'one: .*not connected.*20 changes wait' "$T/log/wait.err"
}
ok "wait says what it waited for when Ctrl-C ends it" wait_until 30 interrupted
is "$rc" 20 "with exit code 20"

start_serve --listen="127.0.0.1:$there" s="$T/b"
waits --timeout=60 one # which has it tried at once
is "$rc" 0 "it comes back"
ok "in sync" wait_until 30 in_sync one
is "$(field one peer.behind)" 0 "and nothing is missing"
ok "equal" same_tree_soon "$T/a" "$T/b"
done_testing
