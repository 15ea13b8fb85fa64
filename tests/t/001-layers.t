#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# The layers of src/: an include points to the same folder or to a lower
# layer, in a folder no files include each other in a circle but those that
# HACKING.md names with a reason, and every header compiles alone.

[ "${ZC_SANITIZE:-no}" = no ] || {
    echo "1..0 # skip the sources are the same in every build"
    exit
}
cd "${TOP_SRCDIR:-$(dirname "$0")/../..}/src" || exit 1
CC=${CC:-cc}

declare -A layer=(
    [base]=0
    [fs]=1 [proto]=1
    [net]=2 [tree]=2 [delta]=2
    [move]=3 [watch]=3 [ssh]=3 [web]=3
    [session]=4 [bench]=4
    [sender]=5 [receiver]=5
    [mirror]=6
    [daemon]=7
    [cli]=8
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

# Prints the circles in FOLDER, a line each, as HACKING.md writes them: a file
# here is NAME.c and NAME.h together.
circles()
{
    perl -e '
        my ($folder) = @ARGV;
        my (%to, %reach, %done);
        for my $file (glob("$folder/*.[ch]")) {
            (my $from = $file) =~ s/\.[ch]$//;
            open(my $in, "<", $file) or die "$file: $!";
            while (<$in>) {
                $to{$from}{$1} = 1
                    if m{^\s*#\s*include\s*"(\Q$folder\E/[^"]+)\.h"} &&
                       $1 ne $from;
            }
        }
        for my $from (keys %to) {
            my @left = keys %{$to{$from}};
            while (defined(my $at = pop @left)) {
                next if $reach{$from}{$at}++;
                push @left, keys %{$to{$at} || {}};
            }
        }
        for my $from (sort keys %reach) {
            next if $done{$from} || !$reach{$from}{$from};
            my @circle = grep { $reach{$_}{$from} } keys %{$reach{$from}};
            $done{$_} = 1 for @circle;
            print join(", ", map { "`$_`" } sort @circle), "\n";
        }' "$1"
}

# Those that have their reason: list items of HACKING.md, the names and a colon.
excused=$(sed -n 's/^- \(\(`[a-z_]*\/[a-z_]*`, \)*`[a-z_]*\/[a-z_]*`\): .*/\1/p' \
    ../HACKING.md)
found=
for folder in */; do
    folder=${folder%/}
    problems=
    while read -r circle; do
        [ -n "$circle" ] || continue
        found+=$circle$'\n'
        grep -qxF "$circle" <<<"$excused" ||
            problems+="include each other in a circle: $circle"$'\n'
    done < <(circles "$folder")
    ok "no files in src/$folder include each other in a circle" "$problems"
done
problems=
while read -r circle; do
    [ -z "$circle" ] || grep -qxF "$circle" <<<"$found" ||
        problems+="no circle any more, take it out of HACKING.md: $circle"$'\n'
done <<<"$excused"
ok "HACKING.md excuses no circle that is none" "$problems"

if ! command -v "${CC%% *}" >/dev/null; then
    echo "ok $((++test_count)) # skip no compiler ($CC)"
else
    # Where FILE.c includes FILE.h before all else, the build has shown that.
    while read -r header; do
        [ "$(grep -sm 1 '#include' "${header%.h}.c")" = \
            "#include \"$header\"" ] && continue
        ok "$header compiles alone" "$($CC -std=gnu11 -D_GNU_SOURCE -I . \
            -Wall -Wextra -Werror -fsyntax-only -x c "$header" 2>&1 | head -n 8)"
    done < <(find . -name '*.h' | sed 's|^\./||' | sort)
fi

echo "1..$test_count"
exit "$failed"
