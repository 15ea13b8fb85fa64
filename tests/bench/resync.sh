#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What does it cost to bring a big file up to date of which little has changed?
# zcsync push and rsync, each to its daemon on another host, which is a network
# namespace; in turns. Counts the bytes on the link, both ways.
#
#   tests/bench/resync.sh [OPTION...] [CASE...]
#
#   CASE           inplace  one of its blocks of 4 KiB in a hundred changed
#                  front    a byte inserted at the beginning
#                  append   a hundredth appended
#                  (default: all)
#   --size MIB     of the file (1024)
#   --rate RATE    of the link, as tc(8) has it (100mbit); loop: over loopback
#   --rounds N     every tool runs N times in each case (3)
#   --dir DIR      where the files go (default: $TMPDIR or /tmp)
#
# The binary is $ZCSYNC, by default the build next to this tree. zcsync runs with
# --fsync=none, as rsync does not sync either, and "delta" is zcsync with
# --no-whole-file: over loopback it sends files whole without. "x rsync" is the median
# of the ratios of one round: above 1 is faster. Run as root; without namespaces or
# the tbf of tc it skips.
set -u

rounds=3 rate=100mbit mib=1024 dir=${TMPDIR:-/tmp}
here=$(cd "$(dirname "$0")" && pwd)
ZCSYNC=${ZCSYNC:-$here/../../build/zcsync}
cases=()
skips() { echo "resync.sh: skipped: $*"; exit 0; }
while [ $# -gt 0 ]; do
    case $1 in
    --rate) rate=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --size) mib=$2; shift ;;
    --dir) dir=$2; shift ;;
    -h | --help) sed -n '4,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    inplace | front | append) cases+=("$1") ;;
    *) echo "resync.sh: what is '$1'?" >&2; exit 1 ;;
    esac
    shift
done
[ ${#cases[@]} -gt 0 ] || cases=(inplace front append)
[ -x "$ZCSYNC" ] || { echo "resync.sh: no zcsync at $ZCSYNC" >&2; exit 1; }
[ "$(id -u)" = 0 ] || skips "needs root"
for tool in ip tc rsync perl; do
    command -v $tool >/dev/null || skips "there is no $tool"
done

work=$(mktemp -d "$dir/zcsync-bench.XXXXXX") || exit 1
a=zcra$$ b=zcrb$$ pids=()
clean_up()
{
    for pid in "${pids[@]}"; do kill "$pid" 2>/dev/null; done
    wait
    ip netns del $a
    ip netns del $b
    rm -rf "$work"
} 2>/dev/null
trap clean_up EXIT
trap 'exit 130' INT TERM

# ---- two hosts -----------------------------------------------------------------

link()
{
    ip netns add $a && ip netns add $b &&
        ip link add va netns $a type veth peer name vb netns $b || return 1
    local host device number
    for host in "$a va 1" "$b vb 2"; do
        read -r host device number <<<"$host"
        ip -n "$host" link set lo up &&
            ip -n "$host" addr add "10.77.4.$number/24" dev "$device" &&
            ip -n "$host" link set "$device" up || return 1
        [ "$rate" = loop ] ||
            ip netns exec "$host" tc qdisc add dev "$device" root tbf \
                rate "$rate" burst 128kb latency 50ms || return 1
    done
}
link 2>/dev/null || skips "no network namespaces, or no tbf"
from=$a host=10.77.4.2 device=va
[ "$rate" = loop ] && from=$b host=127.0.0.1 device=lo

mkdir "$work/dest" "$work/src"
printf '%s\n' 'use chroot = no' 'uid = root' 'gid = root' '[s]' \
    "path = $work/dest" 'read only = no' >"$work/rsyncd.conf"
ip netns exec $b "$ZCSYNC" serve --plain --listen=0.0.0.0:8739 \
    s="$work/dest" >"$work/serve" 2>&1 &
pids+=($!)
ip netns exec $b rsync --daemon --no-detach --port=8740 \
    --config="$work/rsyncd.conf" &
pids+=($!)
for ((i = 0; i < 500; i++)); do
    [ "$(ip netns exec $b ss -Hltn 2>/dev/null | grep -c ':87[34][09]')" -ge 2 ] &&
        break
    sleep 0.02
done

# ---- runs ----------------------------------------------------------------------

run_tool() # TOOL
{
    local push=("$ZCSYNC" push -q --plain --fsync=none)
    case $1 in
    zcsync) set -- "${push[@]}" "$work/src/" "zcsync://$host:8739/s" ;;
    delta) set -- "${push[@]}" --no-whole-file "$work/src/" \
        "zcsync://$host:8739/s" ;;
    rsync) set -- rsync -a --port=8740 "$work/src/" "rsync://$host/s/" ;;
    esac
    ip netns exec "$from" "$@" || echo "resync.sh: $* failed" >&2
}

# What has crossed; over loopback each byte counts once.
crossed()
{
    ip netns exec "$from" cat "/sys/class/net/$device/statistics/tx_bytes" \
        "/sys/class/net/$device/statistics/rx_bytes" |
        awk -v loop="$rate" '{n += $1} END {print loop == "loop" ? n / 2 : n}'
}

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

measure() # CASE TOOL...
{
    local case=$1 round tool start before
    shift
    for ((round = 1; round <= rounds; round++)); do
        for tool; do
            cp "$work/old" "$work/dest/file"
            touch -d 2020-01-01 "$work/dest/file"
            before=$(crossed) start=$(date +%s%N)
            run_tool "$tool"
            echo $((($(date +%s%N) - start) / 1000)) >>"$work/$case.$tool"
            echo $(($(crossed) - before)) >>"$work/$case.$tool.bytes"
            cmp -s "$work/src/file" "$work/dest/file" ||
                echo "resync.sh: $case: the copy of $tool is another" >&2
        done
    done
    for tool; do
        printf '%-8s %-7s %8.2f s %9.1f MB  x rsync %5.2f\n' "$case" "$tool" \
            "$(median <"$work/$case.$tool" | awk '{print $1 / 1e6}')" \
            "$(median <"$work/$case.$tool.bytes" | awk '{print $1 / 1e6}')" \
            "$(paste "$work/$case.rsync" "$work/$case.$tool" |
                awk '{print $1 / $2}' | median)"
    done
}

change() # CASE: the new version of it
{
    case $1 in
    inplace)
        cp "$work/old" "$work/src/file"
        perl -e 'srand 1; open my $f, "+<", $ARGV[0] or die;
            my $n = (-s $f) / 4096;
            for (1 .. $n / 100) {
                seek $f, 4096 * int(rand $n), 0;
                print $f pack "L*", map { rand 2**32 } 1 .. 1024;
            }' "$work/src/file" ;;
    front) { echo -n x; cat "$work/old"; } >"$work/src/file" ;;
    append)
        { cat "$work/old"; head -c "$((mib * 1048576 / 100))" /dev/urandom; } \
            >"$work/src/file" ;;
    esac
}

head -c "${mib}M" /dev/urandom >"$work/old"
echo "$mib MiB, $rate"
for case in "${cases[@]}"; do
    change "$case"
    if [ "$rate" = loop ]; then
        measure "$case" rsync zcsync delta
    else
        measure "$case" rsync zcsync
    fi
done
