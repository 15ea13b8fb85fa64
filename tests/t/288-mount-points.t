#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Mount points inside the destination: a rename does not cross them, files below
# them arrive whole all the same, and no staging folder is left in any of them.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
make_tree "$T/a"
many_files "$T/a/c/deep/many" 300 2000
random_bytes 3000000 >"$T/a/c/deep/er/large"
mkdir -p "$T/share/c/deep"
mount_at -t tmpfs -o size=50m,mode=755 tmpfs "$T/share/c/deep" || skip_all "no tmpfs"
start_serve s="$T/share"
pushes "a tree across a mount point" "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
ok "no staging folder left" no_litter "$T/share"
echo changed >>"$T/a/c/deep/er/large"
rm -r "$T/a/c/deep/many/d001"
ln "$T/a/c/deep/er/one" "$T/a/c/deep/er/linked"
before=$(stat -f -c %T "$T/share/c/deep")
pushes "an update" --delete "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
is "$(stat -f -c %T "$T/share/c/deep")" "$before" "still mounted"
ok "no staging folder left" no_litter "$T/share"

# a hard link that cannot cross: a copy, or a word about it
ln "$T/a/big" "$T/a/c/deep/big-link"
push "$T/a" "zcsync://$addr/s"
like "$rc" '^(0|23)$' "a hard link across file systems: exit $rc"
if [ "$rc" = 0 ]; then
    ok "is a copy" cmp "$T/a/big" "$T/share/c/deep/big-link"
else
    like "$err" 'c/deep/big-link' "is named"
fi
ok "no staging folder left" no_litter "$T/share"
done_testing
