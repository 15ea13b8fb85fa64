#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The maps for newcomers (src/zcsync.c, src/zcsyncd.c, HACKING.md) name files
# that are there, by the folders they are in.

[ "${ZC_SANITIZE:-no}" = no ] || {
    echo "1..0 # skip the sources are the same in every build"
    exit
}
cd "${TOP_SRCDIR:-$(dirname "$0")/../..}" || exit 1

test_count=0
failed=0

# ok NAME PROBLEMS: passes when PROBLEMS is empty.
ok()
{
    local not=
    [ -n "$2" ] && not='not ' && failed=1
    test_count=$((test_count + 1))
    echo "${not}ok $test_count - $1"
    [ -n "$2" ] && sed 's/^/# not there: /' <<<"$2" >&2
}

# Prints the files that FILE names as FOLDER/NAME.c or .h, and which are not in
# src/ (nor anywhere else from the top).
missing()
{
    grep -oE '\b[a-z]+/[a-z_]+\.[ch]\b' "$1" | sort -u |
        while read -r name; do
            [ -e "src/$name" ] || [ -e "$name" ] ||
                compgen -G "*/$name" >/dev/null || echo "$name"
        done
}

for map in src/zcsync.c src/zcsyncd.c HACKING.md; do
    ok "$map names files that are there" "$(missing "$map")"
done
for folder in src/*/; do
    name=$(basename "$folder")
    ok "HACKING.md says what $name is" \
        "$(grep -q "^| [0-9] | .*\`$name\`" HACKING.md || echo "$name")"
done

# Prints the fuzz targets that the table in HACKING.md leaves out.
unlisted()
{
    for target in tests/fuzz/fuzz_*.c; do
        name=${target##*/fuzz_}
        name=${name%.c}
        grep -q "^|.*\`$name\`" HACKING.md || echo "$name"
    done
}

ok "HACKING.md says who makes what each fuzz target reads" "$(unlisted)"

echo "1..$test_count"
exit "$failed"
