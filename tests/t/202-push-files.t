#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# File sources, several sources, DEST as a directory or as a new name.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
mkdir "$T/dir" "$T/share"

pushes "a file onto a new name" "$T/a/big" "$T/new"
ok "equal" cmp "$T/a/big" "$T/new"
is "$(stat -c %y "$T/new")" "$(stat -c %y "$T/a/big")" "with its time"
echo older >"$T/new"
pushes "a file onto an existing file" "$T/a/big" "$T/new"
ok "equal" cmp "$T/a/big" "$T/new"
pushes "a file into a directory" "$T/a/big" "$T/dir"
ok "equal" cmp "$T/a/big" "$T/dir/big"
pushes "a file into a directory that is not there, named with a slash" \
    "$T/a/big" "$T/newdir/"
ok "equal" cmp "$T/a/big" "$T/newdir/big"
pushes "two files of one directory" "$T/a/b/one" "$T/a/b/two" "$T/dir"
ok "equal" cmp "$T/a/b/one" "$T/dir/one"
ok "equal" cmp "$T/a/b/two" "$T/dir/two"
mkdir "$T/mixed"
pushes "files of two directories" "$T/a/b/one" "$T/a/big" "$T/mixed"
is "$(cd "$T/mixed" && echo *)" "big one" "both there"
ok "equal" cmp "$T/a/b/one" "$T/mixed/one"

before=$(ctimes "$T/mixed")
pushes "again" "$T/a/b/one" "$T/a/big" "$T/mixed"
is "$(ctimes "$T/mixed")" "$before" "touched nothing"

pushes "a symlink given by name is a symlink" "$T/a/b/link" "$T/dir/"
is "$(readlink "$T/dir/link")" ../a/one "its target"

mkdir "$T/x" "$T/y" "$T/xy"
echo x >"$T/x/from-x"
echo y >"$T/y/from-y"
pushes "two directories onto one" "$T/x/" "$T/y/" "$T/xy"
is "$(cd "$T/xy" && echo *)" "from-x from-y" "both contents"
push_exits 1 "two directories with --delete is refused" --delete \
    "$T/x/" "$T/y/" "$T/xy"
is "$(cd "$T/xy" && echo *)" "from-x from-y" "nothing was deleted"

start_serve s="$T/share"
pushes "a file onto a share" "$T/a/big" "zcsync://$addr/s"
ok "equal" cmp "$T/a/big" "$T/share/big"
pushes "a file onto a new name in a share" "$T/a/big" "zcsync://$addr/s/name"
ok "equal" cmp "$T/a/big" "$T/share/name"
mkdir "$T/share/sub"
pushes "a file into a directory in a share" "$T/a/big" "zcsync://$addr/s/sub/"
ok "equal" cmp "$T/a/big" "$T/share/sub/big"

cd "$T/a" || exit
pushes "a file named without a slash" big "$T/plain"
ok "equal" cmp big "$T/plain"
pushes "a name with a colon, written as a local path" \
    "./$(echo colon >'host::x' && echo host::x)" "$T/colon"
is "$(cat "$T/colon")" colon "content"
pushes "a name that looks like an option, after --" -- \
    "$(echo dash >-i && echo -i)" "$T/dash"
is "$(cat "$T/dash")" dash "content"
ok "no staging folder left" no_litter "$T"
done_testing
