#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How long does the second snapshot of a tree take, by --link-dest? zcsync push to
# its daemon, and locally; rsync likewise; in turns. Nothing, or one file in a
# hundred, has changed since the first.
#
#   tests/bench/snapshot.sh [OPTION...]
#
#   --files N      of 4 KiB, in directories of 100 (100000)
#   --rounds N     every tool runs N times (5)
#   --dir DIR      where sources and copies go (default: $TMPDIR or /tmp)
#
# The binary is $ZCSYNC, by default the build next to this tree. zcsync runs with
# --fsync=none, as rsync does not sync either. "x" is the median of the ratios of
# one round, rsync over zcsync: above 1 zcsync is faster.
set -u

# shellcheck source=tests/bench/lib.sh
. "$(dirname "$0")/lib.sh"
rounds=5 files=100000
while [ $# -gt 0 ]; do
    case $1 in
    --files) files=$2; shift 2 ;;
    *)
        common_option "$@"
        shift "$words"
        ;;
    esac
done
command -v rsync >/dev/null || die "there is no rsync"
find_zcsync
make_work
top=$work/copies
mkdir "$top"
many_files "$work/src" "$files" 4096 100
rsync -aHAX "$work/src/" "$top/old/"
rsyncd_for "$top"
"${rsyncd[@]}" & rsyncd_pid=$!
"$ZCSYNC" serve --listen=127.0.0.1:0 bench="$top" >"$work/serve" & serve_pid=$!
stop() { kill "$rsyncd_pid" "$serve_pid" 2>/dev/null; }
at_exit+=(stop)
until accepts 8739 && grep -q 'listening on' "$work/serve"; do sleep 0.1; done
address=$(sed -n 's/.*listening on \([^ ,]*\).*/\1/p' "$work/serve" | head -n 1)

timed() # CASE TOOL COMMAND...
{
    local case=$1 tool=$2 from to
    shift 2
    rm -rf "$top/new"
    from=$(date +%s.%N)
    "$@" >"$work/out" 2>&1 || die "$tool: $(tail -n 2 "$work/out")"
    to=$(date +%s.%N)
    [ "$case" = warm ] || echo "$case $tool $round $from $to" >>"$results"
}

turn() # CASE
{
    timed "$1" zcsync-tcp "$ZCSYNC" push --fsync=none --link-dest=../old \
        "$work/src" "zcsync://$address/bench/new"
    timed "$1" rsync-daemon rsync -aHAX --link-dest=../old "$work/src/" \
        rsync://127.0.0.1:8739/bench/new/
    timed "$1" zcsync-local "$ZCSYNC" push --fsync=none --link-dest=../old \
        "$work/src" "$top/new"
    timed "$1" rsync-local rsync -aHAX --link-dest=../old "$work/src/" "$top/new/"
}

round=0
turn warm
for ((round = 1; round <= rounds; round++)); do turn same; done
find "$work/src" -type f -name '*00' -exec sh -c 'for f; do echo x >>"$f"; done' sh {} +
for ((round = 1; round <= rounds; round++)); do turn changed; done
perl -e "$perl_figures"'
    while (<>) {
        my ($case, $tool, $round, $from, $to) = split;
        $w{$case}{$tool}{$round} = $to - $from;
    }
    print "| case | over | zcsync s | rsync s | x |\n|---|---|---|---|---|\n";
    for my $case (qw(same changed)) {
        for (["TCP", "zcsync-tcp", "rsync-daemon"], ["local", "zcsync-local", "rsync-local"]) {
            my ($name, $z, $r) = @$_;
            ($z, $r) = @{$w{$case}}{$z, $r};
            printf "| %s | %s | %.2f | %.2f | %.2f |\n", $case, $name, median(values %$z),
                median(values %$r), median_ratio($r, $z);
        }
    }' "$results"
