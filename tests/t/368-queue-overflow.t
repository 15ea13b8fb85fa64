#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# inotify loses events, once because the mirror was stopped while more came than
# its queue holds, once because that holds 16: nothing is missed for good.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_tools churn
queue=/proc/sys/fs/inotify/max_queued_events
holds=$(cat $queue)
[ "$holds" -le 100000 ] || skip_all "a queue of $holds events takes too long to fill"
files=$((BIG ? 100000 : holds / 3 + 500))
mkdir -p "$T/a/churn" "$T/b"
"$churn" --seed 3 --ops 500 --rate 0 "$T/a/churn" >"$T/log/ops"
start_mirror --watch=inotify --fsync=none --force-delete "$T/a" "$T/b"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/b"
becomes_equal 20 "$T/a" "$T/b" "equal, to begin with"

watcher=$(watcher_of "$mirror_pid")
ok "there is a process that watches" [ -n "$watcher" ]
kill -STOP "$watcher"
many_files "$T/a/many" "$files" 20 20
"$churn" --seed 4 --ops 1000 --rate 0 "$T/a/churn" >"$T/log/ops"
kill -CONT "$watcher"
becomes_equal 60 "$T/a" "$T/b" "all of $files new files and 1000 changes after an overflow"
ok "still watching" shows_up 15 "$T/a" "$T/b"
stop_mirror

# The limit is taken when a process begins to watch, so others feel it but for a
# moment; it is put back whatever happens.
if [ "$(id -u)" = 0 ] && [ -w $queue ]; then
    trap 'echo $holds >$queue; cleanup' EXIT
    mkdir "$T/c"
    echo 16 >$queue
    start_mirror --watch=inotify --fsync=none --force-delete "$T/a" "$T/c"
    ok "a mirror with a queue of 16" wait_until 20 watcher_of "$mirror_pid"
    echo "$holds" >$queue
    ok "comes up" shows_up 30 "$T/a" "$T/c"
    [ "$BIG" = 0 ] && files=2000
    many_files "$T/a/more" "$files" 20 20
    "$churn" --seed 5 --ops 1000 --rate 0 "$T/a/churn" >"$T/log/ops"
    becomes_equal 120 "$T/a" "$T/c" "follows $files new files and 1000 changes"
    ok "still watching" shows_up 15 "$T/a" "$T/c"
    stop_mirror
else
    skip 4 "needs root to lower fs.inotify.max_queued_events"
fi
done_testing
