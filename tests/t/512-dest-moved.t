#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The destination of a running mirror is moved away, removed, or another one takes
# its place: what is at its path now is filled, with nothing changing at the
# source, and what was moved away is left alone.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
make_tree a

# trials DIR SEEN: DIR is what the mirror has as its destination, on this host
trials()
{
    local dest=$1 up=${1%/*} other
    ok "at first" mirrored a "$dest"
    other=$(mktemp -d "$T/other.XXXXXX")
    mv "$dest" "$other/old" && mkdir "$dest"
    ok "moved away and made anew: filled" mirrored a "$dest"
    ok "what was moved has no litter" no_litter_soon "$other/old"
    echo "$RANDOM" >a/changed
    ok "and follows" mirrored a "$dest"
    unlike "$(rsync_diff a "$other/old")" '^$' "while the old one is left alone"
    rm -r "$dest" && mkdir "$dest"
    ok "removed and made anew: filled" mirrored a "$dest"
    mkdir "$other/new" && cp -a a/c "$other/new" && echo x >"$other/new/c/alien"
    mv "$dest" "$other/older" && mv "$other/new" "$dest"
    ok "another one in its place: made equal" mirrored a "$dest"
    mv "$up" "$other/up" && mkdir -p "$dest"
    ok "the directory above it moved, and made anew" mirrored a "$dest"
    rm -r "$up" && mv "$other/up" "$up"
    rm a/changed
    ok "and put back" mirrored a "$dest"
}

mkdir -p up
start_mirror -v a up/dest
trials up/dest
rm -r up/dest
ok "a local one that was removed is made again" mirrored a up/dest
mkdir link.1 link.2 && ln -s link.1 link
stop_mirror
is "$rc" 0 "ends well"

# over a symlink, as a user wrote it
start_mirror -v a "$T/link/dest"
ok "below a symlink" mirrored a link.1/dest
ln -s link.2 link.new && mv -T link.new link
ok "which leads elsewhere now" mirrored a link.2/dest
echo more >a/more
ok "it follows" mirrored a link.2/dest
ok "and the old place is left alone" [ ! -e link.1/dest/more ]
stop_mirror

# a share, and a directory in it
mkdir -p srv/share
start_serve s="$T/srv/share"
start_mirror -v a "zcsync://$addr/s"
trials srv/share
stop_mirror
rm -r srv/share && mkdir srv/share
start_mirror -v a "zcsync://$addr/s/sub"
trials srv/share/sub
mv srv/share/sub srv/share/was
ok "a directory of a share that was moved is made again" mirrored a srv/share/sub
ln -s "$T/link.1" srv/share/bad
kill -STOP "$mirror_pid" # or it is made again in between
mv srv/share/sub srv/share/sub.2 && mv srv/share/bad srv/share/sub
kill -CONT "$mirror_pid"
like "$(wait_until 10 eval 'grep "disconnected: .*cannot open sub" "$mirror_log.err"' &&
    grep 'cannot open sub' "$mirror_log.err" | tail -n 1)" 'share s' \
    "a symlink in its place is not followed"
ok "nothing was written through it" [ ! -e link.1/dest/more ]
rm srv/share/sub
ok "and without it all goes on" mirrored a srv/share/sub
stop_mirror
is "$rc" 0 "ends well"
done_testing
