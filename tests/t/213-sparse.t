#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sparse files keep their holes, over 4 GiB too; --no-sparse fills them.
. "$(dirname "$0")/lib.sh"
. "$here/lib-sparse.sh"

mkdir "$T/a" "$T/share"
truncate -s 4400M "$T/a/huge" || skip_all "no room for a 4.4 GB sparse file"
for mib in 0 1000 4095 4096 4390; do
    random_bytes 300000 | dd of="$T/a/huge" bs=1M seek=$mib conv=notrunc status=none
done
truncate -s 5G "$T/a/hole"
start_serve s="$T/share"

# compares only where data is: reading 4 GiB of zeros takes its time
same_data() # MIB...
{
    local mib
    for mib; do
        cmp <(dd if="$T/a/huge" bs=1M skip="$mib" count=2 status=none) \
            <(dd if="$dir/huge" bs=1M skip="$mib" count=2 status=none) || return
    done
}
for dest in "zcsync://$addr/s" "$T/b"; do
    dir=${dest/#zcsync*/$T/share}
    pushes "a sparse file of over 4 GiB" "$T/a" "$dest"
    is "$(stat -c '%s %y' "$dir/huge")" "$(stat -c '%s %y' "$T/a/huge")" "size and time"
    ok "the data" same_data 0 999 1000 4094 4095 4096 4389 4390 4399
    ok "holes kept" holes_kept "$T/a" "$dir"
    is "$(stat -c %s "$dir/hole")" 5368709120 "a file of nothing but hole"
    ok "takes no room" [ "$(allocated "$dir/hole")" -lt 64 ]
done
rm -r "$T/share/huge" "$T/share/hole" "$T/a/hole"

random_bytes 200000 | dd of="$T/a/huge" bs=1M seek=2000 conv=notrunc status=none
pushes "an update in the middle" "$T/a" "$T/b"
ok "the data" same_data 0 1000 1999 2000 4095 4096 4390
ok "holes kept" holes_kept "$T/a" "$T/b"
truncate -s 4500M "$T/a/huge"
pushes "a hole added at the end" "$T/a" "$T/b"
is "$(stat -c %s "$T/b/huge")" $((4500 << 20)) "its size"
ok "holes kept" holes_kept "$T/a" "$T/b"
truncate -s 4200M "$T/a/huge"
pushes "cut off" "$T/a" "$T/b"
is "$(stat -c %s "$T/b/huge")" $((4200 << 20)) "its size"

# data takes the place of a hole and the other way round, sizes unchanged
rm -rf "$T/a" "$T/b"
mkdir "$T/a"
truncate -s 8M "$T/a/f"
random_bytes 1000000 | dd of="$T/a/f" conv=notrunc status=none
pushes "hole at the end" "$T/a" "$T/b"
truncate -s 0 "$T/a/f" && truncate -s 8M "$T/a/f"
random_bytes 1000000 | dd of="$T/a/f" bs=1M seek=7 conv=notrunc status=none
pushes "hole at the start" "$T/a" "$T/b"
ok "equal" cmp "$T/a/f" "$T/b/f"
ok "holes kept" holes_kept "$T/a" "$T/b"

pushes "--no-sparse" --no-sparse "$T/a" "$T/full"
ok "equal" cmp "$T/a/f" "$T/full/f"
ok "and filled" [ "$(allocated "$T/full/f")" -ge 16384 ]

# -S makes holes of zeros that were written
mkdir "$T/z"
{ random_bytes 1000000; head -c 20M /dev/zero; random_bytes 70001; } >"$T/z/big"
{ random_bytes 5000; head -c 100000 /dev/zero; } >"$T/z/small"
head -c 3000000 /dev/zero >"$T/z/zeros"
random_bytes 100000 >"$T/z/random"
pushes "zeros" "$T/z" "$T/zeros"
ok "are data by default" [ "$(allocated "$T/zeros/big")" -ge 42000 ]
pushes "with -S" -S "$T/z" "zcsync://$addr/s/holes"
pushes "locally, too" -S "$T/z" "$T/holes"
for dir in "$T/holes" "$T/share/holes"; do
    ok "equal" same_tree "$T/z" "$dir"
    ok "the big one is sparse" [ "$(allocated "$dir/big")" -le 3000 ]
    ok "the small one" [ "$(allocated "$dir/small")" -le 64 ]
    ok "and what is all zeros" [ "$(allocated "$dir/zeros")" -le 64 ]
done
done_testing
