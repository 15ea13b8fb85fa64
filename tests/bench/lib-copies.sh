# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2120,SC2154
#
# For benchmarks that copy a tree with every tool in turns; sourced after lib.sh.
# Such a one has these functions for a run of $tool:
#
#   serve                     starts its server for $dest, if it has one
#   copy SRC DEST             runs it, with "timed" before the command
#   copy_failed CASE          says that it went wrong, or ends it all
#   copied CASE ROUND SRC     does what is to be done before the server ends

server=
kill_server() { [ -n "$server" ] && kill "$server" 2>/dev/null; }
at_exit+=(kill_server)

# The receiving side runs under time(1), too, which counts what it forked. It is
# there when its PORT accepts, or, without one, when it says that it listens.
start_server() # PORT|"" COMMAND...
{
    local port=$1 i
    shift
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

server_ready()
{
    [ -n "$server" ] || return
    if [ -n "$port" ]; then
        accepts "$port"
    else
        grep -q '^zcsync: listening on' "$work/server.out"
    fi
}

# A server of zcsync for $dest; it is at $address.
serve_zcsync() # [OPTION...]
{
    start_server "" "$ZCSYNC" serve --listen 127.0.0.1:0 "$@" "bench=$dest"
    address=$(sed -n 's/^zcsync: listening on //p' "$work/server.out")
}

stop_server()
{
    kill -TERM "$server"
    wait "$timer"
    server=
}

timed() { /usr/bin/time -o "$work/time.client" -f '%U %S %M' "$@"; } # COMMAND...

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
    copy "$src" "$dest" >"$work/copy.out" 2>&1 || copy_failed "$case"
    end=$EPOCHREALTIME
    copied "$case" "$round" "$src"
    [ -n "$server" ] && stop_server
    echo "$case $tool $round $((${end/./} - ${start/./}))" \
        "$(tail -n 1 "$work/time.client") $(tail -n 1 "$work/time.server")" >>"$results"
}

# in_turns CASE SRC [KEEP]: all tools, all rounds, the order rotating. With KEEP
# the copies stay until the end: deleting many files slows down what comes next.
in_turns()
{
    local case=$1 src=$2 keep=${3:-} round i n=${#tools[@]}
    echo "$me: $case" >&2
    for ((round = 0; round <= rounds; round++)); do
        for ((i = 0; i < n; i++)); do
            tool=${tools[(i + round) % n]}
            measure "$case" "$round" "$src" "$work/$case.$tool.$round"
            [ -n "$keep" ] || rm -rf "$work/$case.$tool.$round"
        done
    done
}

big_case()
{
    mkdir "$work/big"
    head -c "${big_mib}M" /dev/urandom >"$work/big/image"
    in_turns big "$work/big"
    rm -r "$work/big"
}

small_case()
{
    many_files "$work/small" "$small_files" 4096 100
    in_turns small "$work/small" keep
}

# ---- the tables ----------------------------------------------------------------

# What reports of what measure wrote, in Perl, begin with.
# shellcheck disable=SC2016
perl_runs=$perl_figures'
    my (%wall, %cpu, %mem, @cases, %seen);
    sub read_runs {
        while (<>) {
            my ($case, $tool, $round, $us, $u1, $s1, $m1, $u2, $s2, $m2) = split;
            next if !$round;
            push @cases, $case if !$seen{$case}++;
            $wall{$case}{$tool}{$round} = $us / 1e6;
            push @{$cpu{$case}{$tool}}, $u1 + $s1 + $u2 + $s2;
            push @{$mem{$case}{$tool}{sender}}, $m1 / 1024;
            push @{$mem{$case}{$tool}{receiver}}, $m2 / 1024;
        }
    }
    # how many times the seconds of B A takes
    sub ratio {
        my ($case, $a, $b) = @_;
        median_ratio($wall{$case}{$a}, $wall{$case}{$b});
    }
    sub aim {
        my ($what, $got, $want, $less) = @_;
        return if !$got;
        my $met = $less ? $got <= $want : $got >= $want;
        printf "| %s | %s%g | %.2f | %s |\n", $what, $less ? "<= " : ">= ", $want, $got,
            $met ? "yes" : "no";
    }
'

gigabytes() { perl -e "print $1 * 1048576 / 1e9"; } # MIB
