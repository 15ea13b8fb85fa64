#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is lost is kept also where there are no links, where another file system is
# mounted in the share, or full, by a receiver without rights, and of files that may
# not be changed. What cannot be kept stays where it is.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mount.sh"

need rsync chattr
need_mounts
cd "$T" || exit
mkdir -p src/sub share fat ext r

as_before() # DIR: a tree that is about to change
{
    rm -rf src/* && mkdir -p src/sub
    for i in 1 2 3; do echo "old $i" >"src/sub/$i"; done
    echo old >src/f && ln -s old src/link && touch -h -d 2020-01-01 src/f src/link src/sub/*
    "$ZCSYNC" push -q --delete --exclude=/.zcsync --max-delete=100 src/ "$1" || diag "setting up: $1"
}
change()
{
    echo new >src/sub/1 && rm src/sub/2 && echo new >src/f && ln -sfn new src/link
    rm -f src/sub/3 && mkdir src/sub/3 && echo in >src/sub/3/in
}
kept() # DIR: what was lost
{
    (cd "$1" && cat sub/1 sub/2 sub/3 f && readlink link) 2>&1 | xargs
}
all="old 1 old 2 old 3 old old"

# ---- a mount in the share -----------------------------------------------------------

conf "[share s]" "path = $T/share" "keep = 1 day" "[share fat]" "path = $T/fat" "keep = 1 day" \
    "[share ext]" "path = $T/ext" "keep = 1 day"
ok "a mount" make_fs tmpfs share/sub 8
ok "the daemon starts" start_daemon
at=zcsync://$addr
as_before share
chown daemon share/sub/1 && setfattr -n user.x -v y share/sub/1 && chmod 4711 share/sub/1
change
pushes "into a share with a mount" --delete src/ "$at/s"
trash=$(echo share/.zcsync/trash/*Z)
is "$(kept "$trash")" "$all" "what was lost is kept"
is "$(stat -c '%a %U %y' "$trash/sub/1") $(getfattr --only-values -n user.x "$trash/sub/1")" \
    "4711 daemon 2020-01-01 00:00:00.000000000 $(date -d 2020-01-01 +%z) y" "with all that it was"
ok "nothing is left over" [ -z "$(find share -name '.zcsync-*')" ]
run "$ZCSYNC" restore ./share sub
is "$rc" 23 "one comes back with trouble, as a directory has its place"
is "$(cat share/sub/2)" "old 2" "across the mount"
umount share/sub

# ---- a file system without links -----------------------------------------------------

fat_opts() { command -v mkfs.vfat >/dev/null && truncate -s 20M img && mkfs.vfat img >/dev/null 2>&1 &&
    mount_at -o loop img fat; }
if fat_opts; then
    rm -rf src/* && mkdir src/d && echo old >src/f && echo old >src/d/g && echo x >src/d/x
    pushes "to vfat" -rt --no-perms --no-owner --no-group src/ "$at/fat"
    echo newer >src/f && rm src/d/g && rm src/d/x && mkdir src/d/x
    pushes "changes" -rt --no-perms --no-owner --no-group --delete src/ "$at/fat"
    is "$(cat fat/.zcsync/trash/*/f fat/.zcsync/trash/*/d/g fat/.zcsync/trash/*/d/x | xargs)" \
        "old old x" "what was lost is kept"
    is "$(cat fat/f)" newer "and the new version is there"
    echo another >src/f
    pushes "backups there" -rt --no-perms --no-owner --no-group -b src/ "$at/fat"
    is "$(cat fat/f~)" newer "are made, too"
else
    skip 6 "no vfat here"
fi

# ---- no room, and no rights -----------------------------------------------------------

ok "a small disk" make_fs tmpfs r 2
rm -rf src/* share/* && mkdir src/r && echo 1 >src/f
head -c 1000000 /dev/urandom >src/big && pushes "what is there" src/ "$at/s"
echo new >src/big && rm src/f
head -c 1500000 /dev/zero >r/fill
push_exits 23 "when that is full" --delete --backup-dir="$T/r/b" src/ share
like "$err" "big: could not keep the version that is there: No space" "is told"
is "$(stat -c %s share/big)" 1000000 "what cannot be kept is not replaced"
ok "nothing is left over" [ -z "$(find r -name '.zcsync-*')" ]

if make_fs ext4 ext 20; then
    as_before ext
    chattr +i ext/f && chattr +a ext/sub/2
    change
    pushes "with flags" --fileflags --delete src/ "$at/ext"
    is "$(kept "$(echo ext/.zcsync/trash/*Z)")" "$all" "what may not be changed is kept"
    chattr -i ext/f ext/.zcsync/trash/*/f && chattr -R -a ext/sub ext/.zcsync 2>/dev/null
    # Whoever may write into a directory replaces files of others there.
    as_before ext && rm -rf ext/.zcsync && chown nobody ext ext/sub && chown 12345:12345 ext/f && chmod 600 ext/f
    change && chmod -R a+rX src
    need_nobody
    run "${nobody[@]}" "$ZCSYNC" push -rlt -b --delete src/ ext
    is "$rc" 0 "a user without rights" || diag "$err"
    is "$(cat ext/f~ ext/sub/1~ | xargs)" "old old 1" "keeps files of others"
    is "$(cat ext/f)" new "and replaces them"
else
    skip 5 "no ext4 here"
fi
stop_daemon
done_testing
