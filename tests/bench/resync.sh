#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What does it cost to bring a big file up to date of which little has changed, and
# a big tree of which nothing has?
# zcsync push and rsync, each to its daemon on another host, which is a network
# namespace; in turns. Counts the bytes on the link, both ways.
#
#   tests/bench/resync.sh [OPTION...] [CASE...]
#
#   CASE           inplace  one of its blocks of 4 KiB in a hundred changed
#                  front    a byte inserted at the beginning
#                  append   a hundredth appended
#                  noop     nothing to do for 1,000,000 files in 50,500 directories,
#                           or as many as there is room for
#                  few      ... but for 90 of them
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
[ ${#cases[@]} -gt 0 ] || cases=(inplace front append noop few)
need_link perl
find_zcsync
make_work
make_link
mkdir "$work/src"
from=$near host=$far_address device=va
[ "$rate" = loop ] && from=$far host=127.0.0.1 device=lo

# ---- runs ----------------------------------------------------------------------

run_tool() # TOOL [DIRECTORY of src and dest]
{
    local push=("$ZCSYNC" push -q --plain --fsync=none) at=${2:-}
    case $1 in
    zcsync) set -- "${push[@]}" "$work/src/$at" "zcsync://$host:8739/s/$at" ;;
    delta) set -- "${push[@]}" --no-whole-file "$work/src/" \
        "zcsync://$host:8739/s" ;;
    rsync) set -- rsync -a --port=8740 "$work/src/$at" "rsync://$host/s/$at" ;;
    esac
    ip netns exec "$from" "$@" || echo "$me: $* failed" >&2
}

# What has crossed; over loopback each byte counts once.
crossed()
{
    ip netns exec "$from" cat "/sys/class/net/$device/statistics/tx_bytes" \
        "/sys/class/net/$device/statistics/rx_bytes" |
        awk -v loop="$rate" '{n += $1}
            END {printf "%.0f\n", loop == "loop" ? n / 2 : n}'
}

# Two files of microseconds and bytes get another line each.
timed() # CASE TOOL [DIRECTORY]
{
    local start before
    before=$(crossed) start=$(date +%s%N)
    run_tool "$2" "${3:-}"
    echo $((($(date +%s%N) - start) / 1000)) >>"$work/$1.$2"
    echo $(($(crossed) - before)) >>"$work/$1.$2.bytes"
}

report() # CASE TOOL...
{
    local case=$1 tool
    shift
    for tool; do
        printf '%-8s %-7s %8.2f s %11.3f MB  x rsync %5.2f\n' "$case" "$tool" \
            "$(median <"$work/$case.$tool" | awk '{print $1 / 1e6}')" \
            "$(median <"$work/$case.$tool.bytes" | awk '{print $1 / 1e6}')" \
            "$(median_ratio "$work/$case.rsync" "$work/$case.$tool")"
    done
}

measure() # CASE TOOL...
{
    local case=$1 round tool
    for ((round = 1; round <= rounds; round++)); do
        for tool in "${@:2}"; do
            cp "$work/old" "$work/dest/file"
            touch -d 2020-01-01 "$work/dest/file"
            timed "$case" "$tool"
            cmp -s "$work/src/file" "$work/dest/file" ||
                echo "$me: $case: the copy of $tool is another" >&2
        done
    done
    report "$@"
}

# A tree of up to 500 directories of 100 directories of 20 files, here and there.
make_many()
{
    local tops=500 room
    [ -e "$work/src/many" ] && return
    room=$(df --output=iavail,avail "$work" | awk 'END {
        inodes = $1 / 2200; bytes = $2 * 1024 / 2 / 2000 / 4400
        print int(inodes < bytes ? inodes : bytes)}')
    [ "$room" -lt "$tops" ] && tops=$((room > 5 ? room : 5))
    echo "$((tops * 2000)) files in $((tops * 101)) directories"
    perl -e '
        my ($top, $n) = @ARGV;
        mkdir $top;
        for my $i (1 .. $n) {
            mkdir "$top/d$i";
            for my $j (1 .. 100) {
                mkdir "$top/d$i/s$j";
                for (1 .. 20) {
                    open my $f, ">", "$top/d$i/s$j/file$_.txt" or die;
                    print $f "$i $j $_";
                }
            }
        }' "$work/src/many" "$tops"
    run_tool rsync many/
}

change_few() # TEXT
{
    local file
    for file in "$work"/src/many/d[1-9]?/s7/file7.txt; do
        echo "$1" >"$file"
    done
}

measure_many() # CASE TOOL...
{
    local case=$1 round tool
    make_many
    for ((round = 1; round <= rounds; round++)); do
        for tool in "${@:2}"; do
            [ "$case" = few ] && change_few "$round $tool"
            timed "$case" "$tool" many/
        done
    done
    report "$@"
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
    if [ "$case" = noop ] || [ "$case" = few ]; then
        measure_many "$case" rsync zcsync
        continue
    fi
    change "$case"
    if [ "$rate" = loop ]; then
        measure "$case" rsync zcsync delta
    else
        measure "$case" rsync zcsync
    fi
done
