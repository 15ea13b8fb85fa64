#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hostile sharer gets nowhere with who pulls from it: whatever tests/tools/
# evil-sharer sends, nothing is written or deleted but what was asked for, nothing
# outside DEST is touched, the pull ends in time, with bounded memory and the right
# exit code, which is 0 only where all was done, and nothing odd reaches the
# terminal. 771 has the attacks that senders which dial know, too.
. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"
. "$here/lib-evil.sh"

need_tools evil-sharer
evil=$built/evil-sharer

LIMIT=60

dest=$T/around/dest
make_around "$dest"
printf 'one\ndir\n' >"$T/list"

# What a pull is asked for, by the first word of the attack.
asks_for()
{
    local sub=
    words=(-v)
    case $1 in
    file-delete-*) sub=/one words+=(--delete) ;;
    file-*) sub=/one ;;
    files-delete-*) words+=(--delete --files-from="$T/list") ;;
    files-*) words+=(--files-from="$T/list") ;;
    filter-merge-*) words+=(--exclude='*.o' --filter=': .rules') ;;
    filter-*) words+=(--exclude='*.o') ;;
    delete-*) words+=(--delete) ;;
    dry-*) words+=(-n) ;;
    *stats*) words+=(--stats --progress) ;;
    esac
    words+=("zcsync://$listens/s$sub" "$dest")
}

check_after()
{
    [ "$(surroundings)" = "$before" ] || {
        problem "something outside DEST changed:
$(diff <(echo "$before") <(surroundings))"
        before=$(surroundings)
    }
    [ -e "$dest/.zcsync" ] && problem "the staging folder is still there"
    [ "$(cat "$dest/kept" 2>&1)" = kept ] || problem "a file of DEST is gone"
    [ "$(cat "$dest/real/f" 2>&1)" = real ] || problem "another one, too"
    [ -h "$dest/inner" ] || problem "a symlink is gone"
    [ -e "$dest/authorized_keys" ] && problem "there is what was not asked for"
    check_memory "a process" "$peak"
    grep -q $'[\033\007]' "$T/log/pull.err" "$T/log/pull.out" &&
        problem "control bytes came through"
    [ "$(wc -l <"$T/log/pull.err")" -le 1000 ] || problem "too many lines"
    case $rc in
    0 | 23 | 24) ;;
    *) grep -q '^zcsync' "$T/log/pull.err" || problem "no sentence" ;;
    esac
}

attack()
{
    local attack=$1 codes=$2 timeout=20 evil_pid
    local -a problems=() words
    [ "$codes" = 30 ] && timeout=2
    prepare_victim
    rm -f "$T/log/evil"
    start_listening "$T/log/evil" timeout -k 5 90 "$evil" "$attack" || {
        fail "$attack" "evil-sharer does not listen"
        return
    }
    evil_pid=$pid
    asks_for "$attack"
    background pull "$ZCSYNC" pull --timeout=$timeout "${words[@]}"
    watch_client pull
    [[ $rc =~ ^($codes)$ ]] || problem "exit code $rc, wanted $codes"
    check_after
    kill "$evil_pid" 2>/dev/null
    wait "$evil_pid" 2>/dev/null
    if [ ${#problems[@]} -eq 0 ]; then
        pass "$attack: $(tail -n 1 "$T/log/pull.err" | cut -c 1-100)"
    else
        fail "$attack" "$(printf '%s\n' "${problems[@]}"
            head -c 600 "$T/log/pull.err")"
    fi
}

before=$(surroundings)
while read -r name codes; do
    attack "$name" "$codes" </dev/null
done < <(
    if [ "${ZC_PART:-}" = senders ]; then
        "$evil" --list | grep ^sender-
    else
        "$evil" --list | grep -v ^sender-
    fi | some_of_them | grep -E "${ZC_ATTACKS:-.}"
)
done_testing
