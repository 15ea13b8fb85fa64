#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --backup, --backup-dir and --suffix leave what rsync leaves: the same files under
# the same names, over each way there is. DIR leads nowhere out of a share, and what
# is kept there is not deleted.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need rsync
need_mirror
need_root
cd "$T" || exit
rsh=$here/rsh-here
mkdir -p share src/sub/deep src/filedir old/sub/deep old/gone/deep old/empty
for i in f sub/g sub/deep/h h1; do echo "new $i" >"src/$i"; echo "old $i" >"old/$i"; done
echo same >src/same && cp -p src/same old/same
ln src/h1 src/h2 && echo "old h2" >old/h2
ln -s new src/link && ln -s old old/link
echo new >src/waslink && ln -s old old/waslink
echo file >old/filedir && echo in >src/filedir/in
echo sleeps >src/fifo && mkfifo old/fifo
mkfifo old/gone/fifo
echo x >old/gone/x && echo y >old/gone/deep/y && ln old/gone/x old/gone/deep/x2
echo z >"old/odd name
~" && echo b >old/was~ && echo b >old/was.old && echo keep >old/keep.o
echo earlier >old/f~
chmod 711 old/gone && chown daemon old/gone && setfattr -n user.x -v y old/gone/deep
setfattr -n user.x -v z old/f
chmod 600 src/same && chmod 644 old/same
echo deep >old/sub/deep/more
find src old -depth -exec touch -h -d 2020-01-01T10:11:12.131415 {} +
find old -type f -exec touch -d 2019-01-01 {} +
touch -d 2020-01-01T10:11:12.131415 old/same

# Times of directories are those of the backups that came into them. rsync's copies for
# --inplace have modes and times of their own in a DIR (3.5.0).
shape() # DIR...
{
    find "$@" -printf '%P %y %U %G %n %l\n' | LC_ALL=C sort
    find "$@" -type f -exec md5sum {} + | sed 's, [^ ]*/top/, ,' | LC_ALL=C sort
    [ -n "$bare" ] || find "$@" -printf '%P: %m' \
        \( -type d -printf '\n' -o -printf ' %T@\n' \) | LC_ALL=C sort
    [ -n "$bare" ] || find "$@" ! -type d -exec getfattr -h -d {} + |
        sed 's,^# file: .*top/,# ,'
}
bare=

# All is below a directory of its own, "top".
fresh() { rm -rf "$1" && mkdir -p "$1/top" && cp -a old "$1/top/dst"; }

as_rsync() # NAME OPTION...
{
    local name=$1 to base
    shift
    fresh r
    rsync -aHAX --exclude='*.o' --delete "$@" src/ r/top/dst/ >"$T/log/rsync" 2>&1 ||
        diag "$(cat log/rsync)"
    for to in b/top/dst "zcsync://$addr/s/top/dst" "host:$T/b/top/dst" pull; do
        base=b
        if [ "${to#zcsync}" != "$to" ]; then base=share; fi
        fresh $base
        if [ "$to" = pull ]; then
            run "$ZCSYNC" pull -aHAX --exclude='*.o' --delete "$@" \
                "zcsync://$addr/src/" b/top/dst
        else
            run "$ZCSYNC" push -aHAX --exclude='*.o' --delete -e "$rsh" "$@" \
                src/ "$to"
        fi
        is "$rc $err" "0 " "$name to ${to%%:*}"
        is "$(shape $base/top)" "$(shape r/top)" "is as rsync has it"
        ok "no litter" no_litter "$base/top/dst"
        if [ "$name" = "with all deleted" ]; then continue; fi
        run "$ZCSYNC" push -aHAX -i --exclude='*.o' --delete "$@" src/ $base/top/dst
        is "$out" "" "then there is nothing to do"
    done
}

start_serve s="$T/share" src="$T/src" --readable
as_rsync "beside" -b
as_rsync "with a suffix" -b --suffix=.old
as_rsync "with all deleted" -b --delete-excluded
as_rsync "in a directory" --backup-dir=../bak
as_rsync "with parents and a suffix" --backup-dir=../bak/of/today --suffix=.x
as_rsync "in place" -b --inplace
bare=yes
as_rsync "in place, in a directory" --backup-dir=../bak --inplace
bare=
as_rsync "in the end" -b --delay-updates
as_rsync "a suffix and no backup" --suffix=.x
as_rsync "not after all" -b --no-backup

# ---- what a DIR may be ---------------------------------------------------------

at=zcsync://$addr/s
fresh share && ln -s ../../src share/top/out && echo other >share/top/file
changes() { echo "$1" >src/f; }
push_exits 3 "a DIR out of the share" -b --backup-dir=../../../bak src/ "$at/top/dst"
like "$err" "leads out of share s" "is refused"
push_exits 3 "one that a symlink leads out of it" --backup-dir=../out src/ "$at/top/dst"
one_sentence "cannot open the directory ../out for backups" "is refused"
push_exits 3 "the staging folder" --backup-dir=/.zcsync/x src/ "$at/top/dst"
push_exits 3 "a file" --backup-dir=../file src/ "$at/top/dst"
push_exits 1 "DEST itself" --backup-dir=. src/ "$at/top/dst"
one_sentence "is the destination itself" "is refused"
is "$(cat share/top/dst/f)" "old f" "nothing was done"
push_exits 1 "an empty one" --backup-dir= src/ "$at/top/dst"
push_exits 1 "an empty suffix" -b --suffix= src/ "$at/top/dst"
push_exits 1 "a suffix that is a path" -b --suffix=/x src/ "$at/top/dst"
one_sentence "--backup: suffix: '/x' cannot be the end of a name" "is refused"

pushes "DEST itself with a suffix" --backup-dir=. --suffix=.s src/ "$at/top/dst"
is "$(cat share/top/dst/f.s)" "old f" "is what -b is"
changes 2
pushes "an absolute one" --backup-dir=/of/today src/ "$at/top/dst"
is "$(ls share/of/today)" f "begins at the root of the share"
pushes "where nothing is replaced" --backup-dir=../none src/ "$at/top/dst"
nok "no directory is left" test -e share/top/none
mkdir -p b/here
run "$ZCSYNC" pull --backup-dir=../none/of "zcsync://$addr/src/same" b/here
is "$rc" 0 "a pull that replaces nothing"
nok "leaves none, either" test -e b/none/of
changes 3
pushes "a dry run" -n --backup-dir=../none src/ "$at/top/dst"
nok "makes none, either" test -e share/top/none

# One in DEST is no part of what is deleted there, nor are parents of it.
for i in 4 5 6; do
    changes $i
    echo $i >share/top/dst/extra
    pushes "one in DEST" --delete --backup-dir=was/there src/ "$at/top/dst"
    is "$(cat share/top/dst/was/there/extra)" $i "has what was deleted last"
done
nok "and not itself" test -e share/top/dst/was/there/was

# What is in the way of a backup is an older one.
rm -rf share/bak && mkdir -p share/bak/f/dir share/elsewhere
echo file >share/bak/sub && ln -s ../elsewhere share/bak/lost
changes 7 && echo 7 >src/sub/g && mkdir share/top/dst/lost && echo 7 >share/top/dst/lost/x
pushes "things in the way" --delete --backup-dir=/bak src/ "$at/top/dst"
is "$(cat share/bak/f share/bak/sub/g share/bak/lost/x | xargs)" "6 new sub/g 7" "give it"
is "$(ls share/elsewhere)" "" "a symlink leads nowhere"

# rsync does not replace this one at all.
rm -rf share/top/dst/f && mkdir share/top/dst/f && echo in >share/top/dst/f/in
pushes "a directory that a file replaces" -b --force src/ "$at/top/dst"
is "$(cat share/top/dst/f share/top/dst/f~/in | xargs)" "7 in" "is a backup as a whole"

# ---- another file system, which there are no links to -----------------------------

if [ -w /dev/shm ] && [ "$(stat -c %d /dev/shm)" != "$(stat -c %d "$T")" ]; then
    fresh b && fresh r
    far=$(mktemp -d /dev/shm/zcsync-t.XXXXXX)
    rsync -aHAX --delete --backup-dir="$far/r" src/ r/top/dst/
    pushes "copies" -aHAX --delete --backup-dir="$far/b" src/ b/top/dst
    is "$(cd "$far/b" && shape .)" "$(cd "$far/r" && shape .)" "are as rsync's"
    rm -rf "$far"
else
    skip 2 "/dev/shm is no other file system"
fi

# ---- a mirror ----------------------------------------------------------------------

rm -rf share/* live && mkdir -p live/d && echo 1 >live/d/f && echo gone >live/d/gone
start_mirror -b live "$at"
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
ok "is there" wait_until 10 has share/d/gone gone
echo two >live/d/f
ok "what was changed is kept" wait_until 10 has share/d/f~ 1
rm live/d/gone
ok "what was deleted is kept" wait_until 10 has share/d/gone~ gone
echo other >live/d/other && mv live/d/f live/d/other
ok "renamed" wait_until 10 has share/d/other two
stop_mirror
is "$(cat share/d/f~ share/d/gone~ | xargs)" "1 gone" "and stays"

done_testing
