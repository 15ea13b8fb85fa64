#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# DEST inside SRC, or SRC itself, however it is spelled: exit 3, one sentence,
# nothing written.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

make_tree "$T/a"
before=$(ctimes "$T/a")
ln -s a "$T/link"
inside() # NAME SRC DEST
{
    push_exits 3 "$1" "$2" "$3"
    one_sentence "inside|same" "says so"
    is "$(ctimes "$T/a")" "$before" "nothing was written"
}
inside "DEST inside SRC" "$T/a" "$T/a/c/new"
inside "an existing directory inside SRC" "$T/a" "$T/a/c"
inside "through a symlink" "$T/a" "$T/link/c"
inside "SRC through a symlink" "$T/link/" "$T/a/c/x"
inside "with dots" "$T/a" "$T/a/c/../b/new"
cd "$T/a/c" || exit
inside "relative" .. new
inside "SRC itself" "$T/a" "$T/a"
inside "SRC itself, spelled otherwise" "$T/link/" "$T/a/b/.."
if [ "$(id -u)" = 0 ] && mount_at --bind "$T/a" "$T/bound"; then
    inside "through a bind mount" "$T/a" "$T/bound/c"
    umount "$T/bound"
else
    skip 3 "cannot mount"
fi
push_exits 3 "a file onto itself" "$T/a/big" "$T/a/b/../big"
one_sentence "same" "says so"
push_exits 3 "a file into its own directory" "$T/a/big" "$T/a"
one_sentence "same" "says so"
is "$(ctimes "$T/a")" "$before" "nothing was written"
push_exits 3 "--delete onto a parent of SRC" --delete "$T/a/c" "$T/a"
one_sentence "inside" "says so"
is "$(ctimes "$T/a")" "$before" "nothing was deleted"
mkdir "$T/a-sibling"
pushes "a name that only begins alike" "$T/a" "$T/a-sibling"
ok "equal" same_tree "$T/a" "$T/a-sibling"
done_testing
