#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Every mover brings files of awkward sizes whole, pushed and pulled, from and to
# each file system that can be had here; where one refuses, -v tells and another
# does it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"
. "$here/lib-sparse.sh"

need_mounts
need_no_sanitizers "takes long with sanitizers"
run "$ZCSYNC" push --mover=pigeon a b
IFS=', ' read -ra movers <<<"${err##*none of }"
ok "there are movers (${movers[*]})" [ "${#movers[@]}" -ge 6 ]

fill() # DIR
{
    local size
    mkdir "$1"
    for size in 0 1 4095 4096 4097 262145 1048575 1048576 1048577 9000001; do
        head -c $size /dev/urandom >"$1/$size"
    done
}

# More than 4 GiB, most of it a hole, with ends that are not blocks.
far=4294967301
far() # FILE: makes it
{
    head -c 300001 /dev/urandom >"$1"
    head -c 700001 /dev/urandom |
        dd of="$1" bs=64K seek=$far oflag=seek_bytes status=none iflag=fullblock \
            conv=notrunc
}
same_far() # A B
{
    cmp -n 400000 "$1" "$2" && cmp -i $far "$1" "$2" &&
        [ "$(stat -c %s "$1")" = "$(stat -c %s "$2")" ]
}

# Each mover on half of the file systems, and on all of them with ZC_BIG=1.
turn=0
on() # FILE-SYSTEM
{
    local m=$T/$1 mover
    turn=$((turn + 1))
    make_fs "$1" "$m" 300 || {
        diag "no $1 here"
        return
    }
    fill "$m/a"
    mkdir "$m/s"
    start_serve --readable s="$m/s"
    for mover in "${movers[@]}"; do
        [ "$BIG" = 1 ] || [ $((turn++ % 2)) = 0 ] || continue
        pushes "$1: push --mover=$mover" --no-clone --fsync=none --mover="$mover" \
            "$m/a" "zcsync://$addr/s"
        ok "equal" same_tree "$m/a" "$m/s"
        far "$m/s/far"
        runs_with 0 "$1: pull --mover=$mover" "$ZCSYNC" pull --fsync=none \
            --mover="$mover" "zcsync://$addr/s" "$m/b"
        ok "holes are kept" holes_kept "$m/s" "$m/b"
        ok "and what is around them" same_far "$m/s/far" "$m/b/far"
        rm "$m/b/far"
        touch -r "$m/a" "$m/b"
        ok "all else is equal" same_tree "$m/a" "$m/b"
        # over what is there, at places that are no blocks
        cp --reflink=never "$m/a/9000001" "$m/old"
        printf x | dd of="$m/old" bs=1 seek=5000001 conv=notrunc status=none
        mv "$m/old" "$m/b/9000001"
        pushes "$1: --inplace" --inplace --fsync=none --no-clone --mover="$mover" \
            "$m/a" "$m/b"
        ok "equal" same_tree "$m/a" "$m/b"
        rm -rf "$m/b" "$m/s"/*
    done
    stop_serve
}
systems=(tmpfs ext4 xfs btrfs)
for fs in "${systems[@]}"; do
    on $fs
done

# A file system without O_DIRECT.
if mount_at -t ramfs ramfs "$T/ram"; then
    mkdir "$T/plain"
    head -c 3000001 /dev/urandom >"$T/plain/f"
    pushes "to a ramfs" -v --mover=direct --no-clone "$T/plain" "$T/ram/b"
    ok "equal" cmp "$T/plain/f" "$T/ram/b/f"
    like "$err" 'zcsync: direct cannot write a file \(.*\): readwrite does it' "-v tells"
    is "$(grep -c readwrite <<<"$err")" 1 "once"
    pushes "from a ramfs" -v --mover=direct --no-clone "$T/ram/b" "$T/plain2"
    ok "equal" cmp "$T/plain/f" "$T/plain2/f"
    like "$err" 'zcsync: direct cannot read a file \(.*\): readwrite does it' "-v tells"
    pushes "without -v" --mover=direct --no-clone "$T/ram/b" "$T/plain3"
    is "$err" "" "not a word"
else
    skip 8 "no ramfs here"
fi
done_testing
