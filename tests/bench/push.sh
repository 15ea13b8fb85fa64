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
export LC_ALL=C

here=$(cd "$(dirname "$0")" && pwd)
rounds=5 big_mib=2048 small_files=50000 memory_files=500000 tree=/usr
base=${TMPDIR:-/tmp} raw=
tools=(zcsync-tcp zcsync-local rsync-local rsync-daemon cp tar)
cases=()

die() { echo "push.sh: $*" >&2; exit 1; }

while [ $# -gt 0 ]; do
    case $1 in
    --rounds) rounds=$2; shift ;;
    --big) big_mib=$2; shift ;;
    --small) small_files=$2; shift ;;
    --memory) memory_files=$2; shift ;;
    --tree) tree=$2; shift ;;
    --tools) IFS=, read -ra tools <<<"$2"; shift ;;
    --dir) base=$2; shift ;;
    --raw) raw=$2; shift ;;
    -h | --help) sed -n '3,/^set -u/s/^#\( \|$\)//p' "$0"; exit 0 ;;
    -*) die "unknown option $1 (see --help)" ;;
    *) cases+=("$1") ;;
    esac
    shift
done
[ ${#cases[@]} -gt 0 ] || cases=(big small usr again memory)
if [ -z "${ZCSYNC:-}" ]; then
    for ZCSYNC in "$here/../../build/zcsync" "$here/../../zcsync"; do
        [ -x "$ZCSYNC" ] && break
    done
fi
[ -x "$ZCSYNC" ] || die "no zcsync binary at $ZCSYNC"
[ -x /usr/bin/time ] || die "/usr/bin/time is not installed"
[ "$(id -u)" = 0 ] || echo "push.sh: not root: owners are not kept" >&2

work=$(mktemp -d "$base/zcsync-bench.XXXXXX") || exit 1
results=$work/results
: >"$results"
server=
cleanup()
{
    [ -n "$server" ] && kill "$server" 2>/dev/null
    [ -n "$raw" ] && cp "$results" "$raw"
    rm -rf "$work"
}
trap cleanup EXIT
trap 'exit 1' HUP INT TERM

# ---- one run -----------------------------------------------------------------

# The receiving side runs under time(1), too, which counts the sessions it
# forked: start_server DIR COMMAND..., then stop_server.
start_server()
{
    local i
    /usr/bin/time -o "$work/time.server" -f '%U %S %M' "$@" \
        >"$work/server.out" 2>"$work/server.err" &
    timer=$!
    for ((i = 0; i < 500; i++)); do
        server=$(cat "/proc/$timer/task/$timer/children" 2>/dev/null)
        server=${server%% *}
        server_ready && return
        sleep 0.02
    done
    die "the server did not start: $(cat "$work/server.err")"
}

stop_server()
{
    kill -TERM "$server"
    wait "$timer"
    server=
}

server_ready()
{
    [ -n "$server" ] || return
    if [ "$tool" = rsync-daemon ]; then
        (: </dev/tcp/127.0.0.1/8739) 2>/dev/null
    else
        grep -q '^zcsync: listening on' "$work/server.out"
    fi
}

serve()
{
    case $tool in
    zcsync-tcp)
        start_server "$ZCSYNC" serve --listen 127.0.0.1:0 "bench=$dest"
        address=$(sed -n 's/^zcsync: listening on //p' "$work/server.out")
        ;;
    rsync-daemon)
        cat >"$work/rsyncd.conf" <<CONF
uid = root
gid = root
use chroot = no
reverse lookup = no
[bench]
path = $dest
read only = no
CONF
        start_server rsync --daemon --no-detach --address=127.0.0.1 --port=8739 \
            --config="$work/rsyncd.conf" --log-file=/dev/null
        ;;
    esac
}

copy() # SRC DEST
{
    case $tool in
    zcsync-tcp) "${timed[@]}" "$ZCSYNC" push --fsync=none "$1" \
        "zcsync://$address/bench" ;;
    zcsync-local) "${timed[@]}" "$ZCSYNC" push --fsync=none "$1" "$2" ;;
    rsync-local) "${timed[@]}" rsync -aHAX "$1/" "$2/" ;;
    rsync-daemon) "${timed[@]}" rsync -aHAX "$1/" rsync://127.0.0.1:8739/bench/ ;;
    cp) "${timed[@]}" cp -a "$1/." "$2/" ;;
    tar) "${timed[@]}" sh -c 'tar -C "$1" -cf - . | tar -C "$2" -xpf -' sh "$1" "$2" ;;
    *) die "unknown tool $tool" ;;
    esac
}
timed=(/usr/bin/time -o "$work/time.client" -f '%U %S %M')

# A virtual machine may have handed freed memory back to its host, and then the
# first one to fill the page cache again pays for that: it shall be nobody's run.
warm_memory()
{
    dd if=/dev/zero of="$work/warm" bs=1M count=$((big_mib + 512)) status=none
    rm "$work/warm"
}

# measure CASE ROUND SRC DEST: one line in $results. Round 0 does not count.
measure()
{
    local case=$1 round=$2 src=$3 start end
    dest=$4
    mkdir -p "$dest"
    sync
    warm_memory
    echo "0 0 0" >"$work/time.server"
    serve
    start=$EPOCHREALTIME
    copy "$src" "$dest" >"$work/copy.out" 2>&1 ||
        echo "push.sh: $tool, $case: $(tail -n 2 "$work/copy.out")" >&2
    end=$EPOCHREALTIME
    [ -n "$server" ] && stop_server
    echo "$case $tool $round $((${end/./} - ${start/./}))" \
        "$(tail -n 1 "$work/time.client") $(tail -n 1 "$work/time.server")" >>"$results"
}

# in_turns CASE SRC [KEEP]: all tools, all rounds, the order rotating. With KEEP
# the copies stay until the end: deleting many files slows down what comes next.
in_turns()
{
    local case=$1 src=$2 keep=${3:-} round i n=${#tools[@]}
    echo "push.sh: $case" >&2
    for ((round = 0; round <= rounds; round++)); do
        for ((i = 0; i < n; i++)); do
            tool=${tools[(i + round) % n]}
            measure "$case" "$round" "$src" "$work/$case.$tool.$round"
            [ -n "$keep" ] || rm -rf "$work/$case.$tool.$round"
        done
    done
}

# ---- cases -------------------------------------------------------------------

many_files() # DIR COUNT BYTES PER-DIRECTORY
{
    perl -e 'my ($top, $count, $size, $per) = @ARGV;
        mkdir $top;
        for my $n (0 .. $count - 1) {
            my $dir = sprintf "%s/d%05d", $top, $n / $per;
            mkdir $dir unless $n % $per;
            open my $f, ">", sprintf("%s/file%07d", $dir, $n) or die $!;
            print $f pack("N", $n) x ($size / 4);
        }' "$@"
}

run_case()
{
    local src
    case $1 in
    big)
        mkdir "$work/big"
        head -c "${big_mib}M" /dev/urandom >"$work/big/image"
        in_turns big "$work/big"
        rm -r "$work/big"
        ;;
    small)
        many_files "$work/small" "$small_files" 4096 100
        in_turns small "$work/small" keep
        ;;
    usr) in_turns usr "$tree" keep ;;
    again)
        # a copy for each tool that can do nothing, then only second runs
        local all=("${tools[@]}") round
        echo "push.sh: again" >&2
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
            echo "push.sh: memory, $tool" >&2
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
    perl -e '
        my ($gb, $files) = splice @ARGV, 0, 2;
        my (%wall, %cpu, %mem, @cases, %seen);
        while (<>) {
            my ($case, $tool, $round, $us, $u1, $s1, $m1, $u2, $s2, $m2) = split;
            next if !$round;
            push @cases, $case if !$seen{$case}++;
            $wall{$case}{$tool}{$round} = $us / 1e6;
            push @{$cpu{$case}{$tool}}, $u1 + $s1 + $u2 + $s2;
            push @{$mem{$case}{$tool}{sender}}, $m1 / 1024;
            push @{$mem{$case}{$tool}{receiver}}, $m2 / 1024;
        }
        sub median { my @v = sort { $a <=> $b } @_; @v ? ($v[$#v / 2] + $v[@v / 2]) / 2 : 0 }
        sub ratio {
            my ($case, $tool) = @_;
            my ($w, $z) = ($wall{$case}{$tool}, $wall{$case}{"zcsync-tcp"});
            median(map { $w->{$_} / $z->{$_} } grep { $z->{$_} } keys %$w);
        }
        print "| case | tool | seconds | CPU s | x zcsync-tcp | MiB sender | MiB receiver |\n",
            "|---|---|---|---|---|---|---|\n";
        for my $case (@cases) {
            for my $tool (qw(zcsync-tcp zcsync-local rsync-local rsync-daemon cp tar)) {
                my $w = $wall{$case}{$tool} or next;
                my $m = $mem{$case}{$tool};
                my $r = median(@{$m->{receiver}});
                printf "| %s | %s | %.3f | %.2f | %.2f | %.1f | %s |\n", $case, $tool,
                    median(values %$w), median(@{$cpu{$case}{$tool}}), ratio($case, $tool),
                    median(@{$m->{sender}}), $r ? sprintf("%.1f", $r) : "-";
            }
        }
        sub aim {
            my ($what, $got, $want, $less) = @_;
            return if !$got;
            my $met = $less ? $got <= $want : $got >= $want;
            printf "| %s | %s%g | %.2f | %s |\n", $what, $less ? "<= " : ">= ", $want, $got,
                $met ? "yes" : "no";
        }
        print "\n| aim (zcsync-tcp) | wanted | measured | met |\n|---|---|---|---|\n";
        my $z = "zcsync-tcp";
        aim("big: times the speed of cp", ratio("big", "cp"), 1.3);
        aim("big: times the speed of the rsync daemon", ratio("big", "rsync-daemon"), 3);
        aim("big: CPU seconds per GB, both sides", median(@{$cpu{big}{$z} // []}) / $gb, 0.40, 1);
        aim("small: times the speed of cp -a", ratio("small", "cp"), 2);
        aim("small: times the speed of the rsync daemon", ratio("small", "rsync-daemon"), 2.5);
        aim("again: times the speed of rsync, local", ratio("again", "rsync-local"), 2);
        aim("again: times the speed of the rsync daemon", ratio("again", "rsync-daemon"), 2);
        for my $case (qw(memory memory-again)) {
            aim("$case: MiB of the $_", median(@{$mem{$case}{$z}{$_} // []}), 32, 1)
                for qw(sender receiver);
        }' "$(perl -e "print $big_mib * 1048576 / 1e9")" "$small_files" "$results"
}

for name in "${cases[@]}"; do
    run_case "$name"
done
report
