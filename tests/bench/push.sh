#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How fast is zcsync push? Against rsync (local, and to a daemon on loopback),
# cp -a and tar | tar, on the same trees, in turns.
#
#   tests/bench/push.sh [OPTION...] [CASE...]
#
#   CASE           big      one file of --big MIB (2048)
#                  small    --small FILES (50000) of 4 KiB, 100 a directory
#                  usr      a real tree: --tree DIR (/usr)
#                  again    a second run on that tree, with nothing to do
#                  memory   peak memory on --memory FILES (500000)
#                  (default: all)
#   --rounds N     every tool runs N times in each case (5), after one round
#                  that warms the caches and does not count
#   --tools LIST   comma-separated: zcsync-tcp,zcsync-local,rsync-local,
#                  rsync-daemon,cp,tar (default: all)
#   --dir DIR      where sources and copies go (default: $TMPDIR or /tmp); wants
#                  several times the room of the trees
#   --raw FILE     keep the single measurements here
#
# The binary is $ZCSYNC, by default the build next to this tree. zcsync runs with
# --fsync=none, as the others do not sync either. Times are wall clock; CPU is
# user + system seconds of both sides; memory is the greatest resident size of a
# side (/usr/bin/time). "x zcsync-tcp" is the median of the ratios of one round,
# so that a slow moment of the machine hits both. Run as root, on an idle machine.
set -u
. "$(dirname "$0")/lib.sh"
. "$here/lib-copies.sh"

rounds=5 big_mib=2048 small_files=50000 memory_files=500000 tree=/usr
tools=(zcsync-tcp zcsync-local rsync-local rsync-daemon cp tar)

while [ $# -gt 0 ]; do
    words=2
    case $1 in
    --big) big_mib=$2 ;;
    --small) small_files=$2 ;;
    --memory) memory_files=$2 ;;
    --tree) tree=$2 ;;
    *) common_option "$@" ;;
    esac
    shift "$words"
done
[ ${#cases[@]} -gt 0 ] || cases=(big small usr again memory)
find_zcsync
[ -x /usr/bin/time ] || die "/usr/bin/time is not installed"
make_work

# ---- one run -----------------------------------------------------------------

serve()
{
    case $tool in
    zcsync-tcp) serve_zcsync ;;
    rsync-daemon)
        rsyncd_for "$dest"
        start_server 8739 "${rsyncd[@]}"
        ;;
    esac
}

copy() # SRC DEST
{
    case $tool in
    zcsync-tcp) timed "$ZCSYNC" push --fsync=none "$1" \
        "zcsync://$address/bench" ;;
    zcsync-local) timed "$ZCSYNC" push --fsync=none "$1" "$2" ;;
    rsync-local) timed rsync -aHAX "$1/" "$2/" ;;
    rsync-daemon) timed rsync -aHAX "$1/" rsync://127.0.0.1:8739/bench/ ;;
    cp) timed cp -a "$1/." "$2/" ;;
    tar) timed sh -c 'tar -C "$1" -cf - . | tar -C "$2" -xpf -' sh "$1" "$2" ;;
    *) die "unknown tool $tool" ;;
    esac
}

copy_failed() { echo "$me: $tool, $1: $(tail -n 2 "$work/copy.out")" >&2; } # CASE
copied() { :; }

# ---- cases -------------------------------------------------------------------

run_case()
{
    case $1 in
    big) big_case ;;
    small) small_case ;;
    usr) in_turns usr "$tree" keep ;;
    again)
        # a copy for each tool that can do nothing, then only second runs
        local all=("${tools[@]}") round
        echo "$me: again" >&2
        for tool in "${all[@]}"; do
            [[ $tool == cp || $tool == tar ]] ||
                measure again 0 "$tree" "$work/again.$tool"
        done
        for ((round = 0; round <= rounds; round++)); do
            for tool in "${all[@]}"; do
                [[ $tool == cp || $tool == tar ]] ||
                    measure again "$round" "$tree" "$work/again.$tool"
            done
        done
        ;;
    memory)
        many_files "$work/memory" "$memory_files" 4 100
        for tool in "${tools[@]}"; do
            [[ $tool == cp || $tool == tar ]] && continue
            echo "$me: memory, $tool" >&2
            measure memory 1 "$work/memory" "$work/memory.$tool"
            measure memory-again 1 "$work/memory" "$work/memory.$tool"
        done
        ;;
    *) die "unknown case $1" ;;
    esac
}

# ---- the table ---------------------------------------------------------------

report()
{
    perl -e "$perl_runs"'
        my ($gb, $files) = splice @ARGV, 0, 2;
        my $z = "zcsync-tcp";
        read_runs();
        print "| case | tool | seconds | CPU s | x zcsync-tcp | times cp | MiB sender | MiB receiver |\n",
            "|---|---|---|---|---|---|---|---|\n";
        for my $case (@cases) {
            for my $tool (qw(zcsync-tcp zcsync-local rsync-local rsync-daemon cp tar)) {
                my $w = $wall{$case}{$tool} or next;
                my $m = $mem{$case}{$tool};
                my $r = median(@{$m->{receiver}});
                my $cp = ratio($case, "cp", $tool);
                printf "| %s | %s | %.3f | %.2f | %.2f | %s | %.1f | %s |\n", $case, $tool,
                    median(values %$w), median(@{$cpu{$case}{$tool}}), ratio($case, $tool, $z),
                    $cp ? sprintf("%.2f", $cp) : "-",
                    median(@{$m->{sender}}), $r ? sprintf("%.1f", $r) : "-";
            }
        }
        print "\n| aim (zcsync-tcp) | wanted | measured | met |\n|---|---|---|---|\n";
        aim("big: times the speed of cp", ratio("big", "cp", $z), 1.3);
        aim("big: times the speed of the rsync daemon", ratio("big", "rsync-daemon", $z), 3);
        aim("big: CPU seconds per GB, both sides", median(@{$cpu{big}{$z} // []}) / $gb, 0.40, 1);
        aim("small: times the speed of cp -a", ratio("small", "cp", $z), 2);
        aim("small: times the speed of the rsync daemon", ratio("small", "rsync-daemon", $z), 2.5);
        aim("again: times the speed of rsync, local", ratio("again", "rsync-local", $z), 2);
        aim("again: times the speed of the rsync daemon", ratio("again", "rsync-daemon", $z), 2);
        for my $case (qw(memory memory-again)) {
            aim("$case: MiB of the $_", median(@{$mem{$case}{$z}{$_} // []}), 32, 1)
                for qw(sender receiver);
        }' "$(gigabytes "$big_mib")" "$small_files" "$results"
}

for name in "${cases[@]}"; do
    run_case "$name"
done
report
