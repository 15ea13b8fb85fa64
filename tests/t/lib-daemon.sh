# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2153,SC2154
#
# For scenarios with zcsyncd; sourced after lib.sh. One daemon: write $T/conf, and
# call start_daemon. Several: write $T/NAME.conf of each, and call
# background_daemon.

ZCSYNCD=${ZCSYNC%/*}/zcsyncd
[ -x "$ZCSYNCD" ] || skip_all "zcsyncd is not built"
ctl=$T/control
export STATE_DIRECTORY=$T/state
daemons=0

# conf [LINE...]: writes the configuration: [daemon] on any free port, then the
# lines.
conf()
{
    printf '%s\n' "[daemon]" "listen = ${listen:-127.0.0.1:0}" \
        "control = $ctl" "$@" >"$T/conf"
}

# A manager's ear for the next daemons: $notify_log is what it hears.
start_notify()
{
    local pid listens
    export NOTIFY_SOCKET=$T/notify
    notify_log=$T/log/notify
    start_listening "$notify_log" perl "$tools/notify.pl" "$NOTIFY_SOCKET"
}
heard() { grep -qE "^[0-9.]+ $1" "$notify_log"; }
heard_times() { grep -cE "^[0-9.]+ $1" "$notify_log"; }

# start_daemon [OPTION...]: $daemon_pid, $daemon_log, and $addr and $port if it
# listens. WITH may hold a command that starts it.
declare -a with=()
start_daemon()
{
    daemons=$((daemons + 1))
    daemon_log=$T/log/zcsyncd.$daemons
    rm -f "$ctl"
    "${with[@]}" "$ZCSYNCD" --config="$T/conf" "$@" >"$daemon_log.out" \
        2>"$daemon_log" </dev/null &
    daemon_pid=$!
    started+=("$daemon_pid")
    wait_until 10 daemon_settled
    answers || {
        diag "zcsyncd did not come up: $(cat "$daemon_log")"
        return 1
    }
    addr=$(sed -n 's/^zcsyncd: listening on //p' "$daemon_log" | tail -n 1)
    port=${addr##*:}
}
answers() { "$ZCSYNC" status --control="$ctl" >/dev/null 2>&1; }
daemon_settled() { answers || gone_or_zombie "$daemon_pid"; }

stop_daemon()
{
    tell_to_end "$daemon_pid"
    reap "$daemon_pid" 40
}

# reloads: SIGHUP, and it has read its file again, for good or ill
reloads()
{
    local before
    before=$(said 'read again|going on as before')
    kill -HUP "$daemon_pid"
    wait_until 10 said_more "$before" 'read again|going on as before'
}
said() { grep -cE "$1" "$daemon_log"; }
said_more() { [ "$(said "$2")" -gt "$1" ]; }

status() { run "$ZCSYNC" status --control="$ctl" "$@"; }

# A --timeout of 10 s or more is for what does not come, see patience in lib.sh.
waits()
{
    local args=("$@") i
    for i in "${!args[@]}"; do
        [[ ${args[i]} =~ ^--timeout=([0-9]{2,})$ ]] &&
            args[i]=--timeout=$((BASH_REMATCH[1] * patience))
    done
    run "$ZCSYNC" wait --control="$ctl" "${args[@]}"
}

# watcher MIRROR: the pid of its process (0: none). field MIRROR NAME: a number
# or text of its --json, of the mirror or (as peer.NAME) of its first peer.
field()
{
    "$ZCSYNC" status --json --control="$ctl" 2>/dev/null |
        perl -MJSON::PP -ne '
            BEGIN { ($mirror, $name) = splice @ARGV, 0, 2 }
            my $o = decode_json($_);
            next unless ($o->{mirror} // "") eq $mirror;
            $o = $o->{peers}[0] if $name =~ s/^peer\.//;
            print $o->{$name} // "null"' "$1" "$2"
}
watcher() { field "$1" pid; }
# another_watcher MIRROR PID: it has a process again, which is not PID
another_watcher()
{
    local p
    p=$(watcher "$1")
    [ -n "$p" ] && [ "$p" != 0 ] && [ "$p" != "$2" ]
}
field_is() { [ "$(field "$1" "$2")" = "$3" ]; }
in_sync() { field_is "$1" peer.state 'in sync'; }
receiving() { "$ZCSYNC" status --control="$ctl" | grep -q "pushes to $1"; }

# ---- several -----------------------------------------------------------------

# A port of 127.0.0.1 where nobody listens.
free_port()
{
    perl -MIO::Socket::INET -e 'print IO::Socket::INET->new(
        Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# background_daemon NAME: $pid, with $T/NAME.conf; output in
# $T/log/NAME.N.{out,err}
background_daemon()
{
    daemons=$((daemons + 1))
    background "$1.$daemons" "$ZCSYNCD" --no-detach --config="$T/$1.conf"
}

daemon_ends() # PID SECONDS
{
    kill -TERM "$1"
    reap "$1" "$2"
    is "$rc" 0 "it ends when told to"
}
