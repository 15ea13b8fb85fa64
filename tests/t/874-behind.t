#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# fsync=behind: what a session that broke off may not have brought to the disk is
# compared by content, whoever comes next, and however the marker looks.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
cd "$T" || exit
mkdir a b

marks() { find "$1/.zcsync/unsynced" -type f ! -name .gitignore 2>/dev/null | grep .; }
many() { for i in {1..40}; do echo "$1 $i" >"a/sub/$i"; done; }
change()
{
    mkdir -p a/sub
    many "$1"
    echo "old $1" >a/old
    touch -d 2001-01-01 a/old
    ln -f a/old a/sub/other
    head -c 100000 /dev/urandom >a/big
}
# Something has been written, and then everybody dies.
dies() # [OPTION...]
{
    change first
    start_mirror --fsync=behind --force-delete "$@" a b
    wait_until 20 looks_equal a b
    change "$(cat b/.zcsync/unsynced/* 2>/dev/null | wc -c) then"
    wait_until 20 looks_equal a b && wait_until 20 marks b >/dev/null ||
        fail "the mirror is at work" "$(mirror_said)"
    # shellcheck disable=SC2046
    kill -KILL $(family "$mirror_pid")
    reap "$mirror_pid" 20
}
# As a power cut may leave it: the right size, the right time, and zeros.
breaks() # FILE...
{
    local f
    for f; do
        touch -r "$f" was
        head -c "$(stat -c %s "$f")" /dev/zero >zeros
        cat zeros >"$f"
        touch -r was "$f"
    done
}
breaks_some() { breaks b/old b/sub/7 b/big; }
repairs() { pushes "$1: the next push" "${@:2}" --delete a b; }

dies
breaks_some
nok "broken" same_tree_but_staging a b
run "$ZCSYNC" diff a b
is "$(grep -cE ' (old|big|sub/7|sub/other)$' <<<"$out")" 3 \
    "diff finds what is broken" || diag "$out"
ok "and changes nothing" marks b
repairs "zeros"
ok "all is well" same_tree a b
ok "nothing is in doubt any more" no_litter b

dies
rm -r b/.zcsync
breaks_some
repairs "no marker, for comparison"
nok "size and time are believed" same_tree a b
repairs "by content" --checksum

for what in garbage nothing directory; do
    dies
    mark=$(marks b)
    case $what in
    garbage) echo zcsync unsynced 1 >"$mark" ;;
    nothing) : >"$mark" ;;
    directory) rm "$mark" && mkdir "$mark" ;;
    esac
    breaks_some
    repairs "a marker that is $what"
    ok "$what: all is well" same_tree_but_staging a b
    rm -rf b/.zcsync
done

# by a server, in digests
mkdir share
start_serve s="$T/share"
dies
cp -a b/. share
ok "a copy, with its marker" marks share
breaks share/sub/7
pushes "to a server" a "zcsync://$addr/s"
ok "digests hide nothing" same_tree_but_staging a share
ok "who cannot have seen all leaves the marker" marks share
pushes "one who may not" --delete --exclude=big a "zcsync://$addr/s"
ok "he, too" marks share
pushes "to what is below" a/sub "zcsync://$addr/s/sub"
breaks share/sub/9
pushes "again" a/sub "zcsync://$addr/s/sub"
ok "the marker above counts" cmp -s a/sub/9 share/sub/9

# to what is above
equal() { [ -z "$(rsync_diff up above --exclude=.zcsync)" ]; }
mkdir up
cp -a a up/in
cp -a share/. up-share && mkdir above && mv up-share above/in
breaks above/in/sub/3 above/in/old
ok "a marker below" marks above/in
nok "broken" equal
pushes "to what is above" up above
ok "the marker below counts" equal
breaks above/in/sub/4
printf '%s\n' in/sub/4 in/sub/5 >some
pushes "some of it, by name" --files-from=some up above
ok "there, too" equal
breaks above/in/sub/8
stop_serve
start_serve s="$T/above"
pushes "to a server of what is above" up "zcsync://$addr/s"
ok "digests do not hide it" equal
breaks above/in/sub/2
start_mirror up "zcsync://$addr/s"
ok "and a mirror to there repairs" wait_until 30 equal
stop_mirror
stop_serve
start_serve s="$T/share"

breaks_some
start_mirror --fsync=behind a b
ok "the mirror itself repairs" wait_until 20 same_tree_but_staging a b
echo more >a/more
ok "goes on" wait_until 20 looks_equal a b
stop_mirror
is "$rc" 0 "and ends"
ok "without a marker" no_litter b

# What the disk has lost may look the same: then only the sender knows of it.
mkdir c
start_serve c="$T/c"
start_mirror --fsync=behind a "zcsync://$addr/c"
echo one >a/alike
touch -d 2001-01-01 a/alike
ok "a file" wait_until 20 cmp -s a/alike c/alike
cp -p c/alike was
echo two >a/new
touch -d 2001-01-01 a/new
mv a/new a/alike
ok "another one, of the same size and time" wait_until 20 cmp -s a/alike c/alike
kill -STOP "$mirror_pid"
# shellcheck disable=SC2046
kill -KILL $(children "$serve_pid")
wait_until 20 no_children "$serve_pid"
rm -r c/.zcsync
cp -p was c/alike
kill -CONT "$mirror_pid"
ok "it is sent again" wait_until 30 cmp -s a/alike c/alike
stop_mirror
stop_serve

run "$ZCSYNC" push --fsync=behind a b
is "$rc" 1 "a push cannot sync behind its own end"
like "$err" 'behind is for mirrors only' "and is told so"
done_testing
