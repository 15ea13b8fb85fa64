#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The nasty tree between ext4, xfs, btrfs and tmpfs, in both directions.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"
. "$here/lib-nasty.sh"
. "$here/lib-sparse.sh"

need rsync getfattr setfattr setfacl
need_mounts
make_nasty_tree "$T/a"

for type in ext4 xfs btrfs tmpfs; do
    if ! make_fs "$type" "$T/$type"; then
        skip 6 "no $type here"
        continue
    fi
    pushes "to $type" "$T/a" "$T/$type/b"
    ok "equal" same_tree "$T/a" "$T/$type/b"
    ok "holes kept" holes_kept "$T/a" "$T/$type/b"
    before=$(ctimes "$T/$type/b")
    pushes "again" "$T/a" "$T/$type/b"
    is "$(ctimes "$T/$type/b")" "$before" "nothing touched"
    pushes "from $type" "$T/$type/b" "$T/from-$type"
    ok "equal" same_tree "$T/$type/b" "$T/from-$type"
    ok "no staging folder left" no_litter "$T/$type"
    rm -rf "$T/from-$type"
done
done_testing
