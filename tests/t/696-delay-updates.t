#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --delay-updates: no file shows its new version before the last one is there.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"

need rsync
cd "$T" || exit
mkdir -p share old
start_serve s="$T/share"
make_mutable a && cp -a a c && mutate c
for fsync in batch file none; do
    for to in b "zcsync://$addr/s"; do
        rm -rf b share/*
        dest=b
        [ "$to" = b ] || dest=share
        pushes "a first run, $fsync, $to" --delay-updates --fsync=$fsync a/ "$to"
        ok "equal" same_tree a $dest
        pushes "a second one" --delay-updates --fsync=$fsync -i --delete \
            --force-delete c/ "$to"
        ok "equal" same_tree c $dest
        like "$out" '<f' "is told"
        pushes "a third one" --delay-updates -i --delete c/ "$to"
        is "$out" "" "has nothing to do"
    done
done
ok "no staging folder left" no_litter "$T"

# ---- nothing before the end --------------------------------------------------

rm -rf a b && mkdir -p a/d a/new b/d
for n in {1..50}; do
    echo "new $n" >a/d/$n && echo old >b/d/$n && echo "new $n" >a/new/$n
done
head -c 3000000 /dev/zero | tr '\0' x >a/zz
olds() { cat b/d/* | sort -u; }
all_staged() { [ "$(find b/.zcsync -type f 2>/dev/null | wc -l)" -gt 100 ]; }
background slow "$ZCSYNC" push --delay-updates --bwlimit=1000 a/ b
ok "all small files are there" wait_until 20 all_staged
is "$(olds) $(ls b)" "old d" "and none of them shows"
kill -TERM "$pid"
reap "$pid"
is "$rc" 20 "interrupted"
is "$(olds) $(ls b)" "old d" "it is as if nothing had been"
ok "no staging folder left" no_litter b
pushes "with time enough" --delay-updates a/ b
ok "equal" same_tree a b

# ---- trouble at the end ------------------------------------------------------

if [ "$(id -u)" = 0 ] && mkdir -p i/locked && echo old >i/locked/f &&
    chattr +i i/locked 2>/dev/null; then
    mkdir -p j/locked && echo new >j/locked/f && echo rest >j/rest
    push_exits 23 "a directory that takes no names" --delay-updates j/ i
    like "$err" "locked/f" "is named"
    is "$(cat i/rest)" rest "the rest is there"
    chattr -i i/locked
    is "$(cat i/locked/f)" old "and the old version stays"
else
    skip 4 "cannot make a directory immutable"
fi
runs_with 1 "a mirror" "$ZCSYNC" mirror --delay-updates a b
one_sentence "has no meaning for 'zcsync mirror'" "refuses it"
done_testing
