#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hostile sender gets nowhere. After every attack that tests/tools/evil-sender
# knows: the server is alive, now and then serves a push, nothing outside the share
# was touched, no staging folder is left, and no child grew beyond bounds.
# A quarter of the attacks on a push, by $ZC_PART; 152 to 154 are the others.
# 155 has those on the rounds of a mirror: $ZC_PART is "rounds" then.

. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"
. "$here/lib-evil.sh"

need_tools evil-sender
evil=$built/evil-sender

share=$T/around/share
make_around "$share"
mkdir -p "$T/src/dir"
echo good >"$T/src/dir/file"

normal_push()
{
    run "$ZCSYNC" push --timeout=20 "$T/src" "zcsync://$addr/www/good"
    [ "$rc" = 0 ] || problem "a push afterwards: exit $rc, $err"
}

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
    check_memory "a child" "$(cat "$T/peak")"
    now_and_then && normal_push
}

attack()
{
    local attack=$1 expect=$2 evil_pid
    local -a problems=()
    prepare_victim
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
    fi | some_of_them | grep -E "${ZC_ATTACKS:-.}"
)

problems=()
normal_push
is "${problems[*]}$(rsync_diff "$T/src" "$share/good")" "" \
    "the last push made an equal copy"
nok "no escape sequence reached the server's log" \
    grep -q $'[\033\007]' "$serve_log.err"
stop_serve
is "$rc" 0 "the server ends cleanly"
done_testing
