#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A hostile receiver cannot hurt a sender: whatever tests/tools/evil-receiver
# answers, push ends in time, with the right exit code and one clear sentence,
# with bounded memory, and nothing odd reaches the terminal. With
# $ZC_PART=rounds (156) the sender is that of a mirror, tests/tools/rounds.

. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"
. "$here/lib-evil.sh"

need_tools evil-receiver rounds
evil=$built/evil-receiver rounds=$built/rounds

LIMIT=60

# The tree that evil-receiver expects; 1234 is not a name anybody has.
mkdir -p "$T/src/a-dir"
echo inside >"$T/src/a-dir/inside"
echo small >"$T/src/b-small"
head -c 3145728 /dev/urandom >"$T/src/c-big"
ln -s b-small "$T/src/d-link"
echo last >"$T/src/e-small"
before=$(listing "$T/src")

check_sentence()
{
    local lines
    lines=$(grep -c . "$T/log/push.err")
    case $rc in
    0 | 23 | 24) ;;
    *)
        [ "$lines" -ge 1 ] || problem "no sentence"
        [[ $attack != *flood && $attack != note* &&
            $attack != again-for-ever && $lines -gt 1 ]] &&
            problem "more than one sentence: $(cat "$T/log/push.err")"
        ;;
    esac
    [ "$lines" -le 1000 ] || problem "$lines lines on stderr"
    grep -qv '^zcsync' "$T/log/push.err" &&
        problem "not a sentence of ours: $(grep -v '^zcsync' "$T/log/push.err")"
    grep -q $'[\033\007\r]' "$T/log/push.err" "$T/log/push.out" &&
        problem "control bytes came through"
}

attack()
{
    local attack=$1 codes=$2 evil_pid timeout=25 dry=
    local -a problems=()
    [ "$codes" = 30 ] && timeout=2
    [[ $attack = dry-* ]] && dry=-n
    rm -f "$T/log/evil.out"
    background evil "$evil" "$attack"
    evil_pid=$pid
    if ! wait_until 10 grep -qs '^listening' "$T/log/evil.out"; then
        fail "$attack" "evil-receiver does not listen"
        return
    fi
    addr=$(sed -n 's/^listening //p' "$T/log/evil.out")

    if [ "${ZC_PART:-}" = rounds ]; then
        background push "$rounds" "$addr" www "$T/src"
    else
        background push "$ZCSYNC" push $dry -i --delete --timeout=$timeout \
            "$T/src" "zcsync://$addr/www"
    fi
    watch_client push
    [[ $rc =~ ^($codes)$ ]] ||
        problem "exit code $rc, wanted $codes: $(head -c 600 "$T/log/push.err")"
    check_sentence
    check_memory push "$peak"
    kill "$evil_pid" 2>/dev/null
    wait "$evil_pid" 2>/dev/null
    if [ ${#problems[@]} -eq 0 ]; then
        pass "$attack: $(tail -n 1 "$T/log/push.err" | cut -c 1-100)"
    else
        fail "$attack" "$(printf '%s\n' "${problems[@]}")"
    fi
}

while read -r name codes; do
    attack "$name" "$codes" </dev/null
done < <(
    if [ "${ZC_PART:-}" = rounds ]; then
        "$evil" --list | grep ^round-
    else
        "$evil" --list | grep -v ^round-
    fi | some_of_them | grep -E "${ZC_ATTACKS:-.}"
)

is "$(listing "$T/src")" "$before" "the source was not touched"
done_testing
