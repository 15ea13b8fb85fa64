#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hard links made, changed through one of their names, broken and moved: the
# kernel reports one name only, the copy has them all.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
make_tree a
many_files a/many 400 50 20
echo first >a/first
echo third >a/third
ln a/third a/c/third # before the mirror starts
start_mirror a b
ok "at first" mirrored a b

does "a second name" ln a/first a/c/second
is "$(stat -c %h b/first)" 2 "they are one file"
does "a name deep down, of a file far away" ln a/many/d007/f000007 a/c/deep/er/f
does "content through one of two" eval 'echo more >>a/first'
is "$(cat b/c/second)" "first
more" "is that of the other"
does "through one that was there before" eval 'echo more >>a/c/third'
does "permissions through one" chmod 600 a/c/second
does "a third name" ln a/c/second a/b/tenth
does "content through that" eval 'echo more >>a/b/tenth'
does "one name less" rm a/first
does "a name moved" mv a/c/second a/moved
does "content through that" eval 'echo more >>a/moved'
does "the directory of one moved" mv a/b a/bb
does "content in it" eval 'echo more >>a/moved'
does "a name broken off" eval 'cp a/moved a/x && mv a/x a/moved'
does "content after that" eval 'echo more >>a/moved; echo less >>a/bb/tenth'
does "a copy full of links" cp -al a/many a/many2
does "content in one of them" eval 'echo more >>a/many2/d003/f000003'
does "a link to the outside" ln a/big outside
does "content through that" eval 'echo x >>a/big'
rm outside
does "a directory of links from outside" eval 'cp -al a/many x; mv x a/many3'
does "all of them removed" rm -r a/many2 a/many3
does "a symlink with two names" ln -P a/bb/link a/link2
does "a fifo with two names" eval 'mkfifo a/fifo; ln a/fifo a/fifo2'
(for n in $(seq 50); do ln a/big "a/c/big$n"; [ $((n % 3)) = 0 ] && rm "a/c/big$n"; done) &
for n in $(seq 50); do ln a/bb/tenth "a/ten$n"; echo "$n" >>"a/ten$n"; done
wait "$!"
ok "many at once" mirrored a b

stop_mirror
ok "equal at the end" same_tree a b
ok "no staging folder left" no_litter .
done_testing
