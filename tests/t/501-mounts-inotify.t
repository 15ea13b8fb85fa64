#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Under a mirror file systems are mounted, unmounted, moved and mounted over
# below its source: what is mounted is mirrored and followed; what is unmounted
# is left alone at the destination, and that is said; all else goes on; and with
# the mount all is as before. $ZC_WATCH: inotify, or fanotify in 502.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mounts
need perl
watch=${ZC_WATCH:-inotify}
cd "$T" || exit
make_tree a
many_files a/many 400 100 # so that the brake is not reached
mkdir "a/d d" "a/d d/mnt" a/e disk share
if [ "$watch" = fanotify ]; then
    can_fanotify "$T/a" || skip_all "this user or kernel cannot watch by fanotify"
fi
start_serve s="$T/share"
server=$addr
# A rescan is for what cannot be watched, as it is mounted twice: nothing else.
conf "[mirror m]" "path = $T/a" "to = $T/b, zcsync://$server/s" "watch = $watch" \
    "rescan = 2" "compare = never"
start_daemon

insync() { waits --timeout=20 m && [ "$rc" = 0 ] && looks_equal a b && looks_equal a share; }
same() { # NAME: all is equal, says wait, and is
    ok "$1" insync
    is "$(rsync_diff a b --exclude=/.zcsync/)" "" "$1, to the byte"
}
blocked() { [ "$(field m peer.state)" = blocked ] && [ "$(field m peer.path)" = "$1" ]; }
# The mirror may be at work there.
unmount() { wait_until 5 umount "$1"; }
unmounted() # DIR
{
    unmount "a/$1" || return
    wait_until 10 blocked "$1"
}
copy() { (cd "b/$1" && find . | sort | xargs -d '\n' md5sum 2>/dev/null); }

same "at first"
make_fs tmpfs disk 20
mkdir -p disk/x/y && echo 1 >disk/one && random_bytes 200000 >disk/x/y/two
for n in $(seq 150); do echo "$n" >disk/x/f$n; done
echo under >"a/d d/mnt/under"
same "before the mount"
mount_at --bind disk "a/d d/mnt"
same "what is mounted is there"
echo more >>"a/d d/mnt/one" && mkdir -p "a/d d/mnt/x/new/deep"
echo 3 >"a/d d/mnt/x/new/deep/three" && mv "a/d d/mnt/x/f1" "a/d d/mnt/f1"
same "it is followed"

before=$(copy "d d/mnt")
ok "unmounted: status names the place" unmounted "d d/mnt"
like "$(field m text)" 'd d/mnt was unmounted' "so does that of the mirror"
like "$(cat "$daemon_log")" 'a/d d/mnt was unmounted; nothing below it' "and the log"
waits --timeout=1 m
is "$rc" 30 "wait does not say that all is there"
like "$err" 'd d/mnt: unmounted at the source' "but what is not"
echo bare >"a/d d/mnt/bare" && rm "a/d d/mnt/under" && touch "a/d d/mnt"
echo beside >"a/d d/beside" && rm a/b/one && mkdir a/e/new
ok "all else goes on" wait_until 10 test -e "b/d d/beside" -a ! -e b/b/one -a -d b/e/new
is "$(copy "d d/mnt")" "$before" "nothing is deleted below it, and nothing made"
# a new session compares everything
kill "$(pgrep -P "$serve_pid" | head -n 1)" 2>/dev/null
rm a/a/one
ok "a session that begins anew" wait_until 20 test ! -e share/a/one
is "$(ls "share/d d/mnt" | grep -c .)" "$(ls "b/d d/mnt" | grep -c .)" \
    "deletes nothing either"
rm "a/d d/mnt/bare" && rm disk/x/f2 && echo late >disk/x/late
mount_at --bind disk "a/d d/mnt"
like "$(insync; echo $rc)" 0 "mounted again: in sync"
same "with what was done meanwhile"
like "$(cat "$daemon_log")" 'a/d d/mnt is mounted again' "the log says so"
is "$(field m text)" "" "and status nothing any more"

# a directory above it is renamed, with the mount and without
mv "a/d d" a/f
same "a mount in a directory that is renamed"
ok "unmounted under its new name" unmounted f/mnt
before=$(copy f/mnt)
mv a/f a/g && echo x >a/g/x
ok "renamed while it is not there" wait_until 10 test -e b/g/x
ok "status has the new name" wait_until 10 blocked g/mnt
is "$(copy g/mnt)" "$before" "what was there is there"
mount_at --bind disk a/g/mnt
same "and back"

# the mount point is removed, and what it was in
unmount a/g/mnt && rmdir a/g/mnt
ok "a mount point that is removed" wait_until 10 blocked g/mnt
rm a/g/x
ok "beside it things are deleted" wait_until 10 test ! -e b/g/x
rm -r a/g
echo y >a/y
ok "removed with the directory it was in" wait_until 10 test -e b/y
is "$(copy g/mnt)" "$before" "what was there stays"
mkdir -p a/g/mnt
mount_at --bind disk a/g/mnt
same "made and mounted again"

# other mounts: over it, in it, moved, of the same file system
mount_at -t tmpfs over a/g/mnt && echo over >a/g/mnt/over
same "something is mounted over it"
unmount a/g/mnt
same "and lifted"
mkdir a/g/mnt/in && mount_at -t tmpfs in a/g/mnt/in && echo in >a/g/mnt/in/in
same "a mount in a mount"
unmount a/g/mnt/in && unmount a/g/mnt
ok "both are gone" wait_until 10 blocked g/mnt
is "$(cat b/g/mnt/in/in)" in "nothing is deleted"
mount_at --bind disk a/g/mnt
ok "the outer one is back, the inner one not" wait_until 10 blocked g/mnt/in
is "$(cat b/g/mnt/in/in)" in "still nothing"
mount_at -t tmpfs in a/g/mnt/in && echo else >a/g/mnt/in/else
same "both are back, the inner one with something else"
unmount a/g/mnt/in
mkdir a/moved
ok "the inner one is gone" wait_until 10 blocked g/mnt/in
# Before anybody looks, it is back and the outer one is elsewhere.
mapfile -t busy < <(pgrep -P "$daemon_pid")
kill -STOP "${busy[@]}"
mount_at -t tmpfs in a/g/mnt/in # for the rest of this
mount --make-private "$T" 2>/dev/null
moved=no
mount --move a/g/mnt a/moved 2>/dev/null && moved=yes
kill -CONT "${busy[@]}"
if [ "$moved" = yes ]; then
    mounted+=("$T/a/moved" "$T/a/moved/in")
    same "a mount that is moved, with one in it that was gone"
else
    skip 2 "cannot move a mount here"
fi
mount_at --bind a/b a/e/new
echo via >a/e/new/via
ok "a directory that is mounted twice" wait_until 20 looks_equal a b
unmount a/e/new
ok "and once again" wait_until 10 blocked e/new
ok "is left where it was" test -e b/e/new/via
mount_at --bind a/b a/e/new

# a file
echo one >f1 && echo two >a/f2
mount --bind f1 a/f2 && mounted+=("$T/a/f2")
ok "a file that is mounted on one" wait_until 10 cmp f1 b/f2
unmount a/f2
ok "is gone" wait_until 10 blocked f2
is "$(cat b/f2)" one "and left as it was"
stop_daemon
is "$rc" 0 "the daemon stops"
done_testing
