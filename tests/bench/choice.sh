#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: tests/bench/choice.sh [OPTION...] >DATA.csv
#
# What zcsync bench measures, over file systems, connections, sizes, and a source
# that is in the page cache or on the disk: the figures behind the table in
# src/move/mover.c. One line for each pair of movers, with the time as a part of
# that of the default; a word on standard error for each case
# in which another pair was surely more than 5 % faster.
#
#   --fs LIST      of ext4 xfs btrfs tmpfs, with commas (all: needs root, for images)
#   --sizes LIST   with commas (64K,1M,16M,256M); what is smaller is gathered, for
#                  which there is zcsync bench --small. As far as 8G, for hours: an
#                  image has room for three of the greatest, and tmpfs is left out
#                  where memory has not
#   --over LIST    of tcp unix sealed (tcp,unix)
#   --rounds N     (7)
#   --zcsync PROGRAM
#   --images DIR   where they are made (TMPDIR)

set -u
here=$(cd "$(dirname "$0")" && pwd)
fs=ext4,xfs,btrfs,tmpfs sizes=64K,1M,16M,256M over=tcp,unix rounds=7
zcsync=$here/../../build/zcsync images=${TMPDIR:-/tmp}
while [ $# -gt 1 ]; do
    case $1 in
    --fs) fs=$2 ;;
    --sizes) sizes=$2 ;;
    --over) over=$2 ;;
    --rounds) rounds=$2 ;;
    --zcsync) zcsync=$2 ;;
    --images) images=$2 ;;
    *) break ;;
    esac
    shift 2
done
if [ $# -gt 0 ]; then
    sed -n '3,24s/^# \{0,1\}//p' "$0" >&2
    exit 1
fi

top=$(mktemp -d "$images/zcsync-choice.XXXXXX") || exit 1
cleanup()
{
    umount "$top/mnt" 2>/dev/null
    rm -rf --one-file-system "$top"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM
mkdir "$top/mnt"

room=$((8 << 30))
for size in ${sizes//,/ }; do
    bytes=$(numfmt --from=iec "$size") || exit 1
    [ $((3 * bytes)) -le "$room" ] || room=$((3 * bytes))
done

# make_fs NAME: a fresh one at $top/mnt
make_fs()
{
    local free
    umount "$top/mnt" 2>/dev/null
    if [ "$1" = tmpfs ]; then
        free=$(awk '/^MemAvailable/ { print $2 }' /proc/meminfo)
        [ "$free" -ge $((room >> 10)) ] && mount -t tmpfs -o size="$room" none "$top/mnt"
        return
    fi
    rm -f "$top/image"
    truncate -s "$room" "$top/image" || return
    case $1 in
    ext4) mkfs.ext4 -q -E lazy_itable_init=0,lazy_journal_init=0 "$top/image" ;;
    xfs) mkfs.xfs -q "$top/image" ;;
    btrfs) mkfs.btrfs -q "$top/image" >/dev/null ;;
    esac && mount -o loop "$top/image" "$top/mnt"
}

# as_csv FS SIZE SOURCE OVER: standard input is the object of bench --json
as_csv()
{
    perl -MJSON::PP -e '
        my ($fs, $size, $source, $over) = @ARGV;
        my $object = decode_json(join "", <STDIN>);
        my ($auto) = grep { $_->{send}{mover} eq "auto" &&
                            $_->{recv}{mover} eq "auto" } @{$object->{cells}};
        for my $c (@{$object->{cells}}) {
            printf "%s,%s,%s,%s,%s,%s,%.3f,%.3f,%.4f,%.4f,%.3f\n", $fs, $over, $source,
                $size, $c->{send}{mover}, $c->{recv}{mover}, $c->{gb_per_s},
                $c->{spread}, $c->{send}{cpu_s_per_gb}, $c->{recv}{cpu_s_per_gb},
                $c->{gb_per_s} ? $auto->{gb_per_s} / $c->{gb_per_s} : 0;
        }' "$@"
}

echo "fs,over,source,size,send,recv,gb_per_s,spread,send_cpu_s_per_gb,recv_cpu_s_per_gb,time_of_auto"
for f in ${fs//,/ }; do
    make_fs "$f" || {
        echo "$f: cannot be made here" >&2
        continue
    }
    for o in ${over//,/ }; do
        for size in ${sizes//,/ }; do
            for source in warm cold; do
                [ "$f/$source" != tmpfs/cold ] || continue
                cold=()
                [ $source = warm ] || cold=(--cold)
                object=$("$zcsync" bench --json --check --dir="$top/mnt" --over="$o" \
                    --size="$size" --rounds="$rounds" "${cold[@]}" 2>"$top/said") ||
                    echo "$f $o $size $source: $(sed 's/^zcsync: //' "$top/said")" >&2
                [ -z "$object" ] || as_csv "$f" "$size" "$source" "$o" <<<"$object"
            done
        done
    done
done
