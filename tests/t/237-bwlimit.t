#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --bwlimit: not faster than allowed.
. "$(dirname "$0")/lib.sh"

mkdir "$T/a" "$T/share"
random_bytes 6000000 >"$T/a/f"
many_files "$T/a/small" 300 10000
start_serve s="$T/share"
for dest in "$T/b" "zcsync://$addr/s"; do
    start=$(date +%s%N)
    pushes "9 MB at 3 MB/s" --bwlimit=3M "$T/a" "$dest"
    ms=$((($(date +%s%N) - start) / 1000000))
    # a burst at the start may be free
    ok "took $ms ms" [ "$ms" -ge 1800 ]
done
ok "equal" same_tree "$T/a" "$T/b"
pushes "no limit" --bwlimit=0 "$T/a" "$T/c"
push_exits 1 "nonsense" --bwlimit=fast "$T/a" "$T/c"
one_sentence 'fast' "in one sentence"
done_testing
