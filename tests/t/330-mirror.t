#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync mirror A B: everything that can be done to a tree is done to the copy,
# one thing at a time, and when the mirror is told to end the copy is equal and
# nothing else is left.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need setfattr
need_mirror
cd "$T" || exit
make_tree a
start_mirror -v a b
ok "it says what it watches" wait_until 20 \
    grep -q '^zcsync: a: watching [0-9,]* director' "$mirror_log.err"
ok "and that the copy is in sync" wait_until 20 \
    grep -q '^zcsync: b: in sync$' "$mirror_log.err"
ok "which is so" mirrored a b

does "a new file" eval 'echo new >a/new'
does "a new file in a directory" eval 'echo new >a/c/deep/er/new'
does "another content" eval 'echo other >a/new'
does "more content" eval 'for i in 1 2 3; do echo $i >>a/a/one; done'
does "in place" eval 'random_bytes 5000 | dd of=a/big bs=1000 seek=7 conv=notrunc'
does "a big file" eval 'random_bytes 9000000 >a/bigger'
does "less content" truncate -s 1000 a/big
does "an empty file" eval ': >a/empty2'
does "removal" rm a/empty2
does "a new name" mv a/new a/newer
does "a new name elsewhere" mv a/newer a/c/newer
does "the name of another file" mv a/c/newer a/a/one
does "a new directory" mkdir a/dir
does "a new name for a directory" mv a/dir a/dir2
does "a file in it" eval 'echo in >a/dir2/in'
does "a full directory elsewhere" mv a/c a/dir2/c
does "a file deep in it" eval 'echo in >a/dir2/c/deep/er/in'
does "swapped names" eval 'mv a/a a/x; mv a/b a/a; mv a/x a/b'
does "a tree from outside" eval 'make_tree outside; mv outside a/inside'
does "a file in that" eval 'echo in >a/inside/c/deep/in'
does "a tree to the outside" mv a/inside outside
does "a removed tree" rm -r a/dir2/c
does "permissions" chmod 4711 a/b/one
does "permissions of a directory" chmod 1777 a/emptydir
does "permissions of the root" chmod 750 a
does "times" touch -d '2003-03-03 03:03:03.030303030' a/b/one
does "times of a directory" touch -d '2003-03-03 03:03:03.030303030' a/dir2
does "an attribute" setfattr -n user.x -v y a/b/one
does "an attribute less" setfattr -x user.x a/b/one
does "a symlink" ln -s ../nowhere a/dir2/link
does "another target" ln -sfn elsewhere a/dir2/link
does "a fifo" mkfifo a/fifo
does "a name of bytes" eval 'echo x >"a/$(printf "\377\n")"'
does "an odd name" eval 'echo x >"a/ -* "'
does "a file that is a directory now" eval 'rm a/fifo; mkdir a/fifo; echo x >a/fifo/x'
does "and a file again" eval 'rm -r a/fifo; echo x >a/fifo'
if [ "$(id -u)" = 0 ]; then
    does "an owner" chown 1234:4321 a/b/one
else
    skip 2 "chown needs root"
fi
unlike "$(cat "$mirror_log.err")" 'refused|could not' "without trouble"

echo last >a/last
stop_mirror
is "$rc" 0 "it ends when it is told to"
ok "equal at the end" same_tree a b
ok "no staging folder left" no_litter .
done_testing
