#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names that are deleted and made again at once, as the same thing or another;
# a directory that becomes a symlink, and a directory again: nothing is ever
# followed, or deleted through it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
make_tree a
make_tree precious
cp -a precious before
start_mirror a b
ok "at first" mirrored a b

for n in 1 2 3 4 5 6 7 8; do
    rm a/a/one && echo "again $n" >a/a/one
    rm -r a/c && mkdir -p a/c/deep && echo "again $n" >a/c/deep/file
    rm a/b/link && ln -s "target$n" a/b/link
    rm -rf a/thing && mkdir a/thing
    rmdir a/thing && echo file >a/thing
    rm a/thing && ln -s a a/thing
done
ok "deleted and made again" mirrored a b

mv a/a kept && ln -s ../precious a/a
ok "a directory is a symlink now" mirrored a b
is "$(readlink b/a)" ../precious "there, too"
rm a/a && mkdir a/a && echo in >a/a/in
ok "and a directory again" mirrored a b
for n in 1 2 3 4 5; do
    rm -r a/a && ln -s "$T/precious" a/a
    rm a/a && mkdir -p a/a/c && echo "$n" >a/a/c/one
    mv a/a a/x && ln -s "$T/precious" a/a && mv a/x/c/one a/one
    rm -r a/x a/a && mkdir a/a
done
ok "to and fro" mirrored a b
rmdir a/a && ln -s "$T/precious" a/a && rm -r a/b && ln -s "$T/precious" a/b
ok "symlinks at the end" mirrored a b

stop_mirror
ok "equal at the end" same_tree a b
ok "what they led to was left alone" same_tree before precious
ok "no staging folder left" no_litter .
done_testing
