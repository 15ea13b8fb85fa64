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

# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/bench/lib-link.sh
. "$here/lib-link.sh"
rounds=3 tree=/usr/include hard_mib=100
while [ $# -gt 0 ]; do
    case $1 in
    --rate) rate=$2; shift 2 ;;
    --tree) tree=$2; shift 2 ;;
    --hard) hard_mib=$2; shift 2 ;;
    *)
        common_option "$@"
        shift "$words"
        ;;
    esac
done
[ ${#cases[@]} -gt 0 ] || cases=(tree hard fast)
need_link
find_zcsync
make_work
make_link

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
    ip netns exec "${@:$#}" "${@:1:$#-1}" || echo "$me: $* failed" >&2
}

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
            "$(median_ratio "$work/$case.plain" "$work/$case.$tool")"
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
        measure tree "$work/tree" $far_address $near plain -z zstd rsync rsync-z
        ;;
    hard)
        hard "$hard_mib" "$work/hard"
        measure hard "$work/hard" $far_address $near plain -z zstd rsync rsync-z
        ;;
    fast)
        hard $((10 * hard_mib)) "$work/fast"
        measure fast "$work/fast" 127.0.0.1 $far plain -z
        ;;
    *) die "unknown case $case" ;;
    esac
done
