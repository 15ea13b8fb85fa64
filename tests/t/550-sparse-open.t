#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sparse files that are compared by their bytes: because somebody has them open
# for writing, or as -c asks. Their holes are not read: these have 400 GB of them,
# which would take minutes.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-sparse.sh"

size=$((400 << 30))
mkdir "$T/a" "$T/share"
truncate -s "$size" "$T/a/img" || skip_all "no room for a sparse file of 400 GB"
random_bytes 3000000 | dd of="$T/a/img" bs=1M seek=5000 conv=notrunc status=none
start_serve s="$T/share"

# same_at DIR N...: 5 MiB from block N of 64 KiB on; all of it would take too long
same_at()
{
    local dir=$1 at
    shift

    [ "$(stat -c %s "$dir/img")" = "$(stat -c %s "$T/a/img")" ] || return
    for at; do
        cmp <(dd if="$T/a/img" bs=64K skip="$at" count=80 status=none) \
            <(dd if="$dir/img" bs=64K skip="$at" count=80 status=none) || return
    done
}

exec 5<>"$T/a/img" # as a virtual machine has its disk
for dest in "zcsync://$addr/s" "$T/b"; do
    dir=${dest/#zcsync*/$T/share}
    pushes "a sparse file that is open for writing" "$T/a" "$dest"
    ok "the data" same_at "$dir" 0 79990 80020
    ok "holes kept" holes_kept "$T/a" "$dir"
    stamp=$(stat -c '%Y %i' "$dir/img")
    pushes "by its bytes" -c "$T/a" "$dest"
    is "$(stat -c '%Y %i' "$dir/img")" "$stamp" "nothing is sent for nothing"
    printf x | dd of="$T/a/img" bs=1 seek=$((200 << 30)) conv=notrunc status=none
    touch -r "$dir/img" "$T/a/img" # size and time are the same
    pushes "one byte in the middle of a hole, by its bytes" -c "$T/a" "$dest"
    ok "is there" same_at "$dir" 79990 3276790
    fallocate -p -o $((200 << 30)) -l 65536 "$T/a/img" 2>/dev/null
    touch -r "$dir/img" "$T/a/img"
    pushes "a hole instead of it" -c "$T/a" "$dest"
    ok "is there" same_at "$dir" 79990 3276790
done

# what is a hole here are zeros there: the same bytes
fallocate -z -o $((300 << 30)) -l 1M "$T/b/img" 2>/dev/null ||
    dd if=/dev/zero of="$T/b/img" bs=1M seek=$((300 << 10)) count=1 \
        conv=notrunc status=none
head -c 100000 /dev/zero | dd of="$T/b/img" bs=1M seek=100 conv=notrunc status=none
touch -r "$T/a/img" "$T/b/img"
stamp=$(stat -c %i "$T/b/img")
pushes "zeros in place of holes" -c "$T/a" "$T/b"
is "$(stat -c %i "$T/b/img")" "$stamp" "are no difference"

# space that was taken beforehand, and is not written yet: as good as a hole
mkdir "$T/pre"
if fallocate -l 64M "$T/pre/disk" 2>/dev/null &&
    [ "$(allocated "$T/pre/disk")" -ge 131072 ]; then
    random_bytes 500000 | dd of="$T/pre/disk" bs=1M seek=20 conv=notrunc status=none
    pushes "a file with space for what will come" "$T/pre" "$T/pre.copy"
    ok "is equal" cmp "$T/pre/disk" "$T/pre.copy/disk"
    ok "and its zeros are not written" [ "$(allocated "$T/pre.copy/disk")" -lt 8192 ]
    pushes "without holes" --no-sparse "$T/pre" "$T/pre.full"
    ok "they are" [ "$(allocated "$T/pre.full/disk")" -ge 131072 ]
else
    skip "no fallocate here"
fi

# and in a mirror, where each write makes it compare
start_mirror --fsync=none "$T/a" "$T/m"
ok "a mirror comes up" shows_up 60 "$T/a" "$T/m"
printf abcdef | dd of="$T/a/img" bs=1 seek=1000 conv=notrunc status=none
ok "a write is there" wait_until 60 same_at "$T/m" 0 79990
echo small >"$T/a/small"
ok "and a small file" wait_until 20 cmp -s "$T/a/small" "$T/m/small"
dd if=/dev/zero of="$T/a/img" bs=1M seek=5001 count=1 conv=notrunc status=none
ok "zeros over data" wait_until 60 same_at "$T/m" 0 79990 80020
exec 5>&-
stop_mirror
done_testing
