#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# How fast is zcsync mirror? Against lsyncd with rsync, and inotifywait with
# rsync, in turns.
#
#   tests/bench/live.sh [OPTION...] [CASE...]
#
#   CASE           latency     close(2) at the source to the new name at the
#                              destination: --rate N (1000) files of 4 KiB a
#                              second for --seconds S (10)
#                  sustained   --burst N (10000) files a second for
#                              --burst-seconds S (30) into 200 directories: how
#                              far behind is the destination at the end?
#                  idle        context switches of all the tool's processes in
#                              --idle S (10) seconds with nothing to do
#                  start       --dirs N (100000) directories that are equal
#                              already: seconds until the tool is quiet, memory
#                              per directory
#                  treerename  a directory of --files N (100000) files is
#                              renamed: time until the last of them has its new
#                              name there, bytes over the loopback interface
#                  (default: all)
#   --rounds N     every tool runs N times in each case (3)
#   --tools LIST   comma-separated: zcsync-tcp,zcsync-local,zcsync-batch,
#                  zcsync-behind,zcsync-fanotify,lsyncd-local,lsyncd-daemon,
#                  inotifywait (default: all that are installed; zcsync-batch,
#                  zcsync-behind and zcsync-fanotify are for latency and
#                  sustained, the others than zcsync not for sustained and idle)
#   --all          every tool in every case
#   --dir DIR      where sources and copies go (default: $TMPDIR or /tmp)
#   --raw FILE     keep the single measurements here
#
# The binary is $ZCSYNC, by default the build next to this tree; latency(1) is
# taken from its tests/tools (make check-programs). zcsync runs with --fsync=none,
# as the others do not sync either; zcsync-batch has --fsync=batch,
# zcsync-behind the default, --fsync=behind, over TCP like zcsync-tcp and zcsync-fanotify;
# lsyncd's delay is 1 second, its least. "x zcsync-tcp" is the median of the ratios of one round. Seconds until
# quiet count until the tool's processes have used no CPU for half a second, that
# not included. Run as root, on an idle machine.
set -u
. "$(dirname "$0")/lib.sh"

rounds=3 rate=1000 seconds=10 burst=10000 burst_seconds=30 idle_seconds=10
n_dirs=100000 n_files=100000 all=''

while [ $# -gt 0 ]; do
    words=2
    case $1 in
    --rate) rate=$2 ;;
    --seconds) seconds=$2 ;;
    --burst) burst=$2 ;;
    --burst-seconds) burst_seconds=$2 ;;
    --idle) idle_seconds=$2 ;;
    --dirs) n_dirs=$2 ;;
    --files) n_files=$2 ;;
    --all) all=1 words=1 ;;
    *) common_option "$@" ;;
    esac
    shift "$words"
done
[ ${#cases[@]} -gt 0 ] || cases=(latency sustained idle start treerename)
find_zcsync
latency=${LATENCY:-$(dirname "$ZCSYNC")/tests/tools/latency}
[ -x "$latency" ] || die "$latency is not built (make check-programs)"
if [ ${#tools[@]} -eq 0 ]; then
    tools=(zcsync-tcp zcsync-local zcsync-batch zcsync-behind zcsync-fanotify)
    command -v lsyncd >/dev/null && tools+=(lsyncd-local lsyncd-daemon)
    command -v inotifywait >/dev/null && tools+=(inotifywait)
fi
for tool in "${tools[@]}"; do
    case $tool in
    zcsync-tcp | zcsync-local | zcsync-batch | zcsync-behind | zcsync-fanotify) ;;
    lsyncd-*) command -v lsyncd >/dev/null || die "lsyncd is not installed" ;;
    inotifywait) command -v inotifywait >/dev/null || die "no inotifywait" ;;
    *) die "unknown tool $tool (see --help)" ;;
    esac
done

running=()
at_exit+=(stop_tool)
make_work

# ---- the tools ---------------------------------------------------------------

# Everything below a process, and itself.
family()
{
    local child
    echo "$1"
    for child in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        family "$child"
    done
}

# in_background COMMAND...: one of the tool's processes
in_background()
{
    "$@" >"$work/tool.${#running[@]}.out" 2>"$work/tool.${#running[@]}.err" \
        </dev/null &
    running+=($!)
}

stop_tool()
{
    local p all=''
    for p in "${running[@]}"; do
        all+=" $(family "$p")"
    done
    # shellcheck disable=SC2086
    [ -n "$all" ] && kill -TERM $all 2>/dev/null
    for p in "${running[@]}"; do
        { wait "$p"; } 2>/dev/null
    done
    running=()
}

await() # SECONDS COMMAND...
{
    local end=$((SECONDS + $1))
    shift
    until "$@" 2>/dev/null; do
        [ "$SECONDS" -lt "$end" ] || return 1
        sleep 0.01
    done
}

rsync_daemon() # DEST
{
    rsyncd_for "$1"
    in_background "${rsyncd[@]}"
    await 10 accepts 8739 || die "no rsync daemon"
}

lsyncd_conf() # SRC TARGET
{
    cat <<CONF
settings { nodaemon = true, insist = true }
sync { default.rsync, source = "$1", target = "$2", delay = 1,
    rsync = { archive = true, hard_links = true, acls = true, xattrs = true } }
CONF
}

# What many have in place of a mirror: names from inotifywait, a tenth of a
# second's worth at a time, to rsync.
inotify_loop() # SRC DEST
{
    local name
    cd "$1" || exit 1
    inotifywait -q -m -r -e close_write,attrib,create,delete,move \
        --format '%w%f' . |
        while IFS= read -r name; do
            {
                echo "${name#./}"
                while IFS= read -r -t 0.1 name; do
                    echo "${name#./}"
                done
            } | sort -u | rsync -aHAX -r --delete-missing-args --files-from=- \
                ./ "$2/"
        done
}

# start_tool SRC DEST: $tool, in the background
start_tool()
{
    local how=(--fsync=none --watch=inotify) address
    case $tool in
    zcsync-batch) how=(--fsync=batch --watch=inotify) ;;
    zcsync-behind) how=(--fsync=behind --watch=inotify) ;;
    zcsync-fanotify) how=(--fsync=none --watch=fanotify) ;;
    esac
    case $tool in
    zcsync-local) in_background "$ZCSYNC" mirror "${how[@]}" "$1" "$2" ;;
    zcsync-*)
        in_background "$ZCSYNC" serve --listen 127.0.0.1:0 "bench=$2"
        await 10 grep -q '^zcsync: listening on' "$work/tool.0.out" ||
            die "the server did not start: $(cat "$work/tool.0.err")"
        address=$(sed -n 's/^zcsync: listening on //p' "$work/tool.0.out")
        in_background "$ZCSYNC" mirror "${how[@]}" "$1" "zcsync://$address/bench"
        ;;
    lsyncd-local)
        lsyncd_conf "$1" "$2" >"$work/lsyncd.conf"
        in_background lsyncd "$work/lsyncd.conf"
        ;;
    lsyncd-daemon)
        rsync_daemon "$2"
        lsyncd_conf "$1" "rsync://127.0.0.1:8739/bench" >"$work/lsyncd.conf"
        in_background lsyncd "$work/lsyncd.conf"
        ;;
    inotifywait)
        rsync -aHAX "$1/" "$2/"
        in_background inotify_loop "$1" "$2"
        ;;
    esac
}

# Ticks of CPU that all its processes have used.
ticks()
{
    local top p stat sum=0
    for top in "${running[@]}"; do
        for p in $(family "$top"); do
            stat=$(cat "/proc/$p/stat" 2>/dev/null) || continue
            # shellcheck disable=SC2086
            set -- ${stat##*) }
            # its own, and that of children it has waited for
            sum=$((sum + ${12} + ${13} + ${14} + ${15}))
        done
    done
    echo $sum
}

# Waits until the tool has used no CPU for half a second; $quiet_us is when that
# began.
await_quiet()
{
    local last=-1 now n=0 give_up=$((SECONDS + ${1:-300}))
    while [ $n -lt 10 ]; do
        [ "$SECONDS" -lt "$give_up" ] || return 1
        now=$(ticks)
        if [ "$now" = "$last" ]; then
            n=$((n + 1))
        else
            n=0 last=$now quiet_us=${EPOCHREALTIME/./}
        fi
        sleep 0.05
    done
}

# The tool runs, and a new file shows up: it is watching.
await_watching() # SRC DEST
{
    local n=0
    while :; do
        n=$((n + 1))
        echo $n >"$1/probe.$n"
        await 3 [ -e "$2/probe.$n" ] && break
        [ $n -lt 60 ] || die "$tool does not mirror: $(cat "$work"/tool.*.err)"
    done
    await_quiet 120
}

# ---- cases -------------------------------------------------------------------

note() { echo "$*" >>"$results"; } # CASE TOOL ROUND MEASURE VALUE

note_json() # CASE ROUND JSON KEY...
{
    local case=$1 round=$2 json=$3 key value
    shift 3
    for key; do
        value=$(sed -n "s/.*\"$key\": \([0-9.]*\).*/\1/p" <<<"$json")
        [ -n "$value" ] && note "$case $tool $round $key $value"
    done
}

run_latency() # ROUND SRC DEST
{
    local json
    start_tool "$2" "$3"
    await_watching "$2" "$3"
    json=$("$latency" --json --rate "$rate" --seconds "$seconds" --wait 60 "$2" "$3")
    note_json latency "$1" "$json" p50_ms p90_ms p99_ms p999_ms max_ms lost \
        writer_late_ms
}

run_sustained()
{
    local json
    start_tool "$2" "$3"
    await_watching "$2" "$3"
    json=$("$latency" --json --sustained --rate "$burst" --dirs 200 \
        --seconds "$burst_seconds" --wait 120 "$2" "$3")
    note_json sustained "$1" "$json" rate behind_files behind_s worst_lag_s lost \
        writer_late_ms
    case $tool in
    zcsync*) note "sustained $tool $1 overflows" \
        "$(grep -hic overflow "$work"/tool.*.err | awk '{ n += $1 } END { print n }')" ;;
    esac
}

# Times that a thread went to sleep, or was made to.
switches()
{
    local top p
    for top in "${running[@]}"; do
        for p in $(family "$top"); do
            cat /proc/"$p"/task/*/status 2>/dev/null
        done
    done | awk '/^voluntary_ctxt/ { v += $2 } /^nonvoluntary/ { n += $2 }
        END { print v + 0, n + 0 }'
}

run_idle()
{
    local v0 n0 v1 n1
    start_tool "$2" "$3"
    await_watching "$2" "$3"
    read -r v0 n0 <<<"$(switches)"
    sleep "$idle_seconds"
    read -r v1 n1 <<<"$(switches)"
    note "idle $tool $1 voluntary $((v1 - v0))"
    note "idle $tool $1 involuntary $((n1 - n0))"
}

many_dirs() # DIR COUNT
{
    perl -e 'my ($top, $count) = @ARGV;
        for my $n (0 .. $count - 1) {
            mkdir sprintf "%s/d%04d", $top, $n / 100 unless $n % 100;
            mkdir sprintf "%s/d%04d/d%02d", $top, $n / 100, $n % 100 if $n % 100;
        }' "$@"
}

# Bytes of memory of their own that the source's processes have, the server not
# counted.
own_memory()
{
    local p
    for p in $(family "${running[-1]}"); do
        cat "/proc/$p/status" 2>/dev/null
    done | awk '/^RssAnon/ { kib += $2 } END { print kib * 1024 }'
}

run_start()
{
    local empty start
    mkdir "$2.empty" "$3.empty"
    start_tool "$2.empty" "$3.empty"
    await_watching "$2.empty" "$3.empty"
    empty=$(own_memory)
    stop_tool
    many_dirs "$2" "$n_dirs"
    many_dirs "$3" "$n_dirs"
    rsync -a "$2/" "$3/"
    start=${EPOCHREALTIME/./}
    start_tool "$2" "$3"
    await_quiet 600
    note "start $tool $1 seconds" \
        "$(awk -v t=$((quiet_us - start)) 'BEGIN { printf "%.3f", t / 1e6 }')"
    note "start $tool $1 bytes_per_dir" "$((($(own_memory) - empty) / n_dirs))"
    await_watching "$2" "$3"
}

loopback_bytes() { awk '$1 == "lo:" { print $10 }' /proc/net/dev; }

run_treerename()
{
    local start bytes last
    mkdir "$2/tree"
    many_files "$2/tree" "$n_files" 100 1000
    rsync -a "$2/" "$3/"
    start_tool "$2" "$3"
    await_watching "$2" "$3"
    last=$(find "$3/tree" -type f | sort | tail -n 1)
    bytes=$(loopback_bytes)
    start=${EPOCHREALTIME/./}
    mv "$2/tree" "$2/renamed"
    # busy, as a sleep is longer than what is to be measured
    perl -MTime::HiRes=sleep -e 'my $end = time + 300;
        until (-e $ARGV[0]) { exit 1 if time > $end; sleep 0.0005 }' \
        "$3/renamed${last#"$3/tree"}"
    note "treerename $tool $1 ms" "$(((${EPOCHREALTIME/./} - start) / 1000))"
    await_quiet 120
    note "treerename $tool $1 bytes $(($(loopback_bytes) - bytes))"
    [ -e "$3/tree" ] && echo "$me: $tool: the old name is still there" >&2
}

# Whether $tool takes part in a case without --all.
takes_part()
{
    [ -n "$all" ] && return
    case $1.$tool in
    latency.* | *.zcsync-tcp | *.zcsync-local | sustained.zcsync-*) return 0 ;;
    start.zcsync-b* | treerename.zcsync-b* | idle.*) return 1 ;;
    sustained.*) return 1 ;;
    esac
}

# All tools, all rounds, the order rotating.
in_turns() # CASE
{
    local case=$1 round i n=${#tools[@]} dir
    for ((round = 1; round <= rounds; round++)); do
        for ((i = 0; i < n; i++)); do
            tool=${tools[(i + round) % n]}
            takes_part "$case" || continue
            echo "$me: $case, round $round, $tool" >&2
            dir=$work/$case.$tool.$round
            mkdir -p "$dir/a" "$dir/b"
            "run_$case" "$round" "$dir/a" "$dir/b"
            stop_tool
        done
    done
}

# ---- the table ---------------------------------------------------------------

report()
{
    perl -e "$perl_figures"'
        my (%v, @cases, @measures, %seen);
        while (<>) {
            my ($case, $tool, $round, $measure, $value) = split;
            next if !defined $value;
            push @cases, $case if !$seen{$case}++;
            push @{$measures{$case}}, $measure if !$seen{"$case $measure"}++;
            $v{$case}{$measure}{$tool}{$round} = $value;
        }
        sub value { median(values %{$v{$_[0]}{$_[1]}{$_[2]} // {}}) }
        sub ratio {
            my ($t, $z) = map { $v{$_[0]}{$_[1]}{$_} // {} } $_[2], "zcsync-tcp";
            median_ratio($t, $z);
        }
        print "| case | tool | measure | median | x zcsync-tcp |\n|---|---|---|---|---|\n";
        for my $case (@cases) {
            for my $tool (qw(zcsync-tcp zcsync-local zcsync-batch zcsync-behind
                    zcsync-fanotify lsyncd-local lsyncd-daemon inotifywait)) {
                for my $m (@{$measures{$case}}) {
                    my $got = value($case, $m, $tool) // next;
                    my $r = ratio($case, $m, $tool);
                    printf "| %s | %s | %s | %.10g | %s |\n", $case, $tool, $m, $got,
                        defined $r ? sprintf("%.2f", $r) : "-";
                }
            }
        }
        print "\n| aim (zcsync-tcp) | wanted | measured | met |\n|---|---|---|---|\n";
        for (["latency", "p50_ms", 0.3], ["latency", "p99_ms", 1], ["latency", "lost", 0],
            ["sustained", "behind_s", 1], ["sustained", "overflows", 0],
            ["sustained", "lost", 0], ["idle", "voluntary", 0],
            ["start", "seconds", 3], ["start", "bytes_per_dir", 200],
            ["treerename", "ms", 50], ["treerename", "bytes", 10000]) {
            my ($case, $m, $want) = @$_;
            my $got = value($case, $m, "zcsync-tcp") // next;
            printf "| %s: %s | <= %g | %.10g | %s |\n", $case, $m, $want, $got,
                $got <= $want ? "yes" : "no";
        }' "$results"
}

for name in "${cases[@]}"; do
    declare -F "run_$name" >/dev/null || die "unknown case $name"
done
for name in "${cases[@]}"; do
    in_turns "$name"
done
report
