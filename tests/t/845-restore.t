#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `zcsync restore` lists what a share has lost, and brings it back: what was deleted
# by mistake and mirrored, versions by their time, to the same place or another. It
# replaces nothing that is newer, nothing is lost by it, and no name or symlink leads
# it out of the share.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need rsync perl
need_root
need_mirror
cd "$T" || exit
mkdir -p live/docs/old/deep live/docs/empty share evil
conf "[share s]" "path = $T/share" "keep = 2 weeks" "keep size = 1G" "[share plain]" "path = $T/evil"
ok "the daemon starts" start_daemon
at=zcsync://$addr/s
trash=$T/share/.zcsync/trash

restores() { runs_with 0 "$1" "$ZCSYNC" restore --config="$T/conf" "${@:2}"; }
restore_exits() { runs_with "$1" "$2" "$ZCSYNC" restore --config="$T/conf" "${@:3}"; }
has() { [ "$(cat "$1" 2>/dev/null)" = "$2" ]; }
gone() { [ ! -e "$1" ]; }

# ---- deleted by mistake, and mirrored ---------------------------------------------

echo plan >live/docs/plan && echo deep >live/docs/old/deep/f && ln -s plan live/docs/link
echo one >"live/docs/a b
c" && chmod 640 live/docs/plan && chown daemon live/docs/plan
setfattr -n user.x -v y live/docs/plan && chmod 2750 live/docs/old
find live -exec touch -h -d '2 hours ago' {} +
cp -a live was
start_mirror live "$at"
ok "is mirrored" wait_until 10 has share/docs/old/deep/f deep
restores "nothing is lost yet" --list s
is "$out" "" "so nothing is listed"
rm -r live/docs
ok "all is gone" wait_until 10 gone share/docs
stop_mirror
restores "what is lost" s
like "$out" "Z  -rw-r----- .* docs/plan" "is listed, with its time"
like "$out" "lrwxrwxrwx .* docs/link -> plan" "symlinks, too"
like "$out" 'docs/a b\\#012c' "and names that are hard on terminals"
like "$out" "Z  drwx[^ ]* [^a-z]* docs/empty" "an empty directory"
is "$(wc -l <<<"$out")" 5 "and no other"
restores "the same in JSON" --list --json s docs/plan
ok "is JSON" perl -MJSON::PP -e 'my $o = decode_json($ARGV[0]);
    exit !($o->{lost} =~ /^20.*Z$/ && $o->{name} eq "docs/plan" && $o->{mode} eq "0640")' "$out"
date=$(ls $trash | grep 'Z$')

restores "a dry run" -n s docs
is "$(wc -l <<<"$out")" 5 "tells what would come back"
nok "and changes nothing" test -e share/docs
restores "elsewhere" --to="$T/out" s docs
like_was() { rsync -aHAXni --delete --omit-dir-times --exclude=/.zcsync "$1/" "$2/"; }
is "$(like_was was out)" "" "all is as it was, but for the times of directories"
restores "one file" s docs/plan
is "$out $(stat -c '%a %U' share/docs/plan)" "docs/plan 640 daemon" "comes back as it was"
restores "the rest" --quiet --from="${date%%T*}" s
is "$out" "" "quietly"
is "$(like_was was share)" "" "all is as it was"
is "$(ls $trash)" "" "and nothing in the trash any more"
restore_exits 3 "again" s docs
one_sentence "nothing is kept of docs in s" "there is nothing"

# ---- versions ---------------------------------------------------------------------

rm -rf share/* src && mkdir src
for i in 1 2 3 4; do
    echo "version $i" >src/f && touch -d "2024-01-0$i" src/f && pushes "version $i" src/ "$at"
done
restores "all versions" --list s f
is "$(wc -l <<<"$out")" 3 "are listed"
second=$(sed -n '2s/ .*//p' <<<"$out")
restore_exits 23 "what is there is newer" s f
like "$err" "f does not come back: what is there is newer \(--force" "so it stays"
is "$(cat share/f)" "version 4" "as it was"
restores "by --force" --force --from="$second" s f
is "$(cat share/f)" "version 2" "the one of that time"
restores "what was there" --list s f
is "$(cd $trash && cat ./*/f | xargs)" "version 1 version 3 version 4" "is in the trash in turn"
rm share/f
restores "the last one" s f
is "$(cat share/f)" "version 4" "is the newest"
touch -d 2010-01-01 share/f
restores "over an older one" s f
is "$(cat share/f)" "version 3" "without --force"
restores "as people write times" --list --from="${second:0:10} ${second:11:2}:${second:14:2}" s
restore_exits 3 "a time when nothing was lost" --from=2001-01-01 s f
one_sentence "nothing is kept of f in s that was lost in 2001-01-01" "is told"

# ---- other kinds ------------------------------------------------------------------

rm -rf share/* share/.zcsync src/* && mkdir src/x && echo in >src/x/in
pushes "a directory" src/ "$at"
rm -r src/x && echo file >src/x && pushes "then a file" --delete src/ "$at"
restore_exits 23 "what was in it" s x/in
is "$(cat share/x)" file "does not replace the file"
rm share/x && restores "when that is gone" s x
is "$(cat share/x/in)" in "it comes"
rm src/x && mkdir src/x && echo in >src/x/in && pushes "so it is" --delete src/ "$at"
# What is made here is young: a session that is ending takes what is older than 2 weeks.
day=$(date -u -d '2 days ago' +%F)
mkdir -p "$trash/${day}T00-00-00Z" && echo file >"$trash/${day}T00-00-00Z/x"
restore_exits 23 "a file" --from="$day" s x
like "$err" "something of another kind" "does not replace a directory"
restores "by --force" --force --from="$day" s x
is "$(cat share/x "$trash"/2*/x/in | uniq | xargs)" "file in" "it does, and that is kept"

# ---- nothing leads out ------------------------------------------------------------

rm -rf share/* && mkdir outside && ln -s ../outside share/way
kept=$trash/${day}T00-00-00Z
mkdir -p "$kept/way" "$kept/.zcsync"
echo evil >"$kept/way/evil"
echo evil >"$kept/.zcsync/evil"
ln -s /etc "$kept/up"
ln -s "$T/outside" "$trash/${day}T00-00-01Z" && echo x >outside/secret
restore_exits 23 "through a symlink in the share" s way
is "$(ls outside)" secret "leads nowhere"
restore_exits 23 "into the staging folder" s .zcsync
like "$err" "is the name of the staging folder" "is refused"
restores "a symlink that was kept" s up
is "$(readlink share/up)" /etc "comes back as one"
restore_exits 3 "what it leads to" s up/passwd
restore_exits 3 "a folder that is a symlink" s secret
restore_exits 1 "a path out of the share" s ../outside
one_sentence "leads out of the share" "is refused"
restore_exits 1 "no time" --from=yesterday s f
one_sentence "'yesterday' is no time such as" "is refused"
restore_exits 1 "no share" 
restore_exits 3 "an unknown one" nobody
one_sentence "has no share nobody" "is told"
restore_exits 0 "one that keeps nothing" plain
restores "a directory with a slash" --list ./share
chown daemon share/.zcsync && restore_exits 3 "somebody else's" s f
one_sentence "the trash of s is somebody else's" "is told"
done_testing
