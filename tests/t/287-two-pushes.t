#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two pushes onto one destination at the same time: both end, the result is a
# whole version of every file, and one more run makes it equal.
. "$(dirname "$0")/lib.sh"

mkdir "$T/share"
many_files "$T/a" 800 2000
random_bytes 5000000 >"$T/a/large"
cp -a "$T/a" "$T/a2"
start_serve s="$T/share"
for n in 1 2 3 4 5; do
    find "$T/share" -mindepth 1 -delete
    "$ZCSYNC" push --fsync=none "$T/a" "zcsync://$addr/s" 2>"$T/log/one.err" &
    one=$!
    "$ZCSYNC" push --fsync=none "$T/a2" "zcsync://$addr/s" 2>"$T/log/two.err" &
    two=$!
    reap $one
    like "$rc" '^(0|23)$' "the first ends with $rc $(head -n 1 "$T/log/one.err")"
    reap $two
    like "$rc" '^(0|23)$' "the second ends with $rc $(head -n 1 "$T/log/two.err")"
    ok "all is whole" files_whole "$T/a" "$T/share"
    pushes "one more" --fsync=none --delete "$T/a" "zcsync://$addr/s"
    ok "equal" same_tree "$T/a" "$T/share"
    ok "no staging folder left" no_litter "$T/share"
done
done_testing
