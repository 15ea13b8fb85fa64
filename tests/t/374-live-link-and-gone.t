#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file is changed by one of its names, and that name is gone before the mirror
# looks: the other names have what was changed, there, too.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
for watch in inotify fanotify; do
    a=$T/$watch.a b=$T/$watch.b
    mkdir "$a" "$b"
    if [ $watch = fanotify ] && ! can_fanotify "$a"; then
        skip 8 "this user or kernel cannot watch by fanotify"
        continue
    fi
    mkdir "$a/d"
    for n in 1 2 3 4; do
        echo "file $n" >"$a/keeps$n" && ln "$a/keeps$n" "$a/d/goes$n"
    done
    start_mirror --watch=$watch --fsync=none --force-delete "$a" "$b"
    ok "$watch: the mirror comes up" shows_up 20 "$a" "$b"
    becomes_equal 20 "$a" "$b" "$watch: equal"
    watcher=$(watcher_of "$mirror_pid")
    ok "$watch: there is a process that watches" [ -n "$watcher" ]
    kill -STOP "$watcher"
    echo more >>"$a/d/goes1" && rm "$a/d/goes1"
    chmod 4711 "$a/d/goes2" && rm "$a/d/goes2"
    touch -d 2003-03-03 "$a/d/goes3" && echo x >"$a/new" && mv "$a/new" "$a/d/goes3"
    touch -d 2004-04-04 "$a/d/goes4" && mv "$a/d/goes4" "$a/d/moved4"
    kill -CONT "$watcher"
    wait_until 20 looks_equal "$a" "$b"
    for n in 1 2 3 4; do
        is "$(stat -c '%a %s %h %Y' "$b/keeps$n")" "$(stat -c '%a %s %h %Y' "$a/keeps$n")" \
            "$watch: the name that stays, $n"
    done
    becomes_equal 1 "$a" "$b" "$watch: equal at the end"
    stop_mirror
done
done_testing
