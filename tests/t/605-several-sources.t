#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Several SRC that have the same names: the first one wins, as with rsync, and a
# second run has nothing to do.
. "$(dirname "$0")/lib.sh"

need rsync
cd "$T" || exit
mkdir -p one/d/e two/d/e two/only one/file-here two/dir-here three
echo 1 >one/x
echo 22 >two/x
echo 1 >one/d/y
echo 22 >two/d/y
echo 4 >two/d/z
echo 5 >two/d/e/deep
echo 6 >two/only/f
ln -s x one/link
ln -s d two/link
echo link >three/x
echo new >three/n
chmod 700 one/d
chmod 750 one

# rsync leaves times that differ in nanoseconds only.
find one two -exec touch -h -d 2019-05-05 {} +
touch -d '2020-01-01 12:00' one/d one
touch -d '2021-01-01 12:00' two/d two

pushes "one and two" one/ two/ b
rsync -aHAX one/ two/ r
ok "as rsync makes it" same_tree r b
pushes "again" -i one/ two/ b
is "$out" "" "nothing to do"
pushes "the other way round" -i two/ one/ c
rsync -aHAX two/ one/ s
ok "as rsync makes it" same_tree s c

pushes "files, too" one/ three/x three/n b
is "$(cat b/x b/n)" "1
new" "the first has the name, what is new comes along"
pushes "once more" -i one/ three/x three/n b
is "$out" "" "nothing to do"
mkdir -p four
echo four >four/n
pushes "files of two directories" three/n four/n files
is "$(cat files/n)" new "the first one"

mkdir share
start_serve s="$T/share"
pushes "to a server" one/ two/ "zcsync://$addr/s"
ok "the same there" same_tree b/d share/d
pushes "a dry run" -n -i one/ two/ three/n nothing
like "$out" 'f\+\+\+\+\+\+\+\+\+ n' "tells of the file"
is "$(grep -c '++ x$' <<<"$out")" 1 "and of each name once"

touch plain
pushes "a copy beside the file" plain copy
ok "is made" [ -e copy ]
pushes "in another's directory" one/x one/copy
is "$(cat one/copy)" 1 "is made"
done_testing
