#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of either end of a sealed mirror between two zcsyncd, in turns, under
# churn: the watcher, the receiver, a process that shakes hands, either
# supervisor (started again, as systemd would). Afterwards all is equal.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-daemon.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_tools churn witness
need_no_sanitizers "takes long with sanitizers"
kills=$((BIG ? 80 : 15))
mkdir "$T/a" "$T/share"
make_keys web1 web2
port=$(free_port)
cat >"$T/source.conf" <<CONF
[daemon]
listen = none
control = $T/source.control
identity = $T/keys/web1
[peer web2]
address = 127.0.0.1:$port
public key = ${key[web2]}
[mirror m]
path = $T/a
to = web2::s
fsync = none
force delete = yes
CONF
cat >"$T/share.conf" <<CONF
[daemon]
listen = 127.0.0.1:$port
control = $T/share.control
identity = $T/keys/web2
[peer web1]
public key = ${key[web1]}
[share s]
path = $T/share
peers = web1
CONF
background_daemon share
share_pid=$pid
background_daemon source
source_pid=$pid
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
start_witness "$T/share"
start_churn "$T/a" 600

# A process that shakes hands: somebody has to connect for that.
hello 1 0 7 >"$T/hello"
kill_handshake()
{
    local one
    "$meddle_tool" --to "127.0.0.1:$port" --hang --send "$T/hello" \
        >/dev/null 2>&1 &
    started+=("$!")
    # shellcheck disable=SC2086
    wait_until 5 shaking && kill -KILL $one
}
shaking()
{
    one=$(for p in $(children "$share_pid"); do
        grep -qx 'zcsync:shake' "/proc/$p/comm" && echo "$p"
    done)
    [ -n "$one" ]
}

up_again=0
for ((n = 0; n < kills; n++)); do
    perl -e 'select undef, undef, undef, 0.2 + rand 0.5'
    # shellcheck disable=SC2046,SC2086
    case $((n % 5)) in
    0) kill -KILL $(watcher_of "$source_pid") ;;
    1) kill -KILL $(leaves "$share_pid") ;;
    2)
        kill_family "$source_pid" "its supervisor"
        background_daemon source
        source_pid=$pid
        ;;
    3) kill_handshake ;;
    4)
        kill_family "$share_pid" "its supervisor"
        background_daemon share
        share_pid=$pid
        ;;
    esac 2>/dev/null
    if ((n % 5 == 1 || n % 5 == 4)); then
        shows_up 40 "$T/a" "$T/share" && up_again=$((up_again + 1))
    fi
done
is "$up_again" $((kills / 5 * 2)) "after $kills kills it always came to work again"
like "$(cat "$T"/log/share.*.err)" 'refused: the process that shook hands with it died' \
    "the end of a handshake was said"
kill -TERM "$churn_pid"
churn_ends 30
becomes_equal 60 "$T/a" "$T/share" "equal"
witnesses_saw_whole_files
like "$("$ZCSYNC" status --control="$T/source.control")" \
    'AES-256-GCM|ChaCha20-Poly1305' "and sealed"
daemon_ends "$source_pid" 20
daemon_ends "$share_pid" 20
ok "no staging folder left" no_litter_soon "$T/share"
done_testing
