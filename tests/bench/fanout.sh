#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# What does it cost the source to send one big file to several destinations? A
# mirror with one and with four of them, over loopback TCP; and as many rsyncs at
# once to an rsync daemon, as lsyncd would start them. In turns; before each the
# file is put out of the page cache.
#
#   tests/bench/fanout.sh [OPTION...]
#
#   --size BYTES   of the file, with a suffix that head(1) knows (1G)
#   --rounds N     each is done N times (5)
#   --dir DIR      where the source is, on a disk (default: $TMPDIR or /tmp)
#   --to DIR       where the copies go (default: /dev/shm)
#
# The binary is $ZCSYNC, by default the build next to this tree. Nobody syncs. "CPU"
# is what the sending processes took, in seconds, for each destination; "read" is
# what they had read from the disk, in sizes of the file; "x" is the median of the
# ratios of one round, rsync over zcsync: above 1 zcsync is faster, or takes less.
set -u

# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
rounds=5 size=1G to=/dev/shm
while [ $# -gt 0 ]; do
    case $1 in
    --size) size=$2; shift 2 ;;
    --to) to=$2; shift 2 ;;
    *)
        common_option "$@"
        shift "$words"
        ;;
    esac
done
command -v rsync >/dev/null || die "there is no rsync"
find_zcsync
make_work
copies=$(mktemp -d "$to/zcsync-bench.XXXXXX") || exit 1
rsyncd_for "$copies"
"${rsyncd[@]}" & rsyncd_pid=$!
shares=()
for n in 1 2 3 4; do
    mkdir "$copies/$n"
    shares+=("s$n=$copies/$n")
done
"$ZCSYNC" serve --listen=127.0.0.1:0 "${shares[@]}" >"$work/serve" & serve_pid=$!
stop()
{
    kill "$rsyncd_pid" "$serve_pid" ${mirror_pid:-} 2>/dev/null
    rm -rf "$copies"
}
at_exit+=(stop)
until accepts 8739 && grep -q 'listening on' "$work/serve"; do sleep 0.1; done
address=$(sed -n 's/.*listening on \([^ ,]*\).*/\1/p' "$work/serve" | head -n 1)
mkdir "$work/src"
head -c "$size" /dev/urandom >"$work/file" || exit 1
bytes=$(stat -c %s "$work/file")

cold()
{
    rm -f "$copies"/?/file
    sync -f "$work/file"
    dd if="$work/file" iflag=nocache count=0 status=none
}
# What PID has used so far: CPU seconds, bytes from the disk.
used() # PID
{
    awk -v hz="$(getconf CLK_TCK)" '{ sub(/.*\) /, ""); print ($12 + $13) / hz }' \
        "/proc/$1/stat"
    sed -n 's/^read_bytes: //p' "/proc/$1/io"
}
# The copies 1 to N have all of the file.
all_there() # N
{
    local n
    for ((n = 1; n <= $1; n++)); do
        [ "$(stat -c %s "$copies/$n/file" 2>/dev/null)" = "$bytes" ] || return 1
    done
}

with_zcsync() # DESTINATIONS
{
    local n dests=() before after from to
    for ((n = 1; n <= $1; n++)); do dests+=("zcsync://$address/s$n"); done
    "$ZCSYNC" mirror --fsync=none -v "$work/src" "${dests[@]}" \
        >"$work/mirror" 2>&1 & mirror_pid=$!
    until [ "$(grep -c 'in sync' "$work/mirror")" -ge "$1" ]; do sleep 0.05; done
    mapfile -t before < <(used "$mirror_pid")
    from=$(date +%s.%N)
    mv "$work/file" "$work/src/file"
    until all_there "$1"; do sleep 0.01; done
    to=$(date +%s.%N)
    mapfile -t after < <(used "$mirror_pid")
    kill "$mirror_pid"
    wait "$mirror_pid" 2>/dev/null
    mirror_pid=
    mv "$work/src/file" "$work/file"
    echo "$1 zcsync $round $from $to ${before[*]} ${after[*]}" >>"$results"
}

# Each in a shell that tells at its end what it and rsync have used.
with_rsync() # DESTINATIONS
{
    local n from to pids=()
    rm -f "$work"/cost?
    from=$(date +%s.%N)
    for ((n = 1; n <= $1; n++)); do
        perl -e 'use strict; my ($cost, @command) = @ARGV;
            system(@command) == 0 or die "rsync failed\n";
            my (undef, undef, $user, $sys) = times;
            syscall(98, -1, my $ru = "\0" x 144); # getrusage(2), RUSAGE_CHILDREN
            open my $out, ">", $cost or die;
            printf $out "%.2f %d\n", $user + $sys, 512 * (unpack "q18", $ru)[11];' \
            "$work/cost$n" rsync -aW "$work/file" \
            "rsync://127.0.0.1:8739/bench/$n/file" & pids+=($!)
    done
    wait "${pids[@]}" || die "an rsync has failed"
    to=$(date +%s.%N)
    echo "$1 rsync $round $from $to 0 0 $(awk '{ c += $1; b += $2 }
        END { printf "%.2f %d", c, b }' "$work"/cost?)" >>"$results"
}

for ((round = 1; round <= rounds; round++)); do
    for n in 1 4; do
        cold && with_zcsync "$n"
        cold && with_rsync "$n"
    done
done
BYTES=$bytes perl -e "$perl_figures"'
    while (<>) {
        my ($n, $tool, $round, $from, $to, @used) = split;
        $wall{$n}{$tool}{$round} = $to - $from;
        $cpu{$n}{$tool}{$round} = ($used[2] - $used[0]) / $n;
        $read{$n}{$tool}{$round} = ($used[3] - $used[1]) / $ENV{BYTES};
    }
    print "| destinations | tool | seconds | CPU | read | x seconds | x CPU |\n",
        "|---|---|---|---|---|---|---|\n";
    for my $n (1, 4) {
        for my $tool (qw(zcsync rsync)) {
            my @of = map { median(values %{$_->{$n}{$tool}}) } \%wall, \%cpu, \%read;
            my @x = $tool eq "rsync" ? ("", "")
                : map { sprintf "%.2f", median_ratio($_->{$n}{rsync}, $_->{$n}{zcsync}) }
                    \%wall, \%cpu;
            printf "| %d | %s | %.2f | %.2f | %.2f | %s | %s |\n", $n, $tool, @of, @x;
        }
    }
    printf "\nCPU for each of four destinations, over that for one: %.2f\n",
        median_ratio($cpu{4}{zcsync}, $cpu{1}{zcsync});' "$results"
