#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hard links: across directories, many, added, broken, joined, with a leader that
# a filter hides; --no-hard-links copies.
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/a/x/y" "$T/a/z" "$T/share"
start_serve s="$T/share"
for n in $(seq 300); do
    echo "$n" >"$T/a/x/f$n" && touch -d "@$((1600000000 + n))" "$T/a/x/f$n"
    ln "$T/a/x/f$n" "$T/a/z/g$n"
done
echo many >"$T/a/m0"
for n in $(seq 1000); do ln "$T/a/m0" "$T/a/x/y/m$n"; done
random_bytes 2000000 >"$T/a/zbig" && ln "$T/a/zbig" "$T/a/abig"

both() # NAME [OPTION...]
{
    local name=$1 dest dir before
    shift
    for dest in "$T/b" "zcsync://$addr/s"; do
        dir=${dest/#zcsync*/$T/share}
        pushes "$name" "$@" "$T/a" "$dest"
        ok "equal" same_tree "$T/a" "$dir"
    done
    before=$(ctimes "$T/b")
    pushes "$name: again" -i "$@" "$T/a" "$T/b"
    is "$out" "" "nothing to do"
    is "$(ctimes "$T/b")" "$before" "nothing touched"
}
both "1,300 links"
ln "$T/a/m0" "$T/a/late"
ln "$T/a/abig" "$T/a/x/early"
both "links added to old groups"
echo new >>"$T/a/m0"
both "a group of 1,002 got new data"
for n in 1 2 3; do
    cp -p "$T/a/x/f$n" "$T/tmp" && mv "$T/tmp" "$T/a/x/f$n"
done
both "links broken, content and times the same"
ln -f "$T/a/x/f1" "$T/a/z/g2"
ln -f "$T/a/x/f1" "$T/a/x/f2"
both "links joined"
chmod 600 "$T/a/m0"
both "a group changed its mode"
rm "$T/a/m0" "$T/a/zbig"
both "first names gone" --delete

rm -rf "$T/b"
pushes "the leader of a group is excluded" --exclude=/abig --exclude=/late \
    "$T/a" "$T/b"
ok "the others arrive" cmp "$T/a/x/early" "$T/b/x/early"
nok "the excluded does not" test -e "$T/b/abig"
is "$(stat -c %h "$T/b/x/y/m1")" 1000 "the rest of the group is linked"

rm -rf "$T/b"
pushes "--no-hard-links" --no-hard-links "$T/a" "$T/b"
is "$(stat -c %h "$T/b/abig")" 1 "makes copies"
ok "with the data" cmp "$T/a/abig" "$T/b/abig"

# the copy has a link to a file outside: the file outside must not change
rm -rf "$T/a" "$T/b"
mkdir "$T/a" "$T/b"
echo inside >"$T/b/f" && ln "$T/b/f" "$T/precious"
echo new >"$T/a/f" && chmod 600 "$T/a/f"
pushes "a file with a link outside the destination" "$T/a" "$T/b"
is "$(cat "$T/precious")" inside "the outside keeps its data"
is "$(cat "$T/b/f")" new "the inside is new"
done_testing
