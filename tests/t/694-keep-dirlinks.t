#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -K works in what a symlink at DEST leads to, below the root and nowhere else; -E
# keeps whether files may be run where permissions are not kept. As with rsync.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need rsync
cd "$T" || exit
mkdir -p a/data/sub a/deep/in share have/real/sub have/other/there have/deep
echo 1 >a/data/f && echo 2 >a/data/sub/g && echo 3 >a/deep/in/h && echo x >a/file
ln a/data/f a/data/f2
ln -s real have/data && ln -s ../other/there have/deep/in
ln -s nowhere have/file && echo old >have/real/f && echo gone >have/real/sub/gone
mkdir a/dangling a/to-file && ln -s nothing have/dangling && ln -s real/f have/to-file
find a have -exec touch -hd 2020-02-02 {} +
start_serve s="$T/share"

# What there is; rsync leaves the times that writing gave what links lead to.
still() { listing "$1" | sed 's,^\(real\|other/there\) d .*,\1,'; }

as_rsync() # OPTION...
{
    local to
    rm -rf r && cp -a have r
    rsync -aHAX --modify-window=-1 "$@" a/ r/ >"$T/log/rsync" 2>&1
    for to in b "zcsync://$addr/s"; do
        rm -rf b && cp -a have b && rsync -a --delete have/ share/
        pushes "$* to $to" "$@" a/ "$to"
        [ "$to" = b ] || { rm -rf b && cp -a share b; }
        is "$(still b)" "$(still r)" "the same comes out"
    done
}
as_rsync -K
as_rsync
as_rsync -K --existing
pushes "again" -K -i a/ b
rm -rf b && cp -a have b
pushes "-K" -K a/ b
pushes "a second one" -K -i a/ b
is "$out" "" "finds nothing to do"
is "$(readlink b/data) $(readlink b/deep/in)" "real ../other/there" "the links stay"
is "$(stat -c %y b/real)" "$(stat -c %y a/data)" "what they lead to has its time"
pushes "with --delete" -K --delete --exclude=/real --exclude=/other a/ b
is "$(readlink b/data)" real "they stay, too"
echo x >b/real/extra
pushes "again" -K --delete --exclude=/real --exclude=/other a/ b
ok "and what is not in SRC goes from there" [ ! -e b/real/extra ]

# ---- nowhere else ------------------------------------------------------------

mkdir outside && echo precious >outside/f
for target in "$T/outside" ../outside ../../outside/x/.. real/../../outside; do
    for to in b "zcsync://$addr/s"; do
        dest=b
        [ "$to" = b ] || dest=share
        rm -rf b share/* && mkdir -p $dest/real && ln -s "$target" $dest/data
        push_exits 23 "a symlink to $target, $to" -K a/ "$to"
        like "$err" "data.*outside" "is named"
        is "$(readlink $dest/data)" "$target" "and stays"
        ok "the rest is there" cmp a/deep/in/h $dest/deep/in/h
    done
done
is "$(cd outside && find . -printf '%P %s ')" " $(stat -c %s outside) f 9 " \
    "nothing was done there"

rm -rf b && mkdir -p b/real && ln -s real b/data
start_mirror -K --no-delete a b
ok "a mirror" wait_until 10 cmp -s a/data/sub/g b/real/sub/g
echo live >a/data/live
ok "works there" wait_until 10 cmp -s a/data/live b/real/live
mkdir a/data/new && echo 1 >a/data/new/f && mv a/data/live a/data/sub/moved
ok "goes on" wait_until 10 cmp -s a/data/sub/moved b/real/sub/moved
ok "with directories" wait_until 10 cmp -s a/data/new/f b/real/new/f
is "$(readlink b/data)" real "and keeps the symlink"
stop_mirror

# ---- -E ----------------------------------------------------------------------

rm -rf a have && mkdir a have
olds=(644 755 600 640 604 511)
[ "$(id -u)" != 0 ] || olds+=(000) # nobody else could copy that
for mode in 644 755 700 600 750; do
    for old in "${olds[@]}"; do
        echo same >a/$mode.$old && cp -a a/$mode.$old have/
        echo other >a/x.$mode.$old && echo old >have/x.$mode.$old
        chmod $mode a/*$mode.$old && chmod $old have/*$mode.$old
    done
    echo new >a/new.$mode && chmod $mode a/new.$mode
done
find a have -exec touch -d 2020-02-02 {} +
touch -d 2021-02-02 a/x.*
as_rsync -E --no-perms
as_rsync --no-perms
as_rsync -E
pushes "again" -E --no-perms -i a/ b
is "$out" "" "nothing to do"
done_testing
