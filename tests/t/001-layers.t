#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The layers of src/: an include points to the same folder or to a lower
# layer, and every header compiles alone.

cd "${TOP_SRCDIR:-$(dirname "$0")/../..}/src" || exit 1
CC=${CC:-cc}

declare -A layer=(
    [base]=0
    [fs]=1 [proto]=1 [delta]=1
    [net]=2 [tree]=2
    [move]=3 [watch]=3
    [session]=4
    [sender]=5 [receiver]=5
    [mirror]=6
    [daemon]=7
    [web]=8 [cli]=8
)

test_count=0
failed=0

# ok NAME PROBLEMS: passes when PROBLEMS is empty.
ok()
{
    local not=
    [ -n "$2" ] && not='not ' && failed=1
    test_count=$((test_count + 1))
    echo "${not}ok $test_count - $1"
    [ -n "$2" ] && sed 's/^/# /' <<<"${2%$'\n'}" >&2
}

# Prints what is wrong with the includes of FILE in FOLDER.
bad_includes()
{
    local folder=$1 file=$2 line target to

    while IFS=: read -r line target; do
        target=${target#*\"}
        target=${target%%\"*}
        to=${target%%/*}
        if [ ! -f "$target" ]; then
            echo "$file:$line: \"$target\" is not a path below src/"
        elif [ "$folder" = . ] || [ "$folder" = "$to" ]; then
            :
        elif [ -z "${layer[$to]}" ]; then
            echo "$file:$line: folder $to has no layer (see $0)"
        elif [ "${layer[$to]}" -ge "${layer[$folder]}" ]; then
            echo "$file:$line: $folder/ must not include $target"
        fi
    done < <(grep -nE '^[[:space:]]*#[[:space:]]*include[[:space:]]*"' "$file")
}

for folder in . */; do
    folder=${folder%/}
    if [ "$folder" != . ] && [ -z "${layer[$folder]}" ]; then
        ok "src/$folder/ has a layer" "add src/$folder/ to $0"
        continue
    fi
    problems=
    for file in "$folder"/*.[ch]; do
        [ -f "$file" ] && problems+=$(bad_includes "$folder" "$file")
    done
    ok "includes in src/$folder point to the same folder or down" "$problems"
done

if ! command -v "${CC%% *}" >/dev/null; then
    echo "ok $((++test_count)) # skip no compiler ($CC)"
else
    while read -r header; do
        ok "$header compiles alone" "$($CC -std=gnu11 -D_GNU_SOURCE -I . \
            -Wall -Wextra -Werror -fsyntax-only -x c "$header" 2>&1 | head -n 8)"
    done < <(find . -name '*.h' | sed 's|^\./||' | sort)
fi

echo "1..$test_count"
exit "$failed"
