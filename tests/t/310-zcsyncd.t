#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsyncd: its command line, --check, ready when it says so, serves its shares,
# ends on SIGTERM and SIGINT, and listens only where it should.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl

mkdir "$T/share"
make_tree "$T/a"
conf "[share s]" "path = $T/share"

# ---- command line ------------------------------------------------------------

runs_with 0 "--help" "$ZCSYNCD" --help
like "$out" '--config=FILE' "shows the options"
is "$(perl -ne 'print "$1\n" if /^ +(?:-\w, )?(--[a-z-]+)/' <<<"$out" | sort)" \
    "$(perl -ne 'print "-$1\n" if /^\.It .*Fl (-[a-z-]+)/' \
        "$here/../../man/zcsyncd.8" | sort)" "which are those of the man page"
runs_with 0 "--version" "$ZCSYNCD" --version
like "$out" '^zcsyncd [0-9]' "shows the version"
runs_with 1 "an unknown option" "$ZCSYNCD" --nonsense
one_sentence '--nonsense.*zcsyncd --help' "is one sentence"
runs_with 1 "an argument" "$ZCSYNCD" "$T/conf"
one_sentence "takes no argument" "is one, too"
runs_with 0 "--check of a good file" "$ZCSYNCD" --check --config="$T/conf"
like "$out" "$T/conf: ok" "says so"
printf '[mirror x]\nnonsense = 1\n' >"$T/bad"
runs_with 1 "--check of a bad one" "$ZCSYNCD" --check --config="$T/bad"
one_sentence "$T/bad:2: .*nonsense" "names the line"
runs_with 1 "a bad file" "$ZCSYNCD" --config="$T/bad"
one_sentence "$T/bad:2: .*nonsense" "does not start it"
runs_with '1|3|11' "a file that is not there" "$ZCSYNCD" --config="$T/nowhere"
one_sentence "$T/nowhere" "does not either"

# ---- start and stop ----------------------------------------------------------

start_notify
start_daemon
ok "READY=1" wait_until 5 heard 'READY=1'
ok "STATUS=" wait_until 5 heard 'STATUS=0 mirrors, 0 of 0 peers in sync, 0 receiving'
like "$addr" '^127\.0\.0\.1:[0-9]+$' "it listens on loopback"
pushes "a push to its share" "$T/a" "zcsync://$addr/s"
ok "arrives" same_tree "$T/a" "$T/share"
runs_with 10 "a second one" "$ZCSYNCD" --config="$T/conf"
one_sentence "$ctl: another zcsyncd" "does not take its socket"
ok "which is still there" answers
make_tree "$T/m"
conf "[share s]" "path = $T/share" "[mirror m]" "path = $T/m" "to = $T/to"
reloads
ok "a mirror that comes and is in sync shows" wait_until 30 heard \
    'STATUS=1 mirror, 1 of 1 peer in sync, 0 receiving'
stop_daemon
is "$rc" 0 "SIGTERM ends it with 0"
ok "STOPPING=1" wait_until 5 heard 'STOPPING=1'
nok "its control socket is gone" [ -e "$ctl" ]
unset NOTIFY_SOCKET

with=(env --default-signal=INT) # which bash has its jobs ignore
start_daemon
with=()
kill -INT "$daemon_pid"
reap "$daemon_pid" 15
is "$rc" 0 "SIGINT ends it with 0, too"

start_daemon
kill -KILL "$daemon_pid"
reap "$daemon_pid" 5
ok "killed, it leaves its socket" [ -S "$ctl" ]
runs_with 10 "at which nobody answers" "$ZCSYNC" status --control="$ctl"
conf "[share s]" "path = $T/share" "read only = yes"
"$ZCSYNCD" --config="$T/conf" 2>"$T/log/again" </dev/null &
daemon_pid=$!
started+=("$daemon_pid")
ok "the next one takes it over" wait_until 10 answers
stop_daemon

# ---- where it listens --------------------------------------------------------

listen=0.0.0.0:0 conf "[share s]" "path = $T/share"
runs_with 1 "an address that others reach" "$ZCSYNCD" --config="$T/conf"
one_sentence 'security = plain' "has to be written out"
listen=0.0.0.0:0 conf "security = plain" "[share s]" "path = $T/share"
start_daemon
like "$addr" '^0\.0\.0\.0:' "then it listens there"
conf "[share s]" "path = $T/share"
sed -i "s/^listen.*/listen = $addr/" "$T/conf"
runs_with '1|10' "an address in use" "$ZCSYNCD" --config="$T/conf"
stop_daemon
conf
start_daemon
is "$addr" "" "with no share it does not listen at all"
stop_daemon
conf "[share s]" "path = $T/nowhere"
start_daemon
like "$(cat "$daemon_log")" "share s: $T/nowhere: No such file" \
    "a share that is not there is said"
push "$T/a" "zcsync://$addr/s"
is "$rc" 3 "and is refused to peers"
stop_daemon
done_testing
