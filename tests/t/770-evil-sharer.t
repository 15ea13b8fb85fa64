#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A hostile sharer gets nowhere with who pulls from it: whatever tests/tools/
# evil-sharer sends, nothing is written or deleted but what was asked for, nothing
# outside DEST is touched, the pull ends in time, with bounded memory and the right
# exit code, which is 0 only where all was done, and nothing odd reaches the
# terminal. 771 has the attacks that senders which dial know, too.
. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"

need_tools evil-sharer
evil=$built/evil-sharer

MEMORY_MAX_KIB=$((100 * 1024))
LIMIT=30

around=$T/around
dest=$around/dest
mkdir -p "$dest" "$around/outside/sub"
echo 'not yours' >"$around/sentinel"
echo 'not yours' >"$around/outside/sentinel"
chmod 700 "$around/outside"
printf 'one\ndir\n' >"$T/list"

surroundings()
{
    find "$around" -path "$dest" -prune -o \
        -printf '%P %y %m %U %G %s %T@ %C@ %l\n' | sort
    cat "$around/sentinel" "$around/outside/sentinel"
}

prepare_dest()
{
    find "$dest" -mindepth 1 -delete
    echo kept >"$dest/kept"
    ln -s "$around/outside" "$dest/planted"
    ln -s real "$dest/inner"
    mkdir -p "$dest/real" "$dest/dir1/sub" "$dest/dir2"
    echo real | tee "$dest/real/f" "$dest/dir1/f" >"$dest/dir2/f"
    echo 1234 >"$dest/file1"
    touch -d @1700000000.123456789 "$dest/file1"
}

problem() { problems+=("$*"); }

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
    if [ "${ZC_SANITIZE:-no}" = no ] && [ "$peak" -gt "$MEMORY_MAX_KIB" ]; then
        problem "a process took $peak KiB"
    fi
    grep -q $'[\033\007]' "$T/log/pull.err" "$T/log/pull.out" &&
        problem "control bytes came through"
    [ "$(wc -l <"$T/log/pull.err")" -le 1000 ] || problem "too many lines"
    case $rc in
    0 | 23 | 24) ;;
    *) grep -q '^zcsync' "$T/log/pull.err" || problem "no sentence" ;;
    esac
}

# Waits for the pull to end, and watches how much memory its processes take.
watch_pull()
{
    local end=$((SECONDS + LIMIT)) key value rest p
    peak=0
    while ! gone_or_zombie "$pid" && [ "$SECONDS" -lt "$end" ]; do
        for p in "$pid" $(children "$pid"); do
            while read -r key value rest; do
                [ "$key" = VmHWM: ] && [ "$value" -gt "$peak" ] && peak=$value
            done 2>/dev/null <"/proc/$p/status"
        done
        sleep 0.05
    done
    reap "$pid" 0
    [ "$rc" = 137 ] && problem "pull hung for $LIMIT seconds"
}

attack()
{
    local attack=$1 codes=$2 timeout=20 evil_pid
    local -a problems=() words
    [ "$codes" = 30 ] && timeout=2
    prepare_dest
    rm -f "$T/log/evil"
    start_listening "$T/log/evil" timeout -k 5 90 "$evil" "$attack" || {
        fail "$attack" "evil-sharer does not listen"
        return
    }
    evil_pid=$pid
    asks_for "$attack"
    background pull "$ZCSYNC" pull --timeout=$timeout "${words[@]}"
    watch_pull
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
    fi | grep -E "${ZC_ATTACKS:-.}"
)
done_testing
