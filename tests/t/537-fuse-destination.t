#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A destination on FUSE with libfuse 2 (bindfs): no mtime without an atime, no
# flags for renames, and settings that are ignored without a word.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mounts
need bindfs
cd "$T" || exit

show() # [OPTION...] DIR
{
    local dir=${!#}
    mkdir -p under "$dir"
    bindfs "${@:1:$#-1}" under "$dir" 2>"$T/log/bindfs" || return 1
    mounted+=("$PWD/$dir")
}
show m || skip_all "cannot mount: $(cat "$T/log/bindfs")"

# ---- times -------------------------------------------------------------------
mkdir -p a/d/e
for n in 1 2 3; do echo "$n" >a/d/f$n && touch -d 2020-01-0$n a/d/f$n; done
ln -s nowhere a/l && touch -h -d 2020-02-01 a/l
random_bytes 700000 >a/big && touch -d 2020-02-02 a/big
touch -d 2020-03-01 a/d/e && touch -d 2020-03-02 a/d && touch -d 2020-03-03 a
pushes "to FUSE" a m/b
ok "equal" same_tree a m/b
pushes "again" -i a m/b
is "$out" "" "nothing to do"
rm a/d/f2 && touch -d 2020-03-04 a/d
touch -d 2021-01-01 a/d/f1
pushes "a deletion, a new time" --delete a m/b
ok "equal" same_tree a m/b

# ---- other types ---------------------------------------------------------------
types()
{
    rm -rf a && mkdir -p a/d2l a/d2f a/empty
    echo f >a/f2d && echo x >a/d2l/x && echo y >a/d2f/y
    ln -s nowhere a/l2f && ln -s nowhere a/l2d
}
other_types()
{
    rm -r a/* && mkdir a/f2d a/l2d && echo in >a/f2d/in
    ln -s f2d a/d2l && echo file >a/d2f && echo file >a/l2f && echo e >a/empty
}
types
rm -rf m/b
pushes "types" a m/b
other_types
pushes "other types" --delete a m/b
ok "equal" same_tree a m/b
types
push_exits 23 "back, without --delete" a m/b
is "$(cat m/b/f2d/in)" in "a directory with something in it stays"
pushes "back" --delete --force-delete a m/b
ok "equal" same_tree a m/b

# ---- live ----------------------------------------------------------------------
start_mirror a m/b
ok "a mirror" mirrored a m/b
ok "other types, here" other_types
ok "there" mirrored a m/b
mkdir a/tree && random_bytes 300000 >a/tree/big
ok "a directory" mirrored a m/b
before=$(stat -c %i under/b/tree/big)
mv a/tree a/tree2
ok "renamed" mirrored a m/b
is "$(stat -c %i under/b/tree2/big)" "$before" "it was not sent again"
stop_mirror
ok "equal at the end" same_tree a m/b

# ---- what does not take ----------------------------------------------------------
show --chmod-ignore --chown-ignore --chgrp-ignore ignores ||
    skip_all "bindfs cannot ignore"
rm -rf a under/b && mkdir a
for n in 1 2 3; do echo "$n" >a/f$n; done
chmod 640 a/f* && chown 1000:1001 a/f*
push_exits 23 "modes and owners that are ignored" a ignores/b
for kind in owner group; do
    like "$err" "could not set the $kind of 3 entries, .*: Operation not supported" "it says so: $kind"
    is "$(grep -c "set the $kind" <<<"$err")" 1 "once"
done
ok "the data are there" cmp a/f1 ignores/b/f1
is "$(stat -c %Y a/f1)" "$(stat -c %Y ignores/b/f1)" "so are the times"
done_testing
