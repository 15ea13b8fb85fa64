#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --files-from: just the listed names and their parents; -0; standard input;
# with --delete, listed names that are gone.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
names() { (cd "$1" && find . -mindepth 1 -printf '%P\n' | sort | tr '\n' ' '); }
from() # NAME OPTION...
{
    local name=$1
    shift
    rm -rf "$T/b"
    pushes "$name" "$@" "$T/a" "$T/b"
}

printf '%s\n' big a/one ./c//deep/er/two '# comment' '; comment' '' >"$T/list"
from "a list" --files-from="$T/list"
is "$(names "$T/b")" "a a/one big c c/deep c/deep/er c/deep/er/two " \
    "the listed names and their parents"
is "$(rsync_diff "$T/a" "$T/b" --files-from="$T/list")" "" "equal, says rsync"
is "$(stat -c %a "$T/b/c")" "$(stat -c %a "$T/a/c")" "parents have their modes"
before=$(ctimes "$T/b")
pushes "again" --files-from="$T/list" "$T/a" "$T/b"
is "$(ctimes "$T/b")" "$before" "touched nothing"

printf 'a/one\n\0big\0new\nline\0' | tr -d '\n' >"$T/list0"
echo x >"$T/a/newline"
from "a list with NULs" -0 --files-from="$T/list0"
is "$(names "$T/b")" "a a/one big newline " "names"
rm "$T/a/newline"

printf 'b/\nemptydir\n' >"$T/list"
from "directories" --files-from="$T/list"
is "$(names "$T/b")" "b b/link b/one b/two emptydir " \
    "with a slash the content comes along"

rm -rf "$T/b"
"$ZCSYNC" push --files-from=- "$T/a" "$T/b" <<<"a/two" 2>"$T/log/stdin"
is $? 0 "from standard input"
is "$(names "$T/b")" "a a/two " "names"

printf '%s\n' big missing a/one >"$T/list"
rm -rf "$T/b"
push_exits 23 "a listed name that is not there" --files-from="$T/list" "$T/a" "$T/b"
one_sentence 'missing' "is named"
is "$(names "$T/b")" "a a/one big " "the rest is there"

mkdir "$T/b/missing" && echo x >"$T/b/missing/x" && echo other >"$T/b/other"
pushes "with --delete it goes" --delete --files-from="$T/list" "$T/a" "$T/b"
is "$(names "$T/b")" "a a/one big other " "and nothing else does"

printf '../etc/passwd\n' >"$T/list"
push_exits 1 "a way out of SRC is refused" --files-from="$T/list" "$T/a" "$T/b"
one_sentence '\.\.' "in one sentence"
push_exits '1|3|11' "a list that is not there" --files-from="$T/nowhere" "$T/a" "$T/b"
one_sentence "$T/nowhere" "in one sentence"

printf '%s\n' a c/two-too >"$T/list"
mkdir "$T/r"
for option in -r -ar --recursive; do
    rm -rf "$T/b"
    pushes "$option" $option --files-from="$T/list" "$T/a" "$T/b"
    rsync -ar --files-from="$T/list" "$T/a/" "$T/r/"
    is "$(names "$T/b")" "$(names "$T/r")" "has directories come with their content"
done
rm -rf "$T/b"
pushes "-a" -a --files-from="$T/list" "$T/a" "$T/b"
is "$(names "$T/b")" "a c c/two-too " "does not"

mkdir "$T/share"
start_serve s="$T/share"
printf '%s\n' big c/two-too a/two >"$T/list"
pushes "to a server" --files-from="$T/list" "$T/a" "zcsync://$addr/s"
is "$(names "$T/share")" "a a/two big c c/two-too " "names"
is "$(stat -c %i "$T/share/a/two")" "$(stat -c %i "$T/share/c/two-too")" \
    "hard links among them are linked"
pushes "and a filter on top" --exclude='*.o' --exclude=big \
    --files-from="$T/list" "$T/a" "$T/e"
nok "hides what is listed" [ -e "$T/e/big" ]
done_testing
