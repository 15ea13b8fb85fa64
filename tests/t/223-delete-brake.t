#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The mass-delete brake: an emptied source, more than half of a tree, --max-delete;
# exit 25 and nothing deleted; --force-delete overrides.
. "$(dirname "$0")/lib.sh"

mkdir "$T/share"
start_serve s="$T/share"
many_files "$T/a" 300 10
mkdir "$T/empty" "$T/new"
echo new >"$T/new/new"

pushes "first" "$T/a" "$T/b"
before=$(ctimes "$T/b")
push_exits 25 "an empty source" --delete "$T/empty" "$T/b"
one_sentence 'empty' "says so"
like "$err" 'force-delete' "and names the way out"
is "$(ctimes "$T/b")" "$before" "nothing was touched"
push_exits 25 "predicted by -n" -n --delete "$T/empty" "$T/b"
pushes "without --delete an empty source is harmless" "$T/empty" "$T/b"
is "$(find "$T/b" -type f | wc -l)" 300 "all there"

push_exits 25 "most of the tree gone" --delete "$T/new/" "$T/b"
one_sentence 'delet' "says so"
is "$(find "$T/b" -name 'f*' | wc -l)" 300 "nothing was deleted"

pushes "to a server" "$T/a" "zcsync://$addr/s"
push_exits 25 "an empty source, to a server" --delete "$T/empty" "zcsync://$addr/s"
push_exits 25 "most of the tree gone, to a server" --delete "$T/new/" "zcsync://$addr/s"
is "$(find "$T/share" -name 'f*' | wc -l)" 300 "nothing was deleted"

rm "$T"/a/d00[0-3]/*
rm -f "$T/b/new"
pushes "less than half goes through" --delete "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"

rm "$T"/a/d004/*
push_exits 25 "more than --max-delete" --delete --max-delete=29 "$T/a" "$T/b"
one_sentence '29' "names the limit"
is "$(find "$T/b" -name 'f*' | wc -l)" 180 "nothing was deleted"
echo x >"$T/a/x"
push_exits 25 "the transfer itself is done" --delete --max-delete=29 "$T/a" "$T/b"
is "$(cat "$T/b/x")" x "new files are there"
push_exits 25 "--max-delete=0" --delete --max-delete=0 "$T/a" "$T/b"
pushes "exactly --max-delete" --delete --max-delete=30 "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
pushes "--max-delete above the default" --delete --max-delete=1000 "$T/new/" "$T/b"
ok "equal" same_tree "$T/new" "$T/b"

pushes "a small tree" "$T/a" "$T/c"
rm -r "$T"/a/d*
mkdir "$T/small" && for n in $(seq 20); do echo "$n" >"$T/small/$n"; done
mkdir "$T/d" && for n in $(seq 50); do echo "$n" >"$T/d/n$n"; done
pushes "up to 100 entries may all be replaced" --delete "$T/small/" "$T/d"
ok "equal" same_tree "$T/small" "$T/d"

pushes "--force-delete" --delete --force-delete "$T/new" "$T/c"
ok "equal" same_tree "$T/new" "$T/c"
pushes "--force-delete from an empty source" --delete --force-delete \
    "$T/empty" "zcsync://$addr/s"
is "$(ls -A "$T/share")" "" "all gone"
pushes "empty onto empty is nothing to worry about" --delete "$T/empty" "$T/share"
ok "no staging folder left" no_litter "$T"
done_testing
