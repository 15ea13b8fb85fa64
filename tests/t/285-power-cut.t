#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power fails: what a push that exited 0 wrote is there, and a push in the middle
# leaves whole versions only, old or new.

# In a mount namespace of its own: one that another test makes meanwhile would
# hold on to a copy of these mounts, and to the dead file system with it.
if [ -z "${ZC_OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
    ZC_OWN_MOUNTS=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
need xfs_io
need_no_sanitizers "takes long with sanitizers"
cut_power() # DIR: without a sync, then mounted again
{
    local source
    source=$(findmnt -no SOURCE "$1")
    image=$(losetup -nO BACK-FILE "$source")
    xfs_io -x -c shutdown "$1" 2>"$T/log/shutdown"
    wait_until 10 umount "$1"
    mount -o loop "$image" "$1"
    rm -rf "$1/lost+found"
}
many_files "$T/a" 500 3000 20
make_tree "$T/a/tree"
for n in 1 2 3; do random_bytes 8000000 >"$T/a/large$n"; done
mkdir "$T/old"
cp -a "$T/a/." "$T/old"
find "$T/old" -type f -exec sh -c 'for f; do echo old >"$f"; done' sh {} +
find "$T/old" -exec touch -h -d 2001-01-01 {} +

# every file of B is A's version or OLD's, whole
old_or_new() # B
{
    local f
    (
        cd "$1" || exit
        find . -name .zcsync -prune -o -type f -print
    ) | while IFS= read -r f; do
        cmp -s "$T/a/$f" "$1/$f" || cmp -s "$T/old/$f" "$1/$f" ||
            { echo "$f is neither the old nor the new version"; exit 1; }
    done
}

for type in ext4 xfs; do
    disk=$T/$type
    if ! make_fs $type "$disk" 400 || ! xfs_io -x -c "help shutdown" 2>/dev/null |
        grep -q shutdown; then
        skip 1 "no $type, or no way to cut its power"
        continue
    fi
    for mode in batch file; do
        # The order of things is the same on both.
        [ $mode$type$BIG != filexfs0 ] || continue
        find "$disk" -mindepth 1 -delete
        sync -f "$disk"
        pushes "$type: --fsync=$mode, into an empty directory" --fsync=$mode \
            "$T/a" "$disk"
        cut_power "$disk"
        ok "$type: all is there after the power cut" same_tree "$T/a" "$disk"
        ok "$type: no staging folder" no_litter "$disk"
        find "$disk" -mindepth 1 -delete
        cp -a "$T/old/." "$disk"
        sync -f "$disk"
        pushes "$type: --fsync=$mode, an update" --fsync=$mode "$T/a" "$disk"
        cut_power "$disk"
        ok "$type: all is there after the power cut" same_tree "$T/a" "$disk"
    done

    for n in 1 2 3 4; do
        find "$disk" -mindepth 1 -delete
        ((n % 2)) || cp -a "$T/old/." "$disk"
        sync -f "$disk"
        "$ZCSYNC" push "$T/a" "$disk" >"$T/log/cut" 2>&1 &
        push_pid=$!
        perl -e 'select undef, undef, undef, rand 0.25'
        xfs_io -x -c shutdown "$disk" 2>/dev/null
        reap "$push_pid" 30
        [ "$rc" != 137 ] || fail "the push hangs after the power cut"
        was=$rc
        cut_power "$disk"
        ok "$type: cut in the middle ($was): old or new, nothing between" \
            old_or_new "$disk"
        pushes "$type: the next run" "$T/a" "$disk"
        ok "$type: equal" same_tree "$T/a" "$disk"
        ok "$type: no staging folder" no_litter "$disk"
    done
done
done_testing
