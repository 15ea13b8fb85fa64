#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -x: what is mounted below the source is not touched, so that one that does not
# answer holds nothing up; its directory is made, what is there is left alone,
# and all else is mirrored and deleted as ever.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
export ZC_RUN_LIMIT=45
cd "$T" || exit

# A mount whose server never answers: whoever looks at it waits for ever, until
# descriptor 9 is closed.
exec 9<>/dev/fuse || skip_all "no FUSE"
dead_mount() # DIR
{
    mount_at -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 dead "$1"
}

make_tree a
mkdir "a/a b" "a/c/disk" a/same a/dead a/c/twice
echo under >"a/a b/under"
dead_mount a/dead || skip_all "cannot mount FUSE"
mount_at -t tmpfs none "a/a b" && echo over >"a/a b/over"
mount_at -t tmpfs none a/c/disk && mkdir a/c/disk/in && mount_at -t tmpfs none a/c/disk/in
mount_at --bind a/b a/same
mount_at -t tmpfs none a/c/twice && mount_at -t tmpfs none a/c/twice
mkdir share
start_serve s="$T/share"
for dest in b "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/share}
    pushes "with a mount that does not answer" -x --delete a "$dest"
    for name in dead "a b" c/disk same c/twice; do
        ok "$name is made" test -d "$dir/$name"
        is "$(ls -A "$dir/$name")" "" "$name is empty"
    done
done

# what is asked for by name
printf 'dead/x\nbig\n' >list
push -x --files-from=list a d
like "$rc" '^(0|23)$' "a name in a mount that does not answer: exit $rc"
ok "the others are there" cmp a/big d/big

# rsync would wait for it
exec 9>&-
umount a/dead
for dir in b share; do
    is "$(rsync_diff a "$dir" --exclude='/a b' --exclude=/same --exclude=/dead \
        --exclude=/c/disk --exclude=/c/twice)" "" "all else is in $dir"
done

chmod 711 b/c/disk && chown 12:34 b/c/disk && touch -d 2001-01-01 b/c/disk
echo mine >b/c/disk/mine
rmdir b/same && echo file >b/same
rm a/b/one && rm -r a/a
before=$(stat -c '%a %u %g %Y' b/c/disk)
pushes "again" -x --delete a b
is "$(stat -c '%a %u %g %Y' b/c/disk)" "$before" "a directory there is left as it is"
is "$(cat b/c/disk/mine)" mine "so is what it holds"
is "$(cat b/same)" file "so is something else of that name"
nok "what is gone is deleted beside it" test -e b/a
nok "deeper down, too" test -e b/b/one
runs_with 0 "diff finds nothing to do" "$ZCSYNC" diff -x --delete a b
push -x -n -i --delete a b
is "$rc:$out" "0:" "nor does -n"

# a file that is mounted on another one is a file of the tree
echo one >f1 && echo two >a/f2
mount_at --bind f1 a/f2
pushes "with a file mounted" -x a b
is "$(cat b/f2)" one "it is sent, as it is seen"

# without -x it is entered
umount a/same
pushes "without -x" a e
is "$(cat "e/a b/over")" over "what is mounted is sent"
ok "all of it" same_tree a e
done_testing
