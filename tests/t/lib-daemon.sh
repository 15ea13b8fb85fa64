# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# zcsyncd for the scenarios that need one. Source it after lib.sh, write
# $T/conf, and call start_daemon.

ZCSYNCD=${ZCSYNC%/*}/zcsyncd
[ -x "$ZCSYNCD" ] || skip_all "zcsyncd is not built"
ctl=$T/control
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
    kill -TERM "$daemon_pid" 2>/dev/null
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
waits() { run "$ZCSYNC" wait --control="$ctl" "$@"; }

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
field_is() { [ "$(field "$1" "$2")" = "$3" ]; }
in_sync() { field_is "$1" peer.state 'in sync'; }
