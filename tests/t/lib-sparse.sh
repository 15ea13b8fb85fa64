# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For scenarios with sparse files; sourced after lib.sh.

allocated() { stat -c '%b' "$1"; } # 512-byte blocks

# Every sparse file of A takes about as little room in B.
holes_kept()
{
    local f a b
    while IFS= read -r -d '' f; do
        a=$(allocated "$1/$f") b=$(allocated "$2/$f")
        # file systems differ in block size and in metadata blocks counted
        if [ "$b" -gt $((a + a / 8 + 256)) ]; then
            printf '%s: %d blocks in the source, %d in the copy\n' "$f" "$a" "$b"
            return 1
        fi
    done < <(cd "$1" && find . -type f -size +1000 -print0)
}
