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

# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
# shellcheck source=tests/bench/lib-link.sh
. "$here/lib-link.sh"
rounds=3 mib=1024
while [ $# -gt 0 ]; do
    case $1 in
    --rate) rate=$2; shift 2 ;;
    --size) mib=$2; shift 2 ;;
    *)
        common_option "$@"
        shift "$words"
        ;;
    esac
done
[ ${#cases[@]} -gt 0 ] || cases=(inplace front append)
need_link perl
find_zcsync
make_work
make_link
mkdir "$work/src"
from=$near host=$far_address device=va
[ "$rate" = loop ] && from=$far host=127.0.0.1 device=lo

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
    ip netns exec "$from" "$@" || echo "$me: $* failed" >&2
}

# What has crossed; over loopback each byte counts once.
crossed()
{
    ip netns exec "$from" cat "/sys/class/net/$device/statistics/tx_bytes" \
        "/sys/class/net/$device/statistics/rx_bytes" |
        awk -v loop="$rate" '{n += $1} END {print loop == "loop" ? n / 2 : n}'
}

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
                echo "$me: $case: the copy of $tool is another" >&2
        done
    done
    for tool; do
        printf '%-8s %-7s %8.2f s %9.1f MB  x rsync %5.2f\n' "$case" "$tool" \
            "$(median <"$work/$case.$tool" | awk '{print $1 / 1e6}')" \
            "$(median <"$work/$case.$tool.bytes" | awk '{print $1 / 1e6}')" \
            "$(median_ratio "$work/$case.rsync" "$work/$case.$tool")"
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
    *) die "unknown case $1" ;;
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
