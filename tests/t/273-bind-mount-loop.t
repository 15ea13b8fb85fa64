#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A directory that contains itself by a bind mount: exit 23, one sentence with
# its path, the rest done, once.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
make_tree "$T/a"
mkdir "$T/a/c/loop" "$T/share"
mount_at --bind "$T/a" "$T/a/c/loop" || skip_all "cannot bind mount"
start_serve s="$T/share"
for dest in "$T/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    push_exits 23 "a loop" "$T/a" "$dest"
    one_sentence 'c/loop.*(loop|parents)' "names it"
    ok "the rest was done" cmp "$T/a/big" "$dir/big"
    nok "once" [ -e "$dir/c/loop/big" ]
    ok "no staging folder left" no_litter "$dir"
done
umount "$T/a/c/loop"
pushes "without the loop" "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"

# the same directory twice, but no loop: simply there twice
mkdir "$T/a/twice"
mount_at --bind "$T/a/b" "$T/a/twice"
pushes "a bind mount that is no loop" --no-hard-links "$T/a" "$T/d"
ok "its content is there" cmp "$T/a/b/two" "$T/d/twice/two"
umount "$T/a/twice"
done_testing
