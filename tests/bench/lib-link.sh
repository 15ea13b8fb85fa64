# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For benchmarks between two hosts, which are the network namespaces $near and $far
# with a link of $rate between them; zcsync and rsync serve $work/dest as "s" on the
# far one, $far_address, at ports 8739 and 8740. Sourced after lib.sh.

rate=100mbit
near=zcza$$ far=zczb$$ far_address=10.77.3.2 pids=()
skips() { echo "$me: skipped: $*"; exit 0; }

need_link() # TOOL...
{
    local tool
    [ "$(id -u)" = 0 ] || skips "needs root"
    for tool in ip tc rsync "$@"; do
        command -v "$tool" >/dev/null || skips "there is no $tool"
    done
}

drop_link()
{
    for pid in "${pids[@]}"; do kill "$pid"; done
    wait
    ip netns del $near
    ip netns del $far
} 2>/dev/null

# $rate as tc(8) has it; or "loop": no limit, for what goes over loopback.
try_link()
{
    local host device number
    ip netns add $near && ip netns add $far &&
        ip link add va netns $near type veth peer name vb netns $far || return 1
    for host in "$near va 1" "$far vb 2"; do
        read -r host device number <<<"$host"
        ip -n "$host" link set lo up &&
            ip -n "$host" addr add "10.77.3.$number/24" dev "$device" &&
            ip -n "$host" link set "$device" up || return 1
        [ "$rate" = loop ] ||
            ip netns exec "$host" tc qdisc add dev "$device" root tbf \
                rate "$rate" burst 128kb latency 50ms || return 1
    done
}

make_link()
{
    local i
    at_exit+=(drop_link)
    try_link 2>/dev/null || skips "no network namespaces, or no tbf"
    mkdir "$work/dest"
    printf '%s\n' 'use chroot = no' 'uid = root' 'gid = root' '[s]' \
        "path = $work/dest" 'read only = no' >"$work/rsyncd.conf"
    ip netns exec $far "$ZCSYNC" serve --plain --listen=0.0.0.0:8739 \
        s="$work/dest" >"$work/serve" 2>&1 &
    pids+=($!)
    ip netns exec $far rsync --daemon --no-detach --port=8740 \
        --config="$work/rsyncd.conf" &
    pids+=($!)
    for ((i = 0; i < 500; i++)); do
        [ "$(ip netns exec $far ss -Hltn 2>/dev/null |
            grep -c ':87[34][09]')" -ge 2 ] && break
        sleep 0.02
    done
}

# Of numbers, a line each; and of how many times the second the first is.
median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }
median_ratio() { paste "$1" "$2" | awk '{print $1 / $2}' | median; } # FILE FILE
