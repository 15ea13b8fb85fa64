#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A SRC that is not there: exit 3, one sentence with its name; DEST untouched.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
push_exits 3 "no such SRC" "$T/nowhere" "$T/b"
one_sentence "$T/nowhere.*No such file" "names it"
nok "DEST was not made" [ -e "$T/b" ]
push_exits 3 "to a server" "$T/nowhere" "zcsync://$addr/s"
one_sentence "$T/nowhere" "names it"
push_exits 3 "one of several" "$T/a" "$T/nowhere" "$T/b"
one_sentence "$T/nowhere" "names it"
push_exits 3 "a dangling symlink with a slash" \
    "$(ln -s nothing "$T/dangling" && echo "$T/dangling/")" "$T/b"
one_sentence "dangling" "names it"
push_exits 3 "a file with a slash" "$T/a/big/" "$T/b"
one_sentence "$T/a/big" "names it"
push_exits '1|3' "an empty name" "" "$T/b"
if [ "$(id -u)" = 0 ] && "${nobody[@]}" "$ZCSYNC" --version >/dev/null 2>&1; then
    mkdir -m 700 "$T/secret" "$T/for-nobody"
    chown nobody "$T/for-nobody"
    runs_with 3 "a SRC that may not be read" "${nobody[@]}" "$ZCSYNC" push \
        "$T/secret" "$T/for-nobody/b"
    one_sentence "$T/secret.*Permission denied" "names it"
else
    skip 2 "needs root and a binary nobody may run"
fi
done_testing
