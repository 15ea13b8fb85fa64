#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of zcsyncd's watcher, of a receiver, and of either supervisor, in
# turns, under churn. A supervisor is started again, as systemd would; what it
# has below it, it starts again itself and says so.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_tools churn witness
need_no_sanitizers "takes long with sanitizers"
kills=$((BIG ? 80 : 12))
mkdir "$T/a" "$T/share"
port=$(free_port)
cat >"$T/source.conf" <<CONF
[daemon]
listen = none
control = $T/source.control
[peer there]
address = 127.0.0.1:$port
[mirror m]
path = $T/a
to = there::s
fsync = none
force delete = yes
CONF
cat >"$T/share.conf" <<CONF
[daemon]
listen = 127.0.0.1:$port
control = $T/share.control
[share s]
path = $T/share
CONF
runs_with 0 "the configuration is right" "$ZCSYNCD" --check --config="$T/source.conf"
background_daemon share
share_pid=$pid
background_daemon source
source_pid=$pid
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
start_witness "$T/share"
start_churn "$T/a" 600

up_again=0
for ((n = 0; n < kills; n++)); do
    perl -e 'select undef, undef, undef, 0.2 + rand 0.6'
    # shellcheck disable=SC2046
    case $((n % 4)) in
    0) kill -KILL $(watcher_of "$source_pid") ;;
    1) kill -KILL $(leaves "$share_pid") ;;
    2)
        kill_family "$source_pid" "its supervisor"
        background_daemon source
        source_pid=$pid
        ;;
    3)
        kill_family "$share_pid" "its supervisor"
        background_daemon share
        share_pid=$pid
        ;;
    esac 2>/dev/null
    if ((n % 4 == 1 || n % 4 == 3)); then
        shows_up 40 "$T/a" "$T/share" && up_again=$((up_again + 1))
    fi
done
is "$up_again" $((kills / 2)) "after $kills kills it always came to work again"
like "$(cat "$T"/log/source.*.err "$T"/log/source.*.out)" \
    'start(s|ed|ing)? .*again|restart' "the death of a watcher was said"
kill -TERM "$churn_pid"
churn_ends 30
becomes_equal 60 "$T/a" "$T/share" "equal"
witnesses_saw_whole_files
daemon_ends "$source_pid" 20
daemon_ends "$share_pid" 20
ok "no staging folder left" no_litter_soon "$T/share"
done_testing
