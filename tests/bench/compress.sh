#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What does -z gain, and cost? zcsync push without, with -z and with
# --compress=zstd, rsync without and with -z --zc=zstd, each to its daemon on
# another host, which is a network namespace; in turns.
#
#   tests/bench/compress.sh [OPTION...] [CASE...]
#
#   CASE           tree     a source tree: --tree DIR (/usr/include)
#                  hard     --hard MIB (100) that do not shrink, in two sizes
#                  fast     the latter, ten times, over loopback: what -z costs there
#                  (default: all)
#   --rate RATE    of the link, as tc(8) has it (100mbit)
#   --rounds N     every tool runs N times in each case (3)
#   --dir DIR      where sources and copies go (default: $TMPDIR or /tmp)
#
# The binary is $ZCSYNC, by default the build next to this tree. zcsync runs with
# --fsync=none, as rsync does not sync either. "x plain" is the median of the
# ratios of one round, zcsync without -z over the tool: above 1 is faster. Run as
# root; without namespaces or the tbf of tc it skips.
set -u

rounds=3 rate=100mbit tree=/usr/include hard_mib=100 dir=${TMPDIR:-/tmp}
here=$(cd "$(dirname "$0")" && pwd)
ZCSYNC=${ZCSYNC:-$here/../../build/zcsync}
cases=()
skips() { echo "compress.sh: skipped: $*"; exit 0; }
while [ $# -gt 0 ]; do
    case $1 in
    --rate) rate=$2; shift ;;
    --rounds) rounds=$2; shift ;;
    --tree) tree=$2; shift ;;
    --hard) hard_mib=$2; shift ;;
    --dir) dir=$2; shift ;;
    -h | --help) sed -n '4,/^set/{/^set/d;s/^# \{0,1\}//;p}' "$0"; exit 0 ;;
    tree | hard | fast) cases+=("$1") ;;
    *) echo "compress.sh: what is '$1'?" >&2; exit 1 ;;
    esac
    shift
done
[ ${#cases[@]} -gt 0 ] || cases=(tree hard fast)
[ -x "$ZCSYNC" ] || { echo "compress.sh: no zcsync at $ZCSYNC" >&2; exit 1; }
[ "$(id -u)" = 0 ] || skips "needs root"
for tool in ip tc rsync; do
    command -v $tool >/dev/null || skips "there is no $tool"
done

work=$(mktemp -d "$dir/zcsync-bench.XXXXXX") || exit 1
a=zcza$$ b=zczb$$ pids=()
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
            ip -n "$host" addr add "10.77.3.$number/24" dev "$device" &&
            ip -n "$host" link set "$device" up &&
            ip netns exec "$host" tc qdisc add dev "$device" root tbf \
                rate "$rate" burst 128kb latency 50ms || return 1
    done
}
link 2>/dev/null || skips "no network namespaces, or no tbf"

mkdir "$work/dest"
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

run_tool() # TOOL SRC HOST NAMESPACE
{
    local push=("$ZCSYNC" push -q --plain --fsync=none)
    local sync=(rsync -aHAX --port=8740)
    case $1 in
    plain) set -- "${push[@]}" "$2/" "zcsync://$3:8739/s/r" "$4" ;;
    -z) set -- "${push[@]}" -z "$2/" "zcsync://$3:8739/s/r" "$4" ;;
    zstd) set -- "${push[@]}" --compress=zstd "$2/" "zcsync://$3:8739/s/r" "$4" ;;
    rsync) set -- "${sync[@]}" "$2/" "rsync://$3/s/r/" "$4" ;;
    rsync-z) set -- "${sync[@]}" -z --zc=zstd "$2/" "rsync://$3/s/r/" "$4" ;;
    esac
    ip netns exec "${@:$#}" "${@:1:$#-1}" || echo "compress.sh: $* failed" >&2
}

median() { sort -n | awk '{v[NR] = $1} END {print v[int((NR + 1) / 2)]}'; }

measure() # CASE SRC HOST NAMESPACE TOOL...
{
    local case=$1 src=$2 host=$3 namespace=$4 round tool start
    shift 4
    for ((round = 1; round <= rounds; round++)); do
        for tool; do
            mkdir -p "$work/dest/r"
            start=$(date +%s%N)
            run_tool "$tool" "$src" "$host" "$namespace"
            echo $((($(date +%s%N) - start) / 1000)) >>"$work/$case.$tool"
            rm -rf "$work/dest/r"
        done
    done
    for tool; do
        printf '%-5s %-8s %8.2f s  x plain %5.2f\n' "$case" "$tool" \
            "$(median <"$work/$case.$tool" | awk '{print $1 / 1e6}')" \
            "$(paste "$work/$case.plain" "$work/$case.$tool" |
                awk '{print $1 / $2}' | median)"
    done
}

hard() # MIB DIR
{
    mkdir "$2"
    head -c "$(($1 << 19))" /dev/urandom >"$2/one"
    head -c "$(($1 << 19))" /dev/urandom | split -b 700000 - "$2/many."
}

for case in "${cases[@]}"; do
    case $case in
    tree)
        cp -r "$tree" "$work/tree"
        measure tree "$work/tree" 10.77.3.2 $a plain -z zstd rsync rsync-z
        ;;
    hard)
        hard "$hard_mib" "$work/hard"
        measure hard "$work/hard" 10.77.3.2 $a plain -z zstd rsync rsync-z
        ;;
    fast)
        hard $((10 * hard_mib)) "$work/fast"
        measure fast "$work/fast" 127.0.0.1 $b plain -z
        ;;
    esac
done
