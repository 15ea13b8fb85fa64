#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The file lists of the build (src/local.mk, tests/local.mk, man/local.mk)
# name exactly the files that exist: a file that is not listed would be
# missing from the build and from a release.

[ "${ZC_SANITIZE:-no}" = no ] || {
    echo "1..0 # skip the sources are the same in every build"
    exit
}
cd "${TOP_SRCDIR:-$(dirname "$0")/../..}" || exit 1

test_count=0
failed=0

# same NAME FOUND LISTED: passes when both lists are the same.
same()
{
    local difference

    test_count=$((test_count + 1))
    difference=$(diff <(sort <<<"$2") <(sort <<<"$3") | grep '^[<>]')
    if [ -z "$difference" ]; then
        echo "ok $test_count - $1"
    else
        failed=1
        echo "not ok $test_count - $1"
        sed 's/^</# not listed:/; s/^>/# not there:/' <<<"$difference" >&2
    fi
}

# Prints the words of a local.mk that match the pattern, %D% resolved; made-* is
# made by the build.
listed()
{
    sed 's/#.*//' "$1/local.mk" | tr -s ' \t\\=+' '\n' |
        sed "s|^%D%|$1|" | grep -E "$2" |
        grep -v /made-
}

same "src/local.mk lists every source file" \
    "$(find src -name '*.[ch]')" "$(listed src '\.[ch]$')"
same "tests/local.mk lists every program" \
    "$(find tests -mindepth 2 -name '*.c' | grep -v -e replay -e preload | sed 's/\.c$//')" \
    "$(listed tests '^tests/(unit|fuzz|tools)/[^.]*$' | grep -v corpus)"
same "tests/local.mk lists every tool of the scripts" \
    "$(find tests/tools -name '*.pl')" "$(listed tests '\.pl$')"
same "tests/local.mk lists every header of the tests" \
    "$(find tests -name '*.h')" "$(listed tests '\.h$')"
same "man/local.mk lists every manual page" \
    "$(find man -name '*.[1-8]')" "$(listed man '\.[1-8]$')"

echo "1..$test_count"
exit "$failed"
