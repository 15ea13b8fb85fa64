#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# contrib/zcsync-inotifywait: mirrors by inotifywait and push --files-from.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need inotifywait
need_tools churn
need_no_sanitizers "what is tried is a script"
script=${TOP_SRCDIR:-$here/../..}/contrib/zcsync-inotifywait
export ZCSYNC

runs_with 0 "-h" "$script" -h
like "$out" '^usage: zcsync-inotifywait' "explains itself"
runs_with 1 "no arguments"  "$script"
like "$err" 'usage' "is told how"
runs_with 1 "no such SRC" "$script" "$T/none" "$T/b"
like "$err" 'none: not a directory' "is named"

make_tree "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
follow() # OPTION...
{
    background script "$script" --batch=0.1 "$@"
    mirror_pid=$pid mirror_log=$T/log/script
}
follow "$T/a" "zcsync://$addr/s" -- --fsync=none --exclude='*.tmp'
becomes_equal 20 "$T/a" "$T/share" "everything is compared at the start"

echo changed >"$T/a/a/one"
rm "$T/a/big"
mkdir -p "$T/a/new/er/dirs" && echo deep >"$T/a/new/er/dirs/file"
echo x >"$T/a/"$'new\nline' && echo x >"$T/a/#x" && echo x >"$T/a/-rf"
echo x >"$T/a/ blanks " && echo x >"$T/a/new/"$'\xff\\'
chmod 600 "$T/a/b/one"
ln -s nowhere "$T/a/dangling" && mkfifo "$T/a/fifo"
becomes_equal 20 "$T/a" "$T/share" "changes follow"
mkdir -p "$T/a/b/deep" && mv "$T/a/b" "$T/a/moved"
becomes_equal 20 "$T/a" "$T/share" "a directory is made and its parent renamed"
echo later >"$T/a/moved/deep/later"
rm -r "$T/a/new"
becomes_equal 20 "$T/a" "$T/share" "changes below its new name follow"
echo no >"$T/a/x.tmp" && echo yes >"$T/a/yes"
ok "a filter" wait_until 20 [ -e "$T/share/yes" ]
nok "hides what it hides" [ -e "$T/share/x.tmp" ]
rm "$T/a/x.tmp"

# much at once; what inotifywait itself misses in new directories is why the
# comparison at the end is one of everything, after an overflow
holds=$(cat /proc/sys/fs/inotify/max_queued_events)
if [ "$holds" -le 100000 ]; then
    waiter=$(children "$mirror_pid" | while read -r p; do
        [ "$(cat "/proc/$p/comm")" = inotifywait ] && echo "$p"
    done)
    ok "there is an inotifywait" [ -n "$waiter" ]
    kill -STOP "$waiter"
    many_files "$T/a/many" $((holds / 2)) 20 10
    for ((n = 0; n < 5; n++)); do
        find "$T/a/moved" -exec touch {} +
    done
    perl -e 'for (1 .. $ARGV[1]) { utime undef, undef, $ARGV[0] . "/yes";
        chmod 0600 + $_ % 2, "$ARGV[0]/a/one" }' "$T/a" "$holds"
    "$churn" --seed 9 --ops 500 --rate 0 "$T/a" >"$T/log/ops"
    kill -CONT "$waiter"
    ok "an overflow is told" wait_until 30 grep -q 'lost events' "$mirror_log.err"
    becomes_equal 60 "$T/a" "$T/share" "and made good for"
else
    skip 3 "a queue of $holds events takes too long to fill"
fi

# a server that goes away and comes back
at=$addr
stop_serve
echo offline >"$T/a/offline"
ok "a failure is told" wait_until 20 grep -q 'ended with exit code' "$mirror_log.err"
start_serve --listen "$at" s="$T/share"
becomes_equal 60 "$T/a" "$T/share" "it tries again until it works"

mapfile -t below < <(family "$mirror_pid")
stop_mirror
is "$rc" 0 "ends when told to"
ok "with all it started" wait_until 10 all_gone "${below[@]}"

# an inotifywait that cannot end names in NUL
cat >"$T/old" <<'OLD'
#!/bin/sh
[ "$1" = --help ] && exec echo "inotifywait 3.14"
exec inotifywait "$@"
OLD
chmod 755 "$T/old"
INOTIFYWAIT=$T/old follow "$T/a" "$T/b" -- --fsync=none
becomes_equal 20 "$T/a" "$T/b" "with an old inotifywait"
echo line >"$T/a/by line"
ok "lines do" wait_until 20 cmp "$T/a/by line" "$T/b/by line"
waiter=$(children "$mirror_pid" | head -n 1)
kill -TERM "$waiter"
reap "$mirror_pid" 20
is "$rc" 1 "without inotifywait it ends"
like "$(cat "$mirror_log.err")" 'inotifywait ended' "and says why"
done_testing
