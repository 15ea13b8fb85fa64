# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios where a tree changes all the time, and somebody looks at the copy
# of it all the time; sourced after lib.sh.
#
#   ZC_SOAK        seconds for each soak (default: what the test asks for)
#   ZC_SEED        repeats the choices of churn

churn=$built/churn witness=$built/witness

soak_seconds() { echo "${ZC_SOAK:-$1}"; }

# start_churn DIR SECONDS [OPTION...]: $churn_pid
start_churn()
{
    local dir=$1 seconds=$2
    shift 2
    [ -n "${ZC_SEED:-}" ] && set -- "$@" --seed "$ZC_SEED"
    background churn "$churn" --seconds "$seconds" "$@" "$dir"
    churn_pid=$pid
    wait_until 5 grep -q seed "$T/log/churn.out"
    diag "churn: $(head -n 1 "$T/log/churn.out")"
}

churning() { ! gone_or_zombie "$churn_pid"; }

# churn_ends SECONDS: no trouble of its own
churn_ends()
{
    reap "$churn_pid" "$1"
    [ "$rc" = 0 ] && diag "$(tail -n 1 "$T/log/churn.out")"
    is "$rc" 0 "churn had no trouble$(sed 's/^/: /' "$T/log/churn.err")"
}

# Three at once, with names of inodes that have several, and things that look
# alike.
start_link_churn() # DIR SECONDS
{
    local n
    link_churn_pids=()
    for n in 1 2 3; do
        background "links$n" "$churn" --links --seconds "$2" --rate 300 \
            --entries 300 ${ZC_SEED:+--seed "$ZC_SEED$n"} "$1"
        link_churn_pids+=("$pid")
    done
}

link_churn_ends() # SECONDS
{
    local n
    for n in 1 2 3; do
        reap "${link_churn_pids[n - 1]}" "$1"
        is "$rc" 0 "churn of links $n had no trouble$(sed 's/^/: /' "$T/log/links$n.err")"
    done
}

declare -a witnesses=()

start_witness() # DIR...
{
    local dir
    for dir; do
        background "witness${#witnesses[@]}" "$witness" "$dir"
        witnesses+=("$pid")
    done
}

# Each of them saw whole files only, and not nothing.
witnesses_saw_whole_files()
{
    local i seen
    for i in "${!witnesses[@]}"; do
        tell_to_end "${witnesses[i]}"
        reap "${witnesses[i]}" 20
        seen=$(tail -n 1 "$T/log/witness$i.out")
        diag "witness $i: $seen"
        is "$rc" 0 "a witness saw whole files only" ||
            diag "$(grep torn: "$T/log/witness$i.out" | head -n 10)"
        unlike "$seen" '^0 files' "and some"
    done
    witnesses=()
}
