#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `zcsync push A B` mirrors A onto B; a second run sends nothing and touches
# nothing.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
pushes "push into a directory that is not there yet" "$T/a" "$T/b"
is "$out$err" "" "silent"
ok "equal" same_tree "$T/a" "$T/b"
ok "no staging folder left" no_litter "$T"

before=$(ctimes "$T/b")
source_before=$(ctimes "$T/a")
pushes "second run" "$T/a" "$T/b"
is "$out$err" "" "silent again"
is "$(ctimes "$T/b")" "$before" "the second run touched nothing"
pushes "third run, itemized" -i "$T/a" "$T/b"
is "$out" "" "nothing to itemize"
is "$(ctimes "$T/b")" "$before" "nor did the third touch anything"
is "$(ctimes "$T/a")" "$source_before" "the source was never touched"

mkdir "$T/c"
pushes "push into an empty directory, -a and slashes accepted" -a "$T/a/" "$T/c/"
ok "the root goes onto the root" same_tree "$T/a" "$T/c"

echo other >"$T/c/other"
pushes "extra entries stay without --delete" "$T/a" "$T/c"
is "$(cat "$T/c/other")" other "the extra file is there"

cd "$T" || exit
pushes "relative paths" a d
ok "equal through relative paths" same_tree a d
mkdir e && cd e || exit
pushes "DEST ." ../a .
ok "equal" same_tree ../a .

mkdir "$T/empty"
pushes "an empty tree" "$T/empty" "$T/f"
ok "equal" same_tree "$T/empty" "$T/f"
pushes "through symlinks in SRC and DEST themselves" \
    "$(ln -s a "$T/to-a" && echo "$T/to-a/")" "$(ln -s g "$T/to-g" && mkdir "$T/g" && echo "$T/to-g/")"
ok "equal" same_tree "$T/a" "$T/g"
done_testing
