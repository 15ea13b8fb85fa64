#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One side takes long to read a big file that is to be compared: what is small and
# changes meanwhile does not wait.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
need strace
need_no_sanitizers "cannot be traced with them"
mkdir "$T/a" "$T/b"
random_bytes 16000000 >"$T/a/big"
echo old >"$T/a/small"
start_mirror --fsync=none "$T/a" "$T/b"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/b"
ok "with all there is" wait_until 20 cmp -s "$T/a/big" "$T/b/big"
receiver=$(leaves "$mirror_pid" | tail -n 1)
sender=$(watcher_of "$mirror_pid")

traced() { grep -q '^TracerPid:[[:space:]]*[1-9]' "/proc/$1/status"; }

# slow WHO PID: its reads at some offset take their time, 5 s for the big file
slow()
{
    local pid
    background "strace.$1" strace -f -qq -p "$2" -o /dev/null -e trace=pread64 \
        -e inject=pread64:delay_exit=40000
    wait_until 10 traced "$2" || skip_all "the $1 cannot be traced"
    printf '%s' "$1" | dd of="$T/a/big" bs=1 seek=8000000 conv=notrunc status=none
    sleep 0.1
    for n in 1 2 3; do
        echo "$1 $n" >"$T/a/small"
        ok "slow $1: a small file" wait_until 20 cmp -s "$T/a/small" "$T/b/small"
    done
    nok "before the big one" cmp -s "$T/a/big" "$T/b/big"
    ok "which comes, too" wait_until 60 cmp -s "$T/a/big" "$T/b/big"
    kill -TERM "$pid"
    reap "$pid" 10
    becomes_equal 30 "$T/a" "$T/b" "in the end all is equal"
}
slow receiver "$receiver"
slow sender "$sender"
stop_mirror
like "$rc" "^(0|20)$" "ends"
done_testing
