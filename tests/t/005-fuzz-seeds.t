#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Every fuzz target survives its seeds (and, with the sanitizers, without a
# report).

cd "${TOP_SRCDIR:-$(dirname "$0")/../..}/tests/fuzz" || exit 1
built=${TOP_BUILDDIR:-../..}/tests/fuzz

test_count=0
failed=0

ok()
{
    test_count=$((test_count + 1))
    if [ "$1" -eq 0 ]; then
        echo "ok $test_count - $2"
    else
        failed=1
        echo "not ok $test_count - $2"
    fi
}

shopt -s nullglob
for source in fuzz_*.c; do
    target=${source%.c}
    seeds=(corpus/"${target#fuzz_}"/*)
    if [ ${#seeds[@]} -eq 0 ]; then
        ok 1 "$target has seeds in tests/fuzz/corpus/${target#fuzz_}"
        continue
    fi
    said=$("$built/$target" "${seeds[@]}" 2>&1)
    status=$?
    ok $status "$target survives its ${#seeds[@]} seeds"
    [ $status -eq 0 ] || sed 's/^/# /' <<<"$said" >&2
done

if [ $test_count -eq 0 ]; then
    echo "1..0 # skip no fuzz targets"
else
    echo "1..$test_count"
fi
exit "$failed"
