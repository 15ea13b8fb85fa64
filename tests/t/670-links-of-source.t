#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Symlinks of the source: -L, --copy-unsafe-links, --safe-links, -k. The same tree
# comes out as with rsync, what leads nowhere or in circles is said, and a mirror
# leaves out what is not safe.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need rsync
cd "$T" || exit
mkdir -p a/d/e a/g out/dd/sub
echo 1 >a/f
echo 4 >a/h
ln a/h a/h2
echo 2 >out/o
echo 3 >out/dd/x
chmod 751 out/dd
head -c 400000 /dev/urandom >out/big
ln -s f a/link
ln -s link a/link2
ln -s ../f a/d/up
ln -s ../out/o a/out
ln -s ../out/big a/big
ln -s ../out/dd a/dir
ln -s "$T/out/o" a/absolute
ln -s d a/d2
ln -s e/../../g a/d/embedded
ln -s ../out/dd/sub/../x a/odd
ln -s ../x out/dd/sub/back
ln -s ../../f a/d/e/far
find a out -exec touch -h -d 2020-02-02 {} +

# as_rsync OPTION...
as_rsync()
{
    rm -rf r z
    rsync -aHAX "$@" a/ r/ >"$T/log/rsync" 2>&1
    is "$(cat "$T/log/rsync")" "" "rsync takes $*"
    pushes "push $*" "$@" a z
    ok "the same comes out" same_tree r z
    pushes "again" -i "$@" a z
    is "$out" "" "nothing to do"
}
as_rsync -L
nok "no symlink is left" grep -q . <(find z -type l)
as_rsync --copy-links --safe-links
as_rsync --copy-unsafe-links
as_rsync --safe-links
as_rsync -k
as_rsync -k --safe-links
as_rsync --copy-dirlinks --copy-unsafe-links

echo 22 >>out/o
echo 33 >>out/dd/x
chmod 600 out/big
as_rsync -L
pushes "what changes behind them is seen" -L a z
rm -rf z && cp -a a z
pushes "symlinks become what they lead to" --delete -L a z
rsync -aL a/ r
ok "as with rsync" same_tree r z
pushes "and files become symlinks again" --delete a z
ok "as they are" same_tree a z

if setfattr -n user.who -v me out/o 2>/dev/null; then
    pushes "the attributes of what it leads to" -L a z
    like "$(getfattr -d z/out 2>&1)" 'user.who="me"' "come along"
fi
rm out/o && echo 2 >out/o
ln -s h a/to-h
pushes "to one of several names of a file" -L a z
is "$(stat -c %h z/h z/h2 z/to-h | xargs)" "2 2 1" "it is none of them"
rm a/to-h

# What is not safe stays as it is there.
rm -rf z && mkdir z && echo mine >z/absolute && ln -s /elsewhere z/out
pushes "the destination has them" --safe-links --delete a z
is "$(cat z/absolute; readlink z/out)" "mine
/elsewhere" "they are left alone"
pushes "a filter sees what they lead to" -L --exclude=d2/ a y
nok "a directory" [ -e y/d2 ]

# A SRC that is a symlink to a file.
pushes "as SRC" -L a/link z2/
ok "is a file" [ -f z2/link -a ! -L z2/link ]
mkdir s1 s2 && ln -s ../out/dd s1/both && mkdir s2/both && echo y >s2/both/y
pushes "two SRC with a directory" -L s1/ s2/ m
is "$(ls m/both)" "sub
x
y" "which one of them has behind a symlink"

ln -s nowhere a/broken
ln -s .. a/d/loop
ln -s self a/self
push_exits 23 "one that leads nowhere, one in a circle" -L --delete a z
like "$err" 'a/broken: .*follow the symlink: No such file' "the first is named"
like "$err" 'a/d/loop: .*leads back to one of its own parents' "and the second"
like "$err" 'a/self: .*Too many levels' "and the third"
nok "the rest is there" [ -L z/link2 ]
push_exits 23 "in a dry run, too" -n -L a z
push_exits 0 "unless it is left out" -L --exclude=broken --exclude=loop \
    --exclude=self a z
rm a/broken a/d/loop a/self

mirror_exits() # TEXT OPTION
{
    runs_with 1 "a mirror with $2" "$ZCSYNC" mirror "$2" a mz
    like "$err" "$1" "says why not"
}
mirror_exits 'changes behind symlinks are not seen' -L
mirror_exits 'changes behind symlinks are not seen' --copy-unsafe-links
mirror_exits 'changes behind symlinks are not seen' -k
start_mirror --safe-links a mz
ok "a mirror that leaves out unsafe ones" wait_until 20 [ -e mz/d/e ]
ok "has come to the end" wait_until 20 [ -L mz/d/e/far -a -L mz/link2 ]
is "$(cd mz && find . -type l | sort | xargs)" "./d/e/far ./d/up ./d2 ./link ./link2" \
    "a mirror has the safe ones"
ln -s /f a/new-unsafe
ln -s f a/new
ok "a new one comes" wait_until 20 [ -L mz/new ]
nok "one that is not safe does not" [ -L mz/new-unsafe ]
stop_mirror
done_testing
