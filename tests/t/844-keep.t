#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `keep` of a share: what a push or a mirror replaces or deletes is in its trash, as it
# was, each version by its time; for as long as the configuration says. No peer
# reaches it, and a receiver that is killed at any time loses nothing.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need rsync perl
need_root
need_mirror
cd "$T" || exit
mkdir -p src/d/empty src/d/deep share pulled live
trash=$T/share/.zcsync/trash
conf "[share s]" "path = $T/share" "keep = 30 days" "keep size = 1G" "readable = yes" \
    "[share small]" "path = $T/share" "keep = 30 days" "keep size = 1M"
ok "the daemon starts" start_daemon
at=zcsync://$addr/s

dates() { (cd $trash && for d in *Z; do [ ! -d "$d" ] || echo "$d"; done); }
latest() { dates | tail -n 1; }
# All versions of a path, the oldest first.
versions() { (cd $trash && for d in $(dates); do cat "$d/$1" 2>/dev/null; done | xargs); }
kept() { (cd "$trash" && find . -mindepth 2 ! -type d | wc -l); }

# ---- a push -----------------------------------------------------------------------

echo one >src/d/file && echo deep >src/d/deep/f && ln -s to src/d/link && mkfifo src/d/fifo
echo x >"src/odd
name" && ln src/d/file src/d/file2
setfattr -n user.a -v b src/d/file && chown daemon:daemon src/d/deep/f src/d/deep
chmod 2750 src/d/deep && chmod 4711 src/d/deep/f
touch -d 2020-02-02T02:02:02.123 src/d/file src/d/deep/f src/d/empty
pushes "the first time" --delete src/ "$at"
is "$(dates)" "" "nothing is lost"
is "$(stat -c %a share/.zcsync $trash | xargs)" "700 700" "nobody else may look"
ok "equal" same_mirrored_tree src share
cp -a src was
rm -r src/d/file src/d/deep src/d/empty src/d/link src/d/fifo
pushes "with much deleted" --delete src/ "$at"
d=$(latest)
is "$(dates | wc -l)" 1 "all is in one folder"
like "$d" '^20[0-9-]*T[0-9-]*Z$' "which is named for the time"
for f in file deep/f link empty; do
    is "$(rsync -aHAXn -i --modify-window=-1 was/d/$f $trash/$d/d/$(dirname $f)/ | grep -v '^\.d\.\.t')" "" "$f as it was"
done
ok "a fifo, too" [ -p $trash/$d/d/fifo ]
is "$(stat -c '%a %U' $trash/$d/d/deep)" "2750 daemon" "directories, too"
is "$(stat -c %h share/d/file2)" 2 "one of two names is lost, and a name"
pushes "again" --delete -i src/ "$at"
is "$out" "" "there is nothing to do"

for i in 2 3 4; do
    echo $i >"src/odd
name" && pushes "version $i" src/ "$at"
done
is "$(cd $trash && cat ./*/odd* | xargs)" "x 2 3" "each version is kept, but the last"
pushes "other metadata" --chmod=F604 src/ "$at"
is "$(cd $trash && cat ./*/odd* | xargs)" "x 2 3" "are no version"

rm -rf src/d && echo file >src/d
pushes "a file instead of a directory" --delete src/ "$at"
is "$(cat "$trash/$(latest)/d/file2")" one "keeps what was in it"
rm src/d && mkdir src/d && echo in >src/d/in
pushes "and a directory instead of that" --delete src/ "$at/sub" # another DEST
pushes "and a directory instead of that" --delete --exclude=/sub src/ "$at"
is "$(cat "$trash/$(latest)/d")" file "keeps the file"
rm src/d/in && pushes "in a directory of the share" --delete src/ "$at/sub"
is "$(cat "$trash/$(latest)/sub/d/in")" in "the path is that in the share"
echo place >src/inplace && pushes "in place" --inplace src/ "$at"
echo other >src/inplace && pushes "in place" --inplace src/ "$at"
is "$(versions inplace)" place "what is written to is kept"
n=$(kept)
echo with >src/inplace && pushes "with --backup" -b src/ "$at"
is "$(kept) $(cat share/inplace~)" "$n other" "it is kept as that says"
echo then >src/inplace && pushes "and again" -b src/ "$at"
is "$(cat share/inplace~) $(versions inplace~)" "with other" "the backup of before is kept"
pushes "without it" -b --delete-excluded --exclude=/sub src/ "$at"
is "$(versions inplace~)" "other with" "also when it is deleted"
mkdir -p share/victim && echo mine >share/victim/inplace && n=$(kept)
for i in 1 2; do
    echo "$i" >src/inplace
    pushes "in a directory that has such a file" --backup-dir=/victim src/ "$at"
done
is "$(cat share/victim/inplace) $(versions victim/inplace)" "1 mine then" "what makes way is kept"
echo file >share/victim/d && echo 1 >src/d/way && pushes "more" src/ "$at" && echo 2 >src/d/way
pushes "where a directory has to be" --backup-dir=/victim src/ "$at"
is "$(cat share/victim/d/way) $(versions victim/d)" "1 file" "what makes way is kept, too"
echo x >src/.zcsyn && pushes "a name" src/ "$at" && echo y >src/.zcsyn
push_exits 23 "a backup by the name of the staging folder" --suffix=c -b src/ "$at"
ok "is refused" [ -d share/.zcsync/trash ]
push_exits 23 "in a directory, too" --suffix=c --backup-dir=/ src/ "$at"
ok "is refused" [ -d share/.zcsync/trash ]
is "$(cat share/.zcsyn)" x "and the file stays"
rm -r src/.zcsyn share/.zcsyn share/victim && n=$(kept)
pushes "a dry run" -n --delete was/ "$at"
is "$(kept)" "$n" "loses nothing"

# ---- nobody reaches it ------------------------------------------------------------

run "$ZCSYNC" pull "$at/" pulled/
nok "a pull does not bring it" test -e pulled/.zcsync
ln -s .zcsync/trash share/way && ln -s way/../.. share/way2
run "$ZCSYNC" pull -L "$at/" pulled/
nok "nor does one that follows symlinks" test -e "pulled/way/$(latest)"
nok "whichever" test -e pulled/way2/.zcsync
for path in .zcsync/trash "way/$(latest)"; do
    run "$ZCSYNC" pull "$at/$path" pulled/
    isnt=$rc
    ok "nor one of $path" [ "$isnt" != 0 ]
    run "$ZCSYNC" ls "$at/$path"
    ok "nor a listing" [ "$rc" != 0 ]
    push src/ "$at/$path"
    ok "nor a push" [ "$rc" != 0 ]
    push --backup-dir="/$path" src/ "$at/sub"
    ok "nor backups" [ "$rc" = 3 ]
done
mkdir -p evil/way && echo evil >"evil/way/evil"
push -K --delete evil/ "$at"
is "$(find share/.zcsync -name evil)" "" "nor by a symlink that stands for a directory"
rm -f share/way share/way2

# ---- its end ----------------------------------------------------------------------

rm -rf share/.zcsync/trash/* src/* && mkdir -p $trash/2020-01-01T00-00-00Z/a $trash/mine
echo x >$trash/2020-01-01T00-00-00Z/a/b && ln -s ../../../.. $trash/2020-01-01T00-00-00Z/up
recent=$(date -u -d '29 days ago' +%Y-%m-%dT%H-%M-%SZ)
mkdir $trash/"$recent" && head -c 3000000 /dev/zero >$trash/"$recent"/big && echo 1 >share/stays
pushes "a session" src/ "$at"
is "$(ls $trash | grep -v size | xargs)" "$recent mine" "takes away what is too old"
ok "and nothing that it leads to" [ -e share/stays ]
echo 2 >src/stays && pushes "with a limit" src/ "zcsync://$addr/small"
pruned() { [ "$(dates | wc -l) $(versions stays)" = "1 1" ]; }
ok "what is too much goes, the oldest first, when it is over" wait_until 10 pruned

# ---- a mirror ---------------------------------------------------------------------

rm -rf share/* share/.zcsync
echo 0 >live/busy && echo long >live/long && touch -d '1 hour ago' live/*
start_mirror live "$at"
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
ok "is there" wait_until 10 has share/busy 0
for i in 1 2 3 4 5 6; do
    echo $i >live/busy
    ok "change $i" wait_until 10 has share/busy $i
done
is "$(versions busy)" 0 "of what changes all the time one version is kept"
rm live/busy
gone() { [ ! -e "$1" ]; }
ok "it is deleted" wait_until 10 gone share/busy
is "$(versions busy)" "0 6" "then the last is kept as well"
for i in 7 8; do
    echo $i >live/busy
    ok "it comes again" wait_until 10 has share/busy $i
    rm live/busy
    ok "and goes" wait_until 10 gone share/busy
done
is "$(versions busy)" "0 8" "of what comes and goes the last is kept"
mv live/long live/renamed
ok "renamed" wait_until 10 has share/renamed long
rm live/renamed
ok "deleted" wait_until 10 gone share/renamed
is "$(versions long) $(versions renamed)" " long" "what was renamed is lost once"
stop_mirror

# ---- kill -9 ----------------------------------------------------------------------

rm -rf share/* share/.zcsync src && mkdir src
for i in $(seq 600); do echo "old $i" >"src/$i"; done
pushes "what is to be lost" src/ "$at"
for i in $(seq 400); do echo "new version $i" >"src/$i"; rm "src/$((i + 200))" 2>/dev/null; done
for i in $(seq 400); do echo "new version $i" >"src/$i"; done
for round in 1 2 3 4 5 6; do
    background killed "$ZCSYNC" push --delete --max-delete=1000 --fsync=none src/ "$at"
    perl -e 'select undef, undef, undef, rand 0.1'
    for child in $(children "$daemon_pid"); do
        grep -q receive "/proc/$child/comm" 2>/dev/null && kill -KILL "$child"
    done
    reap "$pid"
done
pushes "and again, whole" --delete --max-delete=1000 src/ "$at"
ok "equal" same_mirrored_tree src share
lost=
for i in $(seq 600); do
    cat $trash/*/"$i" 2>/dev/null | grep -qx "old $i" || lost+=" $i"
done
is "$lost" "" "nothing was lost, whenever it was killed"
stop_daemon
done_testing
