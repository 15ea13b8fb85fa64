#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -d, --ignore-missing-args, --delete-missing-args, -O, -J: the same comes out as
# with rsync.
. "$(dirname "$0")/lib.sh"

need rsync
cd "$T" || exit
mkdir -p a/d/deep a/e have/d have/e/mine have/gone
echo 1 >a/f
echo 2 >a/d/g
ln -s f a/l
ln -s g a/d/l
find a -exec touch -h -d 2020-02-02 {} +
echo mine >have/d/mine
echo mine >have/mine

# as_rsync OPTIONS RSYNC-OPTIONS: a to a copy of have
as_rsync()
{
    local times=()
    rm -rf r z && cp -a have r && cp -a have z
    # shellcheck disable=SC2086
    rsync $2 a/ r/ >"$T/log/rsync" 2>&1
    is "$(grep -v '^skipping\|^cannot' "$T/log/rsync")" "" "rsync takes $2"
    # shellcheck disable=SC2086
    pushes "push $1" --force-delete $1 a/ z
    [[ $1 == *-O* || $1 == *-J* ]] || times=(-printf '%y %P %l\n')
    is "$(find z "${times[@]:--print}" | sed 's/^z/r/' | sort)" \
        "$(find r "${times[@]:--print}" | sort)" "the same is there"
    # shellcheck disable=SC2086
    pushes "again" -i $1 a/ z
    is "$out" "" "nothing to do"
}
as_rsync -d -dlptgoD
as_rsync "-d --delete" "-dlptgoD --delete"
as_rsync "-d -a --delete" "-d -a --delete"
as_rsync "-a --no-r -d" "-a --no-r -d"
as_rsync "-d -m" "-dlptgoD -m"
as_rsync "--dirs --exclude=d" "-dlptgoD --exclude=d"
push_exits 1 "no directories at all" --no-recursive a/ z
like "$err" '--no-recursive needs -d' "is refused"
mkdir share
start_serve s="$T/share"
pushes "to a server" -d a/ "zcsync://$addr/s"
ok "a directory" [ -d share/d ]
nok "without anything" [ -e share/d/g ]

# ---- times -----------------------------------------------------------------------

old() { [ "$(stat -c %y "$1")" = "$(stat -c %y "a/${1#*/}")" ]; }
rm -rf z
pushes "-O" -O a/ z
ok "files and symlinks have their times" old z/f -a old z/l
nok "directories have not" old z/d
pushes "again" -i -O a/ z
is "$out" "" "which is no difference"
touch -d 2021-01-01 z/d
echo 3 >a/d/new
pushes "a new file" -O a/ z
nok "does not change that" old z/d
rm a/d/new z/d/new
touch -d 2020-02-02 a/d
pushes "-J" -J a/ y
ok "directories have their times" old y/d
nok "symlinks have not" old y/l
pushes "again" -i -J a/ y
is "$out" "" "which is no difference"
pushes "both, without" -i -O -J --no-O --no-J a/ y
like "$out" '^\.L\.\.t.* l -> f' "are not"
runs_with 0 "diff -O" "$ZCSYNC" diff -O a/ z
is "$out" "" "sees none"

# ---- what is not there -----------------------------------------------------------

rm -rf z && mkdir z
push_exits 3 "a SRC that is missing" a/nope a/f z
pushes "is passed over" --ignore-missing-args a/nope a/f z
is "$(ls z)" f "with the others sent"
pushes "all of them" --ignore-missing-args a/nope a/neither z
pushes "in a list" --ignore-missing-args --files-from=<(printf 'l\nnope\n') a/ z
ok "likewise" [ -L z/l ]
push_exits 23 "else not" --files-from=<(printf 'l\nnope\n') a/ z
touch z/nope
mkdir z/neither
pushes "even with --delete" --delete --ignore-missing-args \
    --files-from=<(printf 'l\nnope\n') a/ z
ok "it stays" [ -e z/nope ]
pushes "or goes" -v --delete-missing-args a/nope a/neither a/f z
is "$(ls z | xargs)" "f l" "at DEST"
touch z/nope
pushes "alone" --delete-missing-args a/nope z
nok "too" [ -e z/nope ]
touch z/nope
pushes "in a dry run" -n -i --delete-missing-args a/nope z
like "$out" 'nope' "is told"
ok "only" [ -e z/nope ]
mkdir -p z/full/of
push_exits 23 "a directory with something in it" --delete-missing-args a/full z
like "$err" 'z/full: .*not empty' "stays"
pushes "unless all is to go" --delete-missing-args --force a/full z
nok "then it goes" [ -e z/full ]
touch share/nope
pushes "at a server, by a list" --delete-missing-args \
    --files-from=<(echo nope) a/ "zcsync://$addr/s"
nok "likewise" [ -e share/nope ]
touch z/nope
pushes "with its path" -R --delete-missing-args "a/./nope" z
nok "it is gone" [ -e z/nope ]
done_testing
