#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The source of a mirror is itself mounted over, unmounted and mounted again, or
# lies below a mount for which that is so; what was mounted in it comes back
# later. With -x mounts below it come and go, one of which never answers.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mounts
need perl
cd "$T" || exit
make_tree disk
make_tree "low/w w"
mkdir a disk/in x
make_tree x
mkdir x/dead x/later && echo under >x/later/under
mount_at -t tmpfs none "low" && mkdir "low/w w" && echo "on the disk" >"low/w w/file"
conf "[mirror a]" "path = $T/a" "to = $T/b" \
    "[mirror low]" "path = $T/low/w w" "to = $T/c" \
    "[mirror x]" "path = $T/x" "to = $T/y" "one file system = yes"
exec 9<>/dev/fuse || skip_all "no FUSE"
start_daemon

same() # NAME MIRROR SRC DEST
{
    waits --timeout=20 "$2"
    is "$rc" 0 "$1, says wait"
    is "$(rsync_diff "$3" "$4" --exclude=/.zcsync/ "${@:5}")" "" "$1, is"
}
gone() { [ "$(field "$1" state)" = "source gone" ]; }
unmount() { wait_until 5 umount "$1"; }

same "an empty directory" a a b
mount_at --bind disk a && mount_at -t tmpfs in a/in && echo in >a/in/in
same "mounted over" a a b
echo more >a/more
same "and followed" a a b
unmount a/in && unmount a
ok "unmounted" wait_until 10 gone a
like "$(field a text)" "a (was unmounted|is not mounted|.*another)" "status says so"
echo bare >a/bare
waits --timeout=2 a
is "$rc" 30 "wait does not return"
ok "still gone" gone a
ok "nothing is deleted" cmp b/in/in <(echo in)
is "$(rsync_diff disk b --exclude=/.zcsync/ --exclude=/in/)" "" \
    "nor is anything else touched"
rm a/bare
mount_at --bind disk a
ok "mounted again, but not what was in it" wait_until 10 eval '! gone a'
ok "that is missing" wait_until 10 eval '[ "$(field a peer.path)" = in ]'
is "$(cat b/in/in)" in "and left alone"
mount_at -t tmpfs in a/in && echo else >a/in/else
same "that, too" a a b

# the source is a directory of the disk, and there is one of its name below it
same "a directory on a disk" low "low/w w" c
unmount low
ok "the disk is unmounted" wait_until 10 gone low
waits --timeout=2 low
is "$rc" 30 "wait does not return"
is "$(cat c/file)" "on the disk" "what it uncovers is not taken for it"
like "$(field low text)" "low( is not mounted|.*unmounted)" "status says why"
mount_at -t tmpfs none low && mkdir "low/w w" && echo new >"low/w w/new"
same "another disk" low "low/w w" c

# -x
same "with -x" x x y
mount_at -i -t fuse -o fd=9,rootmode=40000,user_id=0,group_id=0 dead x/dead
mount_at -t tmpfs over x/later && echo over >x/later/over
mkdir x/more x/later/more && echo new >x/more/new && rm x/a/one
waits --timeout=20 x
is "$rc" 0 "mounts that appear, one of which never answers: nothing waits for it"
ok "all else goes on" test -e y/more/new -a ! -e y/a/one
is "$(ls y/later)" under "what was mounted over is left alone"
run "$ZCSYNC" push -x -n -i x y
is "$rc:$out" 0: "and a push sees no difference"
unmount x/later
waits --timeout=20 x
ok "unmounted: what it covered is mirrored again" diff -r x/later y/later
echo again >x/later/again && rm x/later/under
waits --timeout=20 x
ok "and followed" diff -r x/later y/later
exec 9>&-
unmount x/dead
same "without the other" x x y
stop_daemon
is "$rc" 0 "the daemon stops"
done_testing
