#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A big file is on its way to the disk while it comes, all of it, so that little is left
# to wait for in the end; not with --fsync=none, and never before its bytes are there.
. "$(dirname "$0")/lib.sh"

need strace perl
need_no_sanitizers "strace and the leak checker do not go together"
mkdir "$T/a"
random_bytes 20000001 >"$T/a/big"
random_bytes 3000000 >"$T/a/smaller"

# The bytes for which writing was begun, as far as one range follows the other.
begun()
{
    perl -ne '/sync_file_range\((\d+), (\d+), (\d+), SYNC_FILE_RANGE_WRITE\)/ or next;
        $end{$1} = $2 + $3 if $2 == ($end{$1} // 0);
        END { print join(",", sort values %end) }' "$1"
}
pushed() # NAME OPTION...
{
    local name=$1
    shift
    run strace -f -qq -o "$T/log/$name" -e trace=sync_file_range "$ZCSYNC" push "$@" "$T/a" "$T/$name"
    is "$rc" 0 "push $*"
    ok "equal" same_tree "$T/a" "$T/$name"
}
# sent, not cloned, wherever the test runs
pushed b --bwlimit=1G
is "$(begun "$T/log/b")" 20000001 "all of the big file, and of no other"
pushed d --bwlimit=1G --fsync=none
is "$(begun "$T/log/d")" "" "not with --fsync=none"
done_testing
