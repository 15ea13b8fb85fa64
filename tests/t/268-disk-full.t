#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The destination is full: exit 23, the path and the reason; what fits is done;
# no staging files take the room; with room again, the next run completes it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
mkdir -p "$T/a/z"
many_files "$T/a/small" 50 1000
random_bytes 20000000 >"$T/a/big"
random_bytes 3000 >"$T/a/z/last"

full() # NAME DIR DEST
{
    push_exits 23 "$1" "$T/a" "$3"
    one_sentence 'big.*No space left on device' "one sentence with the path"
    nok "nothing under the final name" [ -e "$2/big" ]
    is "$(find "$2/small" -type f | wc -l)" 50 "small files are there"
    ok "those after it, too" cmp "$T/a/z/last" "$2/z/last"
    ok "all that is there is whole" files_whole "$T/a" "$2"
    ok "no staging folder left" no_litter "$2"
    mount -o remount,size=60m "$2"
    pushes "with room again" "$T/a" "$3"
    ok "equal" same_tree "$T/a" "$2"
}
make_fs tmpfs "$T/b" 8
full "a full disk" "$T/b" "$T/b"
make_fs tmpfs "$T/share" 8
start_serve s="$T/share"
full "a full disk at a server" "$T/share" "zcsync://$addr/s"

# thousands of small files that do not fit: no flood of messages
many_files "$T/many" 3000 4096
mount_at -t tmpfs -o size=4m tmpfs "$T/c"
push_exits 23 "3,000 small files, room for a third" "$T/many" "$T/c"
like "$err" 'No space left' "says why"
ok "in few lines" [ "$(wc -l <"$T/log/err.$runs")" -le 40 ]
ok "what is there is whole" files_whole "$T/many" "$T/c"
ok "and it is not little" [ "$(find "$T/c" -type f | wc -l)" -gt 100 ]
ok "no staging folder left" no_litter "$T/c"
mount -o remount,size=40m "$T/c"
pushes "with room again" "$T/many" "$T/c"
ok "equal" same_tree "$T/many" "$T/c"

mount_at -t tmpfs -o nr_inodes=200 tmpfs "$T/d"
push_exits 23 "no inodes left" "$T/many" "$T/d"
like "$err" 'No space left' "says so"
ok "what is there is whole" files_whole "$T/many" "$T/d"
ok "no staging folder left" no_litter "$T/d"

# a replaced file keeps its old version when the new one does not fit
make_fs tmpfs "$T/e" 8
mkdir "$T/old" && random_bytes 5000000 >"$T/old/big"
pushes "an old version" "$T/old" "$T/e"
push_exits 23 "a new version that does not fit beside the old" "$T/a" "$T/e"
ok "the old version is whole" cmp "$T/old/big" "$T/e/big"
ok "no staging folder left" no_litter "$T/e"
done_testing
