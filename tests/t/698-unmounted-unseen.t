#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is mounted below the source of a mirror is unmounted, and its mount point
# removed, while the mirror is about to read of something else: it hears of the
# removal first, and the copy stays.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mounts
need strace
need_no_sanitizers "strace and LeakSanitizer do not go together"
cd "$T" || exit
gone_at() # KIND: that is how the source is watched
{
    local kind=$1 n
    mkdir -p "$kind/a/d/mnt" "$kind/a/e/f/mnt" "$kind/disk"
    echo precious >"$kind/disk/it"
    for n in d/mnt e/f/mnt; do
        mount_at --bind "$kind/disk" "$kind/a/$n"
    done
    conf "[mirror m]" "path = $T/$kind/a" "to = $T/$kind/b" "watch = $kind" \
        "compare = never"
    start_daemon
    ok "$kind: in sync" wait_until 20 cmp -s "$kind/b/e/f/mnt/it" "$kind/disk/it"
    waits --timeout=20 m
    # From now on it reads late what it was woken for.
    strace -f -qq -o /dev/null -p "$(watcher m)" \
        -e inject=read:delay_enter=700000 2>/dev/null &
    tracer=$!
    started+=("$tracer")
    traced() { grep -qE '^TracerPid:.*[1-9]' "/proc/$(watcher m)/status"; }
    if ! wait_until 5 traced; then
        skip 6 "strace cannot trace here"
    else
        echo now >"$kind/a/new"
        sleep 0.2
        wait_until 5 umount "$kind/a/d/mnt" && rmdir "$kind/a/d/mnt"
        wait_until 5 umount "$kind/a/e/f/mnt" && rm -r "$kind/a/e"
        echo more >"$kind/a/d/more"
        ok "what is beside it comes" wait_until 20 test -e "$kind/b/d/more"
        kill "$tracer" && wait "$tracer" 2>/dev/null
        ok "status names the place" wait_until 20 field_is m peer.state blocked
        is "$(cat "$kind/b/d/mnt/it")" precious "the copy stays"
        is "$(cat "$kind/b/e/f/mnt/it")" precious \
            "with the directories that led to it, too"
        waits --timeout=1 m
        is "$rc" 30 "and wait says that not all is there"
        mkdir -p "$kind/a/e/f/mnt" "$kind/a/d/mnt"
        for n in d/mnt e/f/mnt; do
            mount_at --bind "$kind/disk" "$kind/a/$n"
        done
        waits --timeout=20 m
        is "$rc" 0 "mounted again: in sync"
    fi
    stop_daemon
    mv daemon.log "$kind.log" 2>/dev/null
    for n in d/mnt e/f/mnt; do
        umount "$kind/a/$n" 2>/dev/null
    done
}
gone_at inotify
if can_fanotify "$T"; then
    gone_at fanotify
else
    skip 7 "this user or kernel cannot watch by fanotify"
fi
done_testing
