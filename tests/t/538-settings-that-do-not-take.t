#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a file system does not take, whatever it says, is reported by each push,
# and is no difference: nothing is sent again. What did change is.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mounts
cd "$T" || exit

# shellcheck disable=SC2329 # at exit
drop_loop() { wait_until 5 losetup -d "$loop"; }

tree()
{
    rm -rf a && mkdir -p a/d
    for n in 1 2 3; do echo "$n" >a/d/f$n; done
    ln -s nowhere a/d/l
    touch -h -d 2020-01-01 a/d/*
    touch -d 2020-01-01 a/d a
}

# same_again KIND-REGEX NAME OPTION...
same_again()
{
    push_exits 23 "$2: again" -i "${@:3}"
    is "$out" "" "nothing is sent"
    like "$err" "$1" "it is said all the same"
    is "$(grep -c . <<<"$err")" "$lines" "once"
}

# ---- owners and modes that are ignored ----------------------------------------
mkdir under m
if command -v bindfs >/dev/null &&
    bindfs --chmod-ignore --chown-ignore --chgrp-ignore under m 2>"$T/log/bindfs"; then
    mounted+=("$PWD/m")
    tree
    chown -hR 1000:1001 a
    push_exits 23 "owners that are ignored" a m/b
    lines=3 # ... and the mode of a directory, which is made closed
    same_again 'could not set the owner of 6 entries' "owners" a m/b
    chmod 600 a/d/f1
    push_exits 23 "and a mode" a m/b
    same_again 'could not set the permissions' "mode" a m/b
    echo changed >a/d/f2
    push_exits 23 "one file changed" -i a m/b
    like "$out" 'd/f2' "that one is sent"
    is "$(grep -c '^<f' <<<"$out")" 1 "and no other"
    ok "it is there" cmp a/d/f2 m/b/d/f2
    start_mirror a m/b
    echo more >>a/d/f3
    ok "a mirror goes on" wait_until 20 cmp a/d/f3 m/b/d/f3
    stop_mirror
else
    skip 1 "no bindfs: $(head -c 100 "$T/log/bindfs" 2>/dev/null)"
fi

# ---- years that are not known --------------------------------------------------
mkdir x
if command -v mount.exfat-fuse mkfs.exfat >/dev/null && truncate -s 40M img &&
    mkfs.exfat img >/dev/null 2>&1 && loop=$(losetup -f --show img); then
    at_exit+=(drop_loop)
    if mount.exfat-fuse "$loop" x >/dev/null 2>&1; then
        mounted+=("$PWD/x")
        options=(--no-owner --no-group --no-perms --no-acls --no-xattrs --no-links)
        tree
        touch -d 1970-01-02 a/d/f1
        push_exits '0|23' "a year before all others" "${options[@]}" a x/b
        wait_until 5 umount x && mount.exfat-fuse "$loop" x >/dev/null 2>&1
        lines=1
        same_again 'could not set the times' "years" "${options[@]}" a x/b
        touch -d 2020-02-02 a/d/f1
        pushes "another year" "${options[@]}" a x/b
        pushes "again" -i "${options[@]}" a x/b
        is "$out" "" "nothing to do"
        ln a/d/f1 a/hard
        pushes "a hard link" "${options[@]}" a x/b
        pushes "again" -i "${options[@]}" a x/b
        is "$out" "" "nothing to do"
        touch -d 2020-01-01T00:00:01 a/d/f2
        pushes "an odd second" "${options[@]}" a x/b
        pushes "again" -i "${options[@]}" a x/b
        is "$out" "" "nothing to do"
    fi
else
    skip 1 "no exFAT"
fi

# ---- links that cannot be seen --------------------------------------------------
mkdir under3 l
if [ -x "$built/foldfs" ] && FOLDFS_OWN_INODES=1 "$built/foldfs" under3 l 2>"$T/log/fold"; then
    mounted+=("$PWD/l")
    tree
    ln a/d/f1 a/d/hard
    pushes "a hard link" --no-links --no-xattrs --no-acls a l/b
    is "$(stat -c %i under3/b/d/f1)" "$(stat -c %i under3/b/d/hard)" "is one"
    pushes "again" -i --no-links --no-xattrs --no-acls a l/b
    is "$out" "" "nothing to do"
    echo more >>a/d/f1
    pushes "new content" --no-links --no-xattrs --no-acls a l/b
    ok "has all names" cmp a/d/hard l/b/d/hard
else
    skip 1 "no foldfs"
fi

# ---- no times at all --------------------------------------------------------------
mkdir under2 t
if [ -x "$built/foldfs" ] && FOLDFS_TIMELESS=1 "$built/foldfs" under2 t 2>"$T/log/fold"; then
    mounted+=("$PWD/t")
    tree
    push_exits 23 "times that are ignored" --no-links --no-xattrs --no-acls a t/b
    lines=1
    same_again 'could not set the times' "times" --no-links --no-xattrs --no-acls a t/b
    echo X >a/d/f2 && touch -d 2020-01-01 a/d/f2
    push_exits 23 "content changed, of the same size and time" --no-links --no-xattrs \
        --no-acls a t/b
    ok "is seen" cmp a/d/f2 t/b/d/f2
else
    skip 1 "no foldfs"
fi
done_testing
