#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A DEST that cannot hold a tree: a file, below a file, in a directory that is
# not there or not ours: exit 3 (5 from a server), one sentence.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
echo precious >"$T/file" && echo precious >"$T/share/file"

push_exits 3 "DEST is a file" "$T/a" "$T/file"
one_sentence "$T/file.*[Nn]ot a directory" "names it"
push_exits 3 "DEST lies below a file" "$T/a" "$T/file/sub"
one_sentence "$T/file" "names it"
push_exits 3 "DEST's parent is not there" "$T/a" "$T/no/such/place"
one_sentence "$T/no/such" "names it"
is "$(cat "$T/file")" precious "the file is as it was"
nok "no parent was made" [ -e "$T/no" ]
push_exits '3|5' "a file in a share" "$T/a" "zcsync://$addr/s/file"
one_sentence "file.*[Nn]ot a directory" "names it"
push_exits '3|5' "below a file in a share" "$T/a" "zcsync://$addr/s/file/x"
one_sentence "file" "names it"
is "$(cat "$T/share/file")" precious "the file is as it was"

mkdir "$T/outside"
ln -s "$T/outside" "$T/share/way-out"
ln -s .. "$T/share/up"
for sub in way-out way-out/x up up/outside; do
    push_exits '3|5' "a symlink in SUB is not followed: $sub" "$T/a" \
        "zcsync://$addr/s/$sub"
    one_sentence "${sub%%/*}" "names it"
done
is "$(ls -A "$T/outside")" "" "nothing was written outside"

push_exits 3 "several SRC onto a file" "$T/a/big" "$T/a/empty" "$T/file"
one_sentence "$T/file" "names it"
is "$(cat "$T/file")" precious "the file is as it was"
ok "no staging folder left" no_litter "$T"
done_testing
