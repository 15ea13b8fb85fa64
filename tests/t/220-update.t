#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A second run after everything that can happen to a tree makes it equal again.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"

need rsync setfattr setfacl
make_mutable "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
pushes "first" "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
pushes "first, to a server" "$T/a" "zcsync://$addr/s"
untouched=$(stat -c '%i %z' "$T/b/untouched")
mutate "$T/a"

pushes "after the changes" --delete "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
is "$(stat -c '%i %z' "$T/b/untouched")" "$untouched" "what did not change was left alone"
pushes "after the changes, to a server" --delete "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
ok "no staging folder left" no_litter "$T"
before=$(ctimes "$T/b")
pushes "again" -i --delete "$T/a" "$T/b"
is "$out" "" "nothing to do"
is "$(ctimes "$T/b")" "$before" "nothing touched"

# metadata only: data must not be sent again
random_bytes 20000000 >"$T/a/large"
pushes "a large file" --delete "$T/a" "$T/b"
inode=$(stat -c %i "$T/b/large")
chmod 600 "$T/a/large"
setfattr -n user.new -v x "$T/a/large"
pushes "its metadata changed" -v "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
is "$(stat -c %i "$T/b/large")" "$inode" "it was not written anew"
sent=$(sed -n 's/^sent \([0-9,]*\) bytes.*/\1/p' <<<"$out" | tr -d ,)
ok "few bytes went across ($sent)" [ "${sent:-99999999}" -lt 100000 ]

# the destination was changed behind our back
chmod 700 "$T/b/h1"
touch "$T/b/d/retime" "$T/b/append"
ln -f "$T/b/large" "$T/b/both"
rm -r "$T/b/new"
ln -sfn elsewhere "$T/b/symlink"
echo stray >"$T/b/stray"
pushes "repaired" --delete "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
done_testing
