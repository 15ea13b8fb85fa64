#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sockets from the service manager: TCP and control, served, checked as its own.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/share"
make_tree "$T/a"
conf "[share s]" "path = $T/share"
with=(perl "$tools/activate.pl" 127.0.0.1:0 --)
start_daemon
bound=$(sed -n 's/^listening //p' "$daemon_log.out")
is "$addr" "$bound" "it takes the socket that it was given"
pushes "and serves it" "$T/a" "zcsync://$bound/s"
ok "well" same_tree "$T/a" "$T/share"
kill -HUP "$daemon_pid"
ok "read again" wait_until 10 said_more 0 'read again'
pushes "also after a reload" "$T/a" "zcsync://$bound/s"
stop_daemon
is "$rc" 0 "ends well"

with=(perl "$tools/activate.pl" 127.0.0.1:0 "$T/passed" 127.0.0.2:0 --)
ctl=$T/passed
daemons=$((daemons + 1))
daemon_log=$T/log/zcsyncd.$daemons
"${with[@]}" "$ZCSYNCD" --config="$T/conf" >"$daemon_log.out" 2>"$daemon_log" \
    </dev/null &
daemon_pid=$!
started+=("$daemon_pid")
ok "a control socket that was passed in" wait_until 10 answers
status
like "$out" 'listening on 127\.0\.0\.1:[0-9]+, 127\.0\.0\.2:[0-9]+' "and two others"
for bound in $(sed -n 's/^listening \(127.*\)/\1/p' "$daemon_log.out"); do
    pushes "served: $bound" "$T/a" "zcsync://$bound/s"
done
stop_daemon
ok "the control socket is not ours to remove" [ -S "$T/passed" ]

runs_with 1 "an address that others reach" perl "$tools/activate.pl" 0.0.0.0:0 \
    -- "$ZCSYNCD" --config="$T/conf"
like "$err" 'security = plain' "needs to be written out here, too"
runs_with 10 "a socket of another kind" env LISTEN_FDS=1 \
    bash -c 'LISTEN_PID=$$ exec "$@" 3</dev/null' bash \
    "$ZCSYNCD" --config="$T/conf"
like "$err" 'descriptor 3' "is refused"

if command -v systemd-socket-activate >/dev/null; then
    port=$(free_port)
    with=(systemd-socket-activate -l "127.0.0.1:$port")
    ctl=$T/control
    background activate "${with[@]}" "$ZCSYNCD" --config="$T/conf"
    listening_there() { : >"/dev/tcp/127.0.0.1/$port"; }
    if wait_until 10 listening_there; then
        pushes "started by the first connection" "$T/a" \
            "zcsync://127.0.0.1:$port/s"
    else
        skip 1 "port $port is not free any more"
    fi
    kill "$pid"
    reap "$pid" 20
else
    skip 1 "systemd-socket-activate is not installed"
fi
done_testing
