#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The first name of a hard link group cannot be sent, or is another file by the
# time it is sent: the other names are not waited for in vain.
. "$(dirname "$0")/lib.sh"

need_nobody
mkdir "$T/a" "$T/dest"
echo same >"$T/a/one" && ln "$T/a/one" "$T/a/two" && ln "$T/a/one" "$T/a/z"
echo other >"$T/a/other"
chown -R nobody:nogroup "$T/a" "$T/dest"
chmod 000 "$T/a/one"
runs_with 23 "a group that may not be read" "${nobody[@]}" "$ZCSYNC" push \
    "$T/a" "$T/dest/b"
like "$err" 'Permission denied' "says so"
is "$(cat "$T/dest/b/other")" other "the rest is there"
ok "no staging folder left" no_litter "$T/dest/b"
chmod 644 "$T/a/one"
runs_with 0 "the next run" "${nobody[@]}" "$ZCSYNC" push "$T/a" "$T/dest/b"
ok "equal" same_tree "$T/a" "$T/dest/b"

mkdir "$T/c"
random_bytes 6000000 >"$T/c/aaa"
echo old >"$T/c/l1" && ln "$T/c/l1" "$T/c/l2" && ln "$T/c/l1" "$T/c/l3"
echo new >"$T/new"
background push "$ZCSYNC" push --bwlimit=3M "$T/c" "$T/d"
push_pid=$pid
wait_until 10 [ -d "$T/d/.zcsync" ]
mv "$T/new" "$T/c/l1"
reap "$push_pid" 30
like "$rc" '^(0|24)$' "the leader is replaced: exit $rc"
pushes "the next run" "$T/c" "$T/d"
ok "equal" same_tree "$T/c" "$T/d"
ok "no staging folder left" no_litter "$T/d"
done_testing
