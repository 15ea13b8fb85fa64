# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For scenarios about processes that have others below them; sourced after
# lib.sh.

# Children of a process, one pid a line.
children()
{
    local pids
    pids=$(cat /proc/"$1"/task/*/children 2>/dev/null)
    # shellcheck disable=SC2086 # words
    [ -z "$pids" ] || printf '%s\n' $pids
}
no_children() { [ -z "$(children "$1")" ]; }

# PID and all processes below it, one a line.
family() # PID
{
    echo "$1"
    below "$1"
}

below() # PID
{
    local child
    for child in $(children "$1"); do
        family "$child"
    done
}

# Those below PID that have no children: who receives is one of these.
leaves()
{
    local p
    for p in $(below "$1"); do
        no_children "$p" && echo "$p"
    done
}

# The process among PID and those below it that reads events.
watcher_of()
{
    local p
    for p in $(family "$1"); do
        if readlink "/proc/$p/fd"/* 2>/dev/null | grep -q 'anon_inode:.*notify'; then
            echo "$p"
            return 0
        fi
    done
    return 1
}

all_gone() # PID...
{
    local p
    for p; do
        gone_or_zombie "$p" || return 1
    done
}

# kill -9 of PID, a child; all that was below it must go by itself.
kill_family() # PID WHAT
{
    local offspring
    mapfile -t offspring < <(family "$1")
    kill -KILL "$1"
    reap "$1"
    wait_until 20 all_gone "${offspring[@]}" || fail "nothing survives $2" \
        "$(ps -o pid,ppid,stat,args "${offspring[@]}")"
}
