#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync status: words, --json, --metrics and --watch agree with what is going
# on, and say so when nobody answers.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
perl -MJSON::PP -e1 2>/dev/null || skip_all "perl has no JSON::PP"
mkdir "$T/share"
make_tree "$T/one"
closed=$(free_port)
conf "[share s]" "path = $T/share" \
    "[mirror one]" "path = $T/one" "to = $T/to, zcsync://127.0.0.1:$closed/x"

runs_with 10 "nobody answers" "$ZCSYNC" status --control="$ctl"
one_sentence "no zcsyncd answers at $ctl" "names the socket"
runs_with 10 "at the default place" "$ZCSYNC" status --control=/nonexistent/x
runs_with 1 "--json with --metrics" "$ZCSYNC" status --json --metrics
runs_with 1 "--watch=often" "$ZCSYNC" status --watch=often

start_daemon
ok "in sync" wait_until 20 in_sync one
lost() { "$ZCSYNC" status --control="$ctl" | grep -q "127.0.0.1:$closed/x .*disconnected"; }
ok "one of two peers is not there" wait_until 20 lost
status
is "$rc" 0 "status"
like "$out" "^one \($T/one\): watching" "the mirror, its source and state"
like "$out" "[1-9][0-9]* directories, watched by (inotify|fanotify), " "its watches"
like "$out" "$T/to +in sync.*sent [1-9][0-9]* files" "a peer"
like "$out" "disconnected for .*: could not connect to 127.0.0.1" "another, and why"
like "$out" "listening on $addr: 0 of 64" "who listens"
status one
is "$rc" 0 "status of one mirror"
unlike "$out" "listening" "tells of nothing else"
status two
is "$rc" 1 "a mirror that is not there"
one_sentence "no mirror 'two'" "is a sentence"

status --json
is "$rc" 0 "--json"
valid() { perl -MJSON::PP -ne 'decode_json($_)' <<<"$out"; }
ok "each line is an object" valid
is "$(field one source)" "$T/one" "with the source"
is "$(field one state)" watching "the state"
is "$(field one peer.peer)" "$T/to" "and the peers"
like "$(field one peer.last_sync)" '^20.*Z$' "with times"
like "$(field one peer.sent_files)" '^[1-9][0-9]*$' "and totals"
like "$out" '"daemon":"[0-9.]+"' "and one for the daemon"

status --metrics
is "$rc" 0 "--metrics"
like "$out" 'zcsync_mirror_state\{mirror="one",state="watching"\} 1' "a state"
like "$out" "zcsync_peer_state\{mirror=\"one\",peer=\"$T/to\",state=\"in sync\"\} 1" "of a peer"
like "$out" "zcsync_peer_sent_files_total\{mirror=\"one\",peer=\"$T/to\"\} [1-9]" "a counter"
grouped()
{
    perl -ne '/^# TYPE (\S+) (gauge|counter)$/ and $t = $1, next;
        next if /^# HELP (\S+) \S/; /^(\w+)(\{.*\})? [-0-9.e+]+$/ && $1 eq $t
            or die "line $.: $_"' <<<"$out"
}
ok "well-formed, in groups" grouped
if command -v promtool >/dev/null; then
    ok "says promtool, too" promtool check metrics <<<"$out"
fi

background watch "$ZCSYNC" status --watch=1 --control="$ctl"
twice() { [ "$(grep -c '^one ' "$T/log/watch.out")" -ge 2 ]; }
ok "--watch goes on" wait_until 20 twice
ok "with speeds" wait_until 5 grep -q 'now [0-9.]* files/s' "$T/log/watch.out"
stop_daemon
reap "$pid" 20
is "$rc" 10 "until the daemon is gone"
done_testing
