#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --fake-super: who is not root keeps owners, devices, ACLs and all else in attributes;
# what rsync has written so is read right, rsync reads what was written here, and all
# of it comes back.
. "$(dirname "$0")/lib.sh"
. "$here/lib-nasty.sh"

need rsync setfacl setfattr
need_nobody
setfattr -n user.x -v 1 "$T" 2>/dev/null || skip_all "no user attributes here"
chmod 755 "$T"

make_tree_of_root() # DIR
{
    mkdir -p "$1/d/sub" "$1/closed"
    echo file >"$1/file"
    chown 1234:2345 "$1/file"
    echo suid >"$1/suid"
    chmod 4711 "$1/suid"
    setcap cap_net_raw+ep "$1/suid" 2>/dev/null
    seq 100000 >"$1/d/big"
    chmod 400 "$1/d/big"
    ln "$1/file" "$1/d/hard"
    ln -s ../file "$1/d/link"
    ln -s /nowhere "$1/broken"
    chown -h 77:78 "$1/d/link"
    mknod "$1/null" c 1 3 2>/dev/null && chmod 666 "$1/null"
    mknod "$1/block" b 7 300 2>/dev/null
    mkfifo -m 640 "$1/fifo"
    setfacl -m u:33:rwx,g:44:r "$1/d" 2>/dev/null
    setfacl -d -m g:44:rx "$1/d" 2>/dev/null
    setfacl -m u:33:r "$1/file" 2>/dev/null
    setfattr -n trusted.t -v one "$1/file" 2>/dev/null
    setfattr -n user.u -v two "$1/file"
    chmod 2775 "$1/d/sub"
    chown 99:98 "$1/d/sub"
    chmod 000 "$1/closed"
    find "$1" -exec touch -h -d @1600000000 {} +
}
make_tree_of_root "$T/a"

says() { getfattr --absolute-names -n "user.rsync.%stat" --only-values "$1" 2>/dev/null; }
nobodys() # DIR: new, and theirs
{
    rm -rf "$1"
    mkdir "$1"
    chown nobody: "$1"
}

# ---- a receiver without root ---------------------------------------------------------

for d in share rs; do nobodys "$T/$d"; done
serve_as=("${nobody[@]}")
start_serve --readable --trust --fake-super s="$T/share" || skip_all "no server as nobody"
serve_as=()
at=zcsync://$addr/s
pushes "a push" --numeric-ids "$T/a" "$at"
is "$err" "" "without a word"
is "$(stat -c %u "$T/share/file" "$T/share/null" | sort -u)" "$(id -u nobody)" "all is nobody's"
is "$(says "$T/share/file")" "100644 0,0 1234:2345" "owner and mode are written down"
[ -e "$T/a/null" ] && is "$(says "$T/share/null")" "20666 1,3 0:0" "a device, too"
is "$(says "$T/share/d/link"):$(cat "$T/share/d/link")" "120777 0,0 77:78:../file" "a symlink"
is "$(stat -c %A "$T/share/closed"):$(says "$T/share/closed")" \
    "drwx------:40000 0,0 0:0" "a directory that nobody may enter can be entered"
pushes "again" -i --numeric-ids "$T/a" "$at"
is "$out" "" "finds nothing to do"
runs_with 0 "diff" "$ZCSYNC" diff --numeric-ids --delete "$T/a" "$at"
pushes "with -c" -c -i --numeric-ids "$T/a" "$at"
is "$out" "" "nor that"
is "$(rsync -aHAXin --numeric-ids --delete -M--fake-super "$T/a/" "$T/share/")" "" \
    "and rsync agrees that it is the same"
runs_with 0 "ls" "$ZCSYNC" ls "$at"
like "$out" 'prw-r-----' "shows what it stands for"
like "$out" 'broken -> /nowhere' "and where to"
runs_with 0 "a pull" "$ZCSYNC" pull --numeric-ids --delete "$at" "$T/back"
ok "brings all of it back" same_tree "$T/a" "$T/back"
runs_with 1 "a pull with -L" "$ZCSYNC" pull -L "$at" "$T/back2"
like "$err" 'cannot be followed' "is refused"

background mirror "$ZCSYNC" mirror --force-delete --fsync=none --numeric-ids "$T/a" "$at"
mirror_pid=$pid
echo live >"$T/a/later"
chown 55:66 "$T/a/later"
ln -s later "$T/a/to-later"
later() { [ "$(says "$T/share/later")" = "100644 0,0 55:66" ] && [ "$(cat "$T/share/to-later")" = later ]; }
ok "a mirror does it, too" wait_until 20 later
chown 56:66 "$T/a/later"
rm "$T/a/to-later"
gone() { [ "$(says "$T/share/later")" = "100644 0,0 56:66" ] && [ ! -e "$T/share/to-later" ]; }
ok "and follows" wait_until 20 gone
kill -TERM "$mirror_pid"
reap "$mirror_pid"
rm "$T/a/later"
touch -d @1600000000 "$T/a"
pushes "a push after it" --numeric-ids --delete "$T/a" "$at"

# ---- rsync's ------------------------------------------------------------------------

rsync -aHAX --numeric-ids -M--fake-super "$T/a/" "$T/rs/"
runs_with 0 "what rsync wrote" "$ZCSYNC" push --numeric-ids --fake-super -M--super \
    --delete "$T/rs" "$T/from-rs"
ok "is read right" same_tree "$T/a" "$T/from-rs"
pushes "onto it" -i --numeric-ids -M--fake-super -M--fake-super "$T/a" "$T/rs"
is "$(grep -v '^\.[dLDS]..t......' <<<"$out")" "" "there is nothing to do but times"
rsync -aHAX --numeric-ids --fake-super -M--super "$T/share/" "$T/by-rsync/"
ok "rsync reads what was written here" same_tree "$T/a" "$T/by-rsync"

# ---- by SSH, or what stands for it ----------------------------------------------------

rsh=$here/rsh-here
export HOME=$T
nobodys "$T/r"
runs_with 0 "to HOST:PATH" "$ZCSYNC" push -e "$rsh" --numeric-ids -M--fake-super \
    "$T/a" "host:$T/r"
is "$(says "$T/r/file")" "100644 0,0 1234:2345" "the other end writes it down"
runs_with 0 "from there" "$ZCSYNC" pull -e "$rsh" --numeric-ids -M--fake-super \
    "host:$T/r" "$T/back3"
ok "comes back" same_tree "$T/a" "$T/back3"
runs_with 0 "a pull" "$ZCSYNC" pull -e "$rsh" --numeric-ids --fake-super \
    "host:$T/a" "$T/here"
is "$(says "$T/here/file")" "100644 0,0 1234:2345" "with --fake-super writes it down here"
runs_with 0 "again" "$ZCSYNC" pull -i -e "$rsh" --numeric-ids --fake-super \
    "host:$T/a" "$T/here"
is "$out" "" "finds nothing to do"
runs_with 0 "both" "$ZCSYNC" push --numeric-ids --fake-super "$T/here" "$T/copy"
is "$(says "$T/copy/d/link"):$(cat "$T/copy/d/link")" "120777 0,0 77:78:../file" \
    "on one machine is SRC and DEST"
runs_with 1 "another option" "$ZCSYNC" push -M--bwlimit=5 "$T/a" "$T/copy"
one_sentence "--remote-option: '--bwlimit=5' is none of --fake-super and --super" "is refused"

# ---- changes ------------------------------------------------------------------------

cd "$T/a" || bail "no tree"
chown 4321:2345 file
chmod 755 suid
rm broken && echo "a file now" >broken
rm fifo && ln -s file fifo
rm d/link && mkdir d/link
echo changed >d/big
rm -f block && [ -e null ] && rm null && mknod null c 1 5
setfacl -b file 2>/dev/null
setfattr -x user.u file
ln suid d/suid
rm -rf closed && touch closed
pushes "after changes" --numeric-ids --delete --force-delete "$T/a" "$at"
runs_with 0 "a pull" "$ZCSYNC" pull --numeric-ids --delete --force-delete "$at" "$T/back"
ok "has them all" same_tree "$T/a" "$T/back"
pushes "again" -i --numeric-ids --delete "$T/a" "$at"
is "$out" "" "finds nothing to do"
chown 0:0 file
chmod 644 file
setfattr -x trusted.t file 2>/dev/null
pushes "as any file is" --numeric-ids --inplace "$T/a" "$at"
pushes "with --no-owner" -i --no-owner --no-group --numeric-ids "$T/a" "$at"
is "$out" "" "owners do not count"
runs_with 0 "with --no-perms" "$ZCSYNC" push -i --no-perms --numeric-ids "$T/a" "$at"
is "$out" "" "nor do permissions"

# ---- a tree with everything -----------------------------------------------------------

make_nasty_tree "$T/n"
nobodys "$T/ns"
runs_with 0 "the nasty tree" "$ZCSYNC" push --numeric-ids -M--fake-super "$T/n" "$T/ns"
runs_with 0 "and back" "$ZCSYNC" push --numeric-ids --fake-super -M--super "$T/ns" "$T/nb"
ok "is the same" same_tree "$T/n" "$T/nb"
done_testing
