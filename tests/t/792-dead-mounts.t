#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is mounted below the source and does not answer holds nothing up where it is
# left out: with -x whatever else is asked for, and where a rule excludes it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mounts
export ZC_RUN_LIMIT=45
cd "$T" || exit

# Whoever looks at one waits for ever, until the descriptors are closed; no process
# that is started here may have them.
exec 8<>/dev/fuse 9<>/dev/fuse || skip_all "no FUSE"
dead_mount() # DIR FD
{
    mount_at -i -t fuse -o fd="$2",rootmode=40000,user_id=0,group_id=0 dead "$1"
}
answers() # NAME COMMAND...
{
    local name=$1
    shift
    run "$@" 8>&- 9>&-
    like "$rc" '^(0|23)$' "$name: exit $rc"
}
sends() { answers "$1" "$ZCSYNC" push "${@:2}"; }

mkdir -p a/sub/dead a/dead later/dead later/sub/dead file share
echo 1 >a/one && echo 2 >later/dead/two && echo 3 >later/sub/dead/three
echo 4 >later/sub/four && echo 5 >file/dead
chmod 750 later/dead
ln -s dead a/link && ln -s ../dead/x a/sub/link
make_tree a/tree
dead_mount a/dead 9 && dead_mount a/sub/dead 8 || skip_all "cannot mount FUSE"
start_serve --readable s="$T/a" later="$T/later" 8>&- 9>&-

sends "-x" -x a b1
is "$rc" 0 "exit code"
for o in --exclude=/dead --exclude=dead/ --exclude=dead --filter='-! /one'; do
    rm -rf b2
    sends "-x $o" -x "$o" a b2
    nok "not there" test -e b2/dead
done
sends "a rule alone" --exclude=dead a b3
is "$rc" 0 "exit code"
is "$(cat b3/one)" 1 "all else is sent"
ok "deeper down, too" same_tree a/tree b3/tree
sends "-m" -x -m a b4
sends "-m, excluded" -x -m --exclude=dead a b5
nok "not there" test -e b5/dead
sends "-n" -x -n -i a b6
answers "diff" "$ZCSYNC" diff -x a b1
is "$out" "" "nothing to do"

# several SRC: an earlier one has such a name, the later one a directory
sends "two SRC" -x a/ later/ b7
is "$(cat b7/dead/two b7/sub/dead/three b7/sub/four)" "2
3
4" "what is in the later one's is sent"
is "$(stat -c %a b7/dead)" 750 "and what it looks like"
sends "the other way" -x later/ a/ b8
is "$(cat b8/dead/two b8/sub/dead/three)" "2
3" "the earlier one's is sent"
is "$(stat -c %a b8/dead)" 750 "and stays as it is"
sends "a file in the later" -x a/ file/ b9
ok "is not sent" test -d b9/dead
sends "a file in the earlier" -x file/ a/ b10
is "$(cat b10/dead)" 5 "is sent"
sends "three" -x later/ a/ file/ b11
is "$(cat b11/dead/two)" 2 "the first wins"

# asked for by name
printf '%s\n' dead one >list
sends "in a list" -x --files-from=list a b12
ok "is made" test -d b12/dead
is "$(cat b12/one)" 1 "so is the other"
sends "in a list, with -r" -x -r --files-from=list a b13
is "$rc" 23 "exit code"
like "$err" 'dead: could not go into it, as something is mounted there \(-x\)' "says so"
printf '%s\n' dead/x sub/dead/y one >list
sends "below it" -x --files-from=list a b14
is "$(cat b14/one)" 1 "the other is sent"
sends "-R" -x -R a/./sub a/one b15
ok "is made" test -d b15/sub/dead

# symlinks that lead to one
for o in -L --copy-dirlinks --copy-unsafe-links --safe-links; do
    sends "-x $o" -x "$o" a "b16$o"
    is "$rc" 0 "exit code"
    ok "all else is sent" cmp a/tree/big "b16$o/tree/big"
done

ln -s "$T/a/dead/y" a/far && ln -s "$T/a/../a/sub/dead" a/tree/far
ln -s "$T/file/dead" a/near
mkdir a/way a/way/in
ln -s ../dead/z a/way/to && ln -s to a/way/chain
ln -s "$T/a/sub" a/way/sub && ln -s way/sub/dead a/through
ln -s ../../sub a/way/in/here && ln -s here/../dead/y a/way/in/back
ln -s way/in/here/../one a/way-one && ln -s way/sub/four a/four && echo 4 >a/sub/four
for o in -L --copy-dirlinks --copy-unsafe-links --safe-links; do
    sends "-x $o, absolute" -x "$o" a "b18$o"
    is "$rc" 0 "exit code"
    ok "all else is sent" cmp a/tree/big "b18$o/tree/big"
done
is "$(cat b18-L/near)" 5 "what leads elsewhere is followed"
nok "what leads there is not" test -e b18-L/far
for link in through way/chain way/to way/in/back; do
    nok "nor what does so through others, $link" test -e "b18-L/$link"
done
is "$(cat b18-L/way-one b18-L/four)" "1
4" "what does not is"
is "$(ls b18-L/way/sub)" "four" "nor is it below a directory that is followed"
rm -r a/way a/through a/way-one a/four a/sub/four
for o in -L -m --copy-dirlinks --copy-unsafe-links --safe-links; do
    sends "$o, excluded" "$o" -L --exclude=far --exclude={/,/sub/}{dead,link} a "b19$o"
    is "$rc" 0 "exit code"
    is "$(cat "b19$o/near")" 5 "all else is sent"
done
sends "two SRC, excluded" -L --exclude=far --exclude={/,/sub/}{dead,link} a/ later/ b20
is "$(cat b20/sub/four)" 4 "all else is sent"
sends "the other way" -L --exclude=far --exclude={/,/sub/}{dead,link} later/ a/ b21
is "$(cat b21/near)" 5 "all else is sent"
rm a/far a/near a/tree/far

# asked what is there
runs_with 0 "ls" "$ZCSYNC" ls "zcsync://$addr/s" 8>&- 9>&-
like "$out" '(^|
)d[^
]* dead(
|$)' "tells of it, too"
like "$out" ' one(
|$)' "and of all else"
runs_with 0 "ls below" "$ZCSYNC" ls "zcsync://$addr/s/sub" 8>&- 9>&-
like "$out" ' dead' "likewise"

# the other end is the source
answers "pull" "$ZCSYNC" pull -x "zcsync://$addr/s" c1
is "$(cat c1/one)" 1 "is there"
answers "pull of two" "$ZCSYNC" pull -x "zcsync://$addr/s/" "zcsync://$addr/later/" c2
is "$(cat c2/dead/two)" 2 "both are there"
answers "pull, excluded" "$ZCSYNC" pull --exclude=dead "zcsync://$addr/s" c3
is "$(cat c3/one)" 1 "is there"

# a mirror, and what changes beside
start_mirror -x a d 8>&- 9>&-
ok "a mirror" wait_until 10 cmp -s a/one d/one
echo new >a/new && echo new >a/sub/new
ok "goes on" wait_until 10 cmp -s a/sub/new d/sub/new
stop_mirror
start_mirror --exclude=dead a e 8>&- 9>&-
ok "a mirror with a rule" wait_until 10 cmp -s a/one e/one
echo newer >a/new && echo newer >a/sub/new
ok "goes on" wait_until 10 cmp -s a/sub/new e/sub/new
stop_mirror

# what does answer is left out in the same way
exec 8>&- 9>&-
umount a/dead a/sub/dead
mount_at -t tmpfs none a/dead && mkdir a/dead/in && echo over >a/dead/two
rm -rf b7 && sends "one that answers" -x a/ later/ b7
is "$(cat b7/dead/two)" 2 "is not taken for the earlier SRC's file"
echo f1 >f1 && echo f2 >a/one.m && mount_at --bind f1 a/one.m 2>/dev/null
printf '%s\n' one.m >list
sends "a file that is mounted on another, in a list" -x --files-from=list a b17
is "$(cat b17/one.m)" f1 "is sent"
done_testing
