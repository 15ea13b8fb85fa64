#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The destination is mounted read-only: exit 23 or 11, the reason, few lines;
# writable again, the next run completes it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
many_files "$T/a" 500 100
make_fs tmpfs "$T/b" 50
make_fs tmpfs "$T/share" 50
start_serve s="$T/share"
for dest in "$T/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    mount -o remount,ro "$dir"
    push_exits '23|11' "a read-only file system" "$T/a" "$dest"
    like "$err" 'Read-only file system' "says why"
    ok "in few lines" [ "$(wc -l <"$T/log/err.$runs")" -le 40 ]
    mount -o remount,rw "$dir"
    pushes "writable again" "$T/a" "$dest"
    ok "equal" same_tree "$T/a" "$dir"
    mount -o remount,ro "$dir"
    pushes "nothing to do is no error" "$T/a" "$dest"
    echo new >"$T/a/new"
    push_exits '23|11' "one new file" "$T/a" "$dest"
    like "$err" 'new.*Read-only file system' "is named"
    ok "with little else" [ "$(wc -l <"$T/log/err.$runs")" -le 3 ]
    mount -o remount,rw "$dir"
    rm "$T/a/new"
done

make_fs tmpfs "$T/ro" 50
many_files "$T/ro/a" 50 100
mount -o remount,ro "$T/ro"
pushes "a read-only source is no trouble" "$T/ro/a" "$T/c"
ok "equal" same_tree "$T/ro/a" "$T/c"
done_testing
