#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -R: SRC goes to DEST/SRC, or what is behind /./ in it, as rsync has it; --delete
# keeps to SRC.
. "$(dirname "$0")/lib.sh"

need rsync
mkdir -p "$T/s/a/b/c" "$T/s/x" "$T/s/e/deep" "$T/s2/a/b" "$T/s/a/other"
cd "$T/s" || exit
echo 1 >a/b/c/f
ln a/b/c/f a/b/hard
echo 2 >a/b/g
echo 3 >x/h
echo 4 >a/other/not-asked
ln -s a link
ln -s ../../x/h a/b/to-h
echo other >../s2/a/b/g
echo new >../s2/a/b/new
chmod 750 a
chmod 711 ../s2/a
find . ../s2 -exec touch -h -d 2020-02-02 {} +
touch -d 2019-01-01 a a/b

# as_rsync WORD...: options and SRC; the destination's own times are nobody's
as_rsync()
{
    rm -rf ../r ../z && mkdir ../r ../z
    rsync -aHAXR "$@" ../r/ >"$T/log/rsync" 2>&1
    is "$(cat "$T/log/rsync")" "" "rsync takes $*"
    pushes "push -R $*" -R "$@" ../z
    touch -d 2020-03-03 ../r ../z
    ok "the same comes out" same_tree ../r ../z
    pushes "again" -i -R "$@" ../z
    is "$out" "" "nothing to do"
}
as_rsync a/b
as_rsync a/b/
as_rsync a/b/c/f
as_rsync ./a/b/g
as_rsync a/./b/c
as_rsync a/b/c/f a/b/hard x
as_rsync a/./b x/h ./e
as_rsync "$T/./s/a/b" link
as_rsync ../s/./a/b ../s2/./a/b
as_rsync a/b/.
as_rsync --exclude=/a/b/c a/b
as_rsync -m e a/b
as_rsync -x a/b
rm -rf ../new ../z
pushes "an absolute path" -R "$T/s/a/b" ../z
ok "is all of it" same_tree a/b "../z$T/s/a/b"
pushes "what is in a directory" -R x/./ ../z/x
ok "is not its name" same_tree x ../z/x
pushes "to a place that is not there" -R a/b/g ../new
is "$(cat ../new/a/b/g)" 2 "which is a directory"

mkdir -p ../d/a/b/c ../d/a/other ../d/mine ../d/x
touch ../d/a/b/c/gone ../d/a/other/stays ../d/x/gone ../d/a/b/gone
pushes "with --delete" -R --delete a/b x ../d
is "$(cd ../d && find . -type f | sort | xargs)" \
    "./a/b/c/f ./a/b/g ./a/b/hard ./a/other/stays ./x/h" "what SRC does not have goes"
ok "and nothing else" [ -d ../d/mine ]
run "$ZCSYNC" diff -R a/b ../d
is "$out" "" "no difference is left"
mkdir ../share
start_serve s="$T/share"
pushes "to a server" -R a/b/c x "zcsync://$addr/s"
is "$(cd ../share && find . -type f | sort | xargs)" "./a/b/c/f ./x/h" "likewise"

push_exits 1 "a path with dots" -R ../s/x ../z
like "$err" 'SRC ../s/x: .*".." is not allowed' "is refused"
push_exits 1 "one through a symlink" -R link/b ../z
like "$err" 'SRC link/b: link is a symlink' "is refused"
rm -rf ../z
pushes "which is followed with -L" -R -L link/b ../z
is "$(cat ../z/link/b/to-h)" 3 "to the end"
push_exits 3 "what is not there" -R nowhere/at/all ../z
push_exits 1 "a flat list" --no-relative --files-from=<(echo a/b/g) . ../z
pushes "a list" -R --files-from=<(echo a/b/g) . ../z2
is "$(cat ../z2/a/b/g)" 2 "has its paths anyway"
runs_with 1 "a mirror with -R" "$ZCSYNC" mirror -R a ../z
done_testing
