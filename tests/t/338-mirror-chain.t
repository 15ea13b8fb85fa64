#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A -> B -> C: what a mirror applies, the next one passes on; the staging folder
# in between is never passed on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
cd "$T" || exit
make_tree a
mkdir b c
start_serve c="$T/c"
kinds=(inotify)
can_fanotify "$T" && kinds+=(fanotify)
for kind in "${kinds[@]}"; do
    start_mirror --watch=$kind a b
    first=$mirror_pid
    start_mirror -i --watch=$kind b "zcsync://$addr/c"
    ok "$kind: from end to end" mirrored a c
    many_files a/many-$kind 500 1000
    random_bytes 3000000 >a/big
    mv a/c a/cc && rm -rf a/a && mkdir -p a/a/b/c && ln a/big a/a/b/c/big
    mv a/cc a/c
    ok "$kind: much" mirrored a c
    for n in 1 2 3 4 5; do
        echo $n >a/f.$n && mv a/f.$n a/f && echo more >>a/f
    done
    ok "$kind: little" mirrored a c
    kill -TERM "$first" && reap "$first"
    stop_mirror
    unlike "$(cat "$mirror_log.out")" '\.zcsync' "the staging folder was not passed on"
    ok "equal in the middle" same_tree a b
    ok "equal at the end" same_tree a c
    ok "no staging folder left" no_litter_soon .
done
[ ${#kinds[@]} = 2 ] || skip 7 "no fanotify for this user or kernel"
done_testing
