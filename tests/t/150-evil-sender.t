#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hostile sender gets nowhere. After every attack that tests/tools/evil-sender
# knows: the server is alive and serves the next push, nothing outside the share
# was touched, no staging folder is left, and no child grew beyond bounds.
# A quarter of the attacks on a push, by $ZC_PART; 152 to 154 are the others.
# 155 has those on the rounds of a mirror: $ZC_PART is "rounds" then.

. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"

need_tools evil-sender
evil=$built/evil-sender

MEMORY_MAX_KIB=$((100 * 1024))

around=$T/around
share=$around/share
mkdir -p "$share" "$around/outside/sub" "$T/src/dir"
echo 'not yours' >"$around/sentinel"
echo 'not yours' >"$around/outside/sentinel"
echo good >"$T/src/dir/file"
chmod 700 "$around/outside"

# All there is around the share, down to the last inode change.
surroundings()
{
    find "$around" -path "$share" -prune -o \
        -printf '%P %y %m %U %G %s %T@ %C@ %l\n' | sort
    cat "$around/sentinel" "$around/outside/sentinel"
}

prepare_share()
{
    find "$share" -mindepth 1 -delete
    echo kept >"$share/kept"
    ln -s "$around/outside" "$share/planted"
    ln -s real "$share/inner"
    mkdir -p "$share/real" "$share/dir1/sub" "$share/dir2"
    echo real | tee "$share/real/f" "$share/dir1/f" >"$share/dir2/f"
    echo 1234 >"$share/file1"
    touch -d @1700000000.123456789 "$share/file1"
}

# Keeps the highest VmHWM of the server's children in $T/peak.
watch_memory()
{
    local child key value rest
    while :; do
        for child in $(children "$serve_pid"); do
            while read -r key value rest; do
                [ "$key" = VmHWM: ] || continue
                [ "$value" -gt "$(cat "$T/peak")" ] && echo "$value" >"$T/peak"
            done 2>/dev/null <"/proc/$child/status"
        done
        sleep 0.05
    done
}

normal_push()
{
    run "$ZCSYNC" push --timeout=20 "$T/src" "zcsync://$addr/www/good"
    [ "$rc" = 0 ] || problem "a push afterwards: exit $rc, $err"
}

problem() { problems+=("$*"); }

# What must hold after ATTACK, which printed $said; EXPECT as it announced.
check_after()
{
    local attack=$1 expect=$2
    case $said in
    refused* | closed)
        [ "$expect" = finished ] && problem "the session was: $said" ;;
    tolerated* | finished*)
        [ "$expect" = any ] || [[ $expect = finished && $said = finished* ]] ||
            problem "the session was: $said" ;;
    *) problem "evil-sender said: $said" ;;
    esac
    gone_or_zombie "$serve_pid" && problem "the server is gone"
    wait_until 20 no_children "$serve_pid" || problem "a child stays behind"
    [ "$(surroundings)" = "$before" ] || {
        problem "something outside the share changed:
$(diff <(echo "$before") <(surroundings))"
        before=$(surroundings)
    }
    [ -e "$share/.zcsync" ] && problem "the staging folder is still there"
    [ -e "$share/kept" ] || problem "a file of the share is gone"
    [ "$(cat "$share/real/f" 2>&1)" = real ] || problem "another one, too"
    [ -h "$share/inner" ] || problem "a symlink is gone"
    [ -e "$share/dry-evil" ] && problem "a dry run changed something"
    if [ "${ZC_SANITIZE:-no}" = no ] &&
        [ "$(cat "$T/peak")" -gt "$MEMORY_MAX_KIB" ]; then
        problem "a child took $(cat "$T/peak") KiB"
    fi
    normal_push
}

attack()
{
    local attack=$1 expect=$2 evil_pid
    local -a problems=()
    prepare_share
    echo 0 >"$T/peak"
    timeout -k 5 90 "$evil" "$addr" www "$attack" >"$T/log/evil" 2>&1 &
    evil_pid=$!
    if [ "$attack" = silent ] || [ "$attack" = drip ]; then
        wait_until 10 grep -q silent "$T/log/evil"
        normal_push
    fi
    wait "$evil_pid"
    said=$(tail -n 1 "$T/log/evil" | tr -d '\0')
    check_after "$attack" "$expect"
    if [ ${#problems[@]} -eq 0 ]; then
        pass "$attack"
    else
        fail "$attack" "$(printf '%s\n' "$said" "${problems[@]}")"
    fi
}

start_serve "www=$share" || skip_all "the server did not start"
before=$(surroundings)
echo 0 >"$T/peak"
watch_memory &
started+=($!)

while read -r name expect; do
    attack "$name" "$expect" </dev/null
done < <(
    if [ "${ZC_PART:-0}" = rounds ]; then
        "$evil" --list | grep ^round-
    else
        "$evil" --list | grep -v ^round- |
            awk -v part="${ZC_PART:-0}" 'NR % 4 == part'
    fi | grep -E "${ZC_ATTACKS:-.}"
)

is "$(rsync_diff "$T/src" "$share/good")" "" "the last push made an equal copy"
nok "no escape sequence reached the server's log" \
    grep -q $'[\033\007]' "$serve_log.err"
stop_serve
is "$rc" 0 "the server ends cleanly"
done_testing
