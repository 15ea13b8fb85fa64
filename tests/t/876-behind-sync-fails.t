#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsync=behind where the disk does not take what it was given: that is said, nothing
# counts as durable, and when the disk is well again so is the mirror.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need_no_sanitizers "strace does not go with the leak check"
need strace
mkdir "$T/a" "$T/share"
start_serve s="$T/share"
start_mirror --fsync=behind "$T/a" "zcsync://$addr/s"
echo one >"$T/a/f"
ok "the mirror comes up" wait_until 30 cmp -s "$T/a/f" "$T/share/f"

background strace strace -f -qq -o "$T/log/syncs" -e trace=syncfs \
    -e inject=syncfs:error=EIO -p "$serve_pid"
strace_pid=$pid
traced() { ! grep -q '^TracerPid:[[:space:]]*0$' "/proc/$serve_pid/status"; }
wait_until 20 traced || {
    reap "$strace_pid" 5
    skip_all "strace may not attach: $(head -n 1 "$T/log/strace.err")"
}
# the session that is there already has a process of its own
ended=$(cat "/proc/$serve_pid/task"/*/children)
# shellcheck disable=SC2086
kill -KILL $ended
echo two >"$T/a/f"
ok "it is said" wait_until 30 grep -q 'cannot sync to stable storage' "$mirror_log.err"
ok "the mirror goes on" mirror_runs
marked() { find "$T/share/.zcsync/unsynced" -type f ! -name .gitignore 2>/dev/null | grep -q .; }
ok "and it is kept in mind" wait_until 30 marked
kill -INT "$strace_pid"
reap "$strace_pid" 20
echo three >"$T/a/g"
ok "the disk is well again" wait_until 90 cmp -s "$T/a/g" "$T/share/g"
becomes_equal 60 "$T/a" "$T/share" "all is there"
stop_mirror
is "$rc" 0 "the mirror ends"
ok "nothing is in doubt" no_litter_soon "$T/share"
done_testing
