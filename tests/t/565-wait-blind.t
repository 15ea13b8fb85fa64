#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync wait does not return 0 for what was written into a directory that could
# not be looked at or listed when it came: that is looked at again first.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need strace
need_no_sanitizers "strace and the leak checker do not go together"
cd "$T" || exit
strace -f -qq -o /dev/null true || skip_all "strace cannot trace here"
mkdir -p a/sub/deep b

# blind NAME STRACE-OPTION...: a daemon whose calls fail like that
blind()
{
    local name=$1 n bad=0
    shift
    rm -rf a/sub b && mkdir -p a/sub/deep b
    conf "[mirror one]" "path = $T/a" "to = $T/b" "watch = $watch"
    with=(strace -D -f -qq -o "$T/log/strace" "$@")
    start_daemon
    waits --timeout=30 one
    is "$rc" 0 "$name: the first round"
    for n in 1 2 3 4; do
        mkdir a/sub/deep/d$n && echo "$n" >a/sub/deep/d$n/new &&
            echo "$n" >a/sub/deep/last
        waits --timeout=30 one
        [ "$rc" = 0 ] && cmp -s a/sub/deep/d$n/new b/sub/deep/d$n/new &&
            cmp -s a/sub/deep/last b/sub/deep/last || bad=$((bad + 1))
    done
    is "$bad" 0 "what wait has waited for is there"
    stop_daemon
}

for watch in inotify fanotify; do
    if [ $watch = fanotify ] && ! can_fanotify "$T"; then
        skip 8 "this user or kernel cannot watch by fanotify"
        continue
    fi
    for eno in EIO EMFILE; do
        for when in 1 2; do
            blind "$watch, list $when fails with $eno" -P "$T/a/sub" \
                -e inject=getdents64:error=$eno:when=$when
        done
    done
done
done_testing
