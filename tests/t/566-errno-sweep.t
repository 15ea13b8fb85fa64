#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# System calls that fail, one at a time: an exit code of 0 means that the trees
# are equal, a mirror gets there by itself, nothing hangs or crashes. A selection;
# "make check-errno" tries all of them (ZC_BIG=1).
. "$(dirname "$0")/lib.sh"

need strace rsync setfattr
need_no_sanitizers "strace and the leak checker do not go together"
strace -f -qq -o /dev/null true || skip_all "strace cannot trace here"

sweep() # NAME OPTION...
{
    local name=$1
    shift
    ok "$name" "$tools/errno-sweep.pl" "$@" "$ZCSYNC" "$T"
}

if [ "$BIG" != 0 ]; then
    for case in push delete mirror; do
        sweep "$case: every call, every error" --case="$case"
    done
    done_testing
fi
sweep "what a push with deletions looks at" --case=delete --errnos=EIO --upto=3 \
    --calls='^(statx|getdents64|flistxattr|linkat|renameat2?|unlinkat)$'
sweep "what has attributes, or not" --case=push --errnos=EOPNOTSUPP --upto=2 \
    --calls='xattr|fchmod|fchown|utimens|fallocate|fsync|syncfs|mknod|mkdir'
sweep "reads and writes" --case=push --errnos=ETIMEDOUT --upto=2 \
    --calls='^(pread64|read|sendfile|splice|write|pwrite64|openat2|recvfrom|sendmsg)$'
sweep "metadata that a mirror's destination could not set at that moment" \
    --case=mirror --errnos=ETIMEDOUT --upto=2 --calls='^(fchmod|fsetxattr)$'
sweep "a mirror" --case=mirror --errnos=EIO --upto=2 --calls='^getdents64$'
done_testing
