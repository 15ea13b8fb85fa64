# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios in which one end is hostile; sourced after lib.sh and
# lib-process.sh. What goes wrong with an attack is gathered in $problems.

MEMORY_MAX_KIB=$((100 * 1024))

problem() { problems+=("$*"); }

# $around with what nobody is to touch; the victim's own DIR is in it.
make_around() # DIR
{
    around=$T/around
    victim=$1
    mkdir -p "$victim" "$around/outside/sub"
    echo 'not yours' >"$around/sentinel"
    echo 'not yours' >"$around/outside/sentinel"
    chmod 700 "$around/outside"
}

# All there is around the victim's own, down to the last inode change.
surroundings()
{
    find "$around" -path "$victim" -prune -o \
        -printf '%P %y %m %U %G %s %T@ %C@ %l\n' | sort
    cat "$around/sentinel" "$around/outside/sentinel"
}

# What the victim has before each attack.
prepare_victim()
{
    find "$victim" -mindepth 1 -delete
    echo kept >"$victim/kept"
    ln -s "$around/outside" "$victim/planted"
    ln -s real "$victim/inner"
    mkdir -p "$victim/real" "$victim/dir1/sub" "$victim/dir2"
    echo real | tee "$victim/real/f" "$victim/dir1/f" >"$victim/dir2/f"
    echo 1234 >"$victim/file1"
    touch -d @1700000000.123456789 "$victim/file1"
}

# Keeps the highest VmHWM of the server's children in $T/peak; not with sanitizers,
# see below.
watch_memory()
{
    local child kib
    [ "${ZC_SANITIZE:-no}" = no ] || return
    while :; do
        for child in $(children "$serve_pid"); do
            kib=0
            read_status "$child" VmHWM kib
            [ "$kib" -gt "$(<"$T/peak")" ] && echo "$kib" >"$T/peak"
        done
        nap 50
    done
}

# A peak of KIB is a problem, unless there are sanitizers, which take their own.
check_memory() # WHO KIB
{
    [ "${ZC_SANITIZE:-no}" = no ] && [ "$2" -gt "$MEMORY_MAX_KIB" ] &&
        problem "$1 took $2 KiB"
}

# Waits until $pid, which does WHAT, has ended: $rc. $peak is how much memory it, or
# a child of it, has taken. After $LIMIT seconds it is ended, and that is a problem.
watch_client() # WHAT
{
    local end=$((SECONDS + LIMIT)) kib p
    peak=0
    while ! gone_or_zombie "$pid" && [ "$SECONDS" -lt "$end" ]; do
        for p in "$pid" $(children "$pid"); do
            kib=0
            read_status "$p" VmHWM kib
            [ "$kib" -le "$peak" ] || peak=$kib
        done
        nap 20
    done
    reap "$pid" 0
    [ "$rc" = 137 ] && problem "$1 hung for $LIMIT seconds"
}

# Standard input, of which one in four is left in a build without sanitizers, and the
# others in one with them, so that each is tried once (ZC_BIG=1, or some by ZC_ATTACKS:
# all in both). Too much of something is for the one without: memory counts there.
some_of_them()
{
    local which='{ mine = NR % 4 == 1 || /flood|pending|often/ } '
    [ "${ZC_SANITIZE:-no}" = no ] && which+=mine || which+='!mine'
    [ "$BIG" != 1 ] && [ -z "${ZC_ATTACKS:-}" ] || which=1
    awk "$which"
}

# True for one attack in five, and with ZC_BIG=1 for each: time for something that
# takes long.
now_and_then() { [ "$BIG" = 1 ] || [ $((attacks++ % 5)) = 0 ]; }
attacks=0
