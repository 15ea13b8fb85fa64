#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Directories that get their files before anybody can watch them, by the
# hundred, some renamed or removed at once.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
mkdir a
trees() # PREFIX
{
    local n d
    for ((n = 0; n < 100; n++)); do
        d=a/$1$((n % 5))/$n/x/y/z
        mkdir -p "$d"
        echo "$n" >"$d/file"
        echo "$n" >"a/$1$((n % 5))/$n/x/file"
        case $((n % 4)) in
        1) mv "a/$1$((n % 5))/$n/x" "a/$1$((n % 5))/$n/moved" ;;
        2) rm -r "a/$1$((n % 5))/$n" ;;
        3)
            mv "a/$1$((n % 5))/$n" "a/$1$((n % 5))-$n"
            echo more >"a/$1$((n % 5))-$n/x/y/more"
            ;;
        esac
    done
}
kinds=(inotify)
can_fanotify "$T" && kinds+=(fanotify)
for kind in "${kinds[@]}"; do
    rm -rf b
    start_mirror -v --watch=$kind a b
    ok "$kind: in sync" wait_until 20 grep -q 'b: in sync' "$mirror_log.err"
    trees $kind
    ok "all of it is there" mirrored a b
    (trees "$kind-one") & (trees "$kind-two") &
    wait %2 %3 2>/dev/null
    ok "and again, two at a time" mirrored a b
    stop_mirror
    ok "equal at the end" same_tree a b
done
[ ${#kinds[@]} = 2 ] || skip 4 "no fanotify for this user or kernel"
done_testing
