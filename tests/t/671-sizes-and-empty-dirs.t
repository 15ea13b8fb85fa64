#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --max-size, --min-size and -m: the same tree comes out as with rsync, with and
# without --delete, and a mirror leaves alone what is too big.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need rsync
cd "$T" || exit
mkdir -p a/empty/deep/er a/e2 a/full/empty a/full/deep/in a/only-o/x a/mixed/y \
    a/only-link a/big-only
for n in 0 1 999 1000 1001 1023 1024 1025 1536 300000; do
    head -c "$n" /dev/zero >"a/$n"
done
cp a/300000 a/big-only/b
echo 1 >a/full/deep/in/f
echo 1 >a/only-o/x/f.o
echo 1 >a/mixed/y/f.o
echo 1 >a/mixed/g
ln -s nowhere a/only-link/l
ln -s ../e2 a/e2-link
deep=a
for i in $(seq 60); do deep+=/n$i; done
mkdir -p "$deep/none" && echo x >"$deep/file"
find a -exec touch -h -d 2020-02-02 {} +
mkdir -p have/empty/deep have/only-o/x have/gone have/keep/empty
echo mine >have/300000
echo mine >have/1025
echo mine >have/only-o/x/g.o
echo mine >have/gone/f
echo mine >have/empty/deep/f

# as_rsync OPTION...
as_rsync()
{
    rm -rf r z && cp -a have r && cp -a have z
    rsync -aHAX "$@" a/ r/ >"$T/log/rsync" 2>&1
    is "$(grep -v "^cannot delete" "$T/log/rsync")" "" "rsync takes $*"
    pushes "push $*" --force-delete "$@" a z
    ok "the same comes out" same_tree r z
    pushes "again" -i "$@" a z
    is "$out" "" "nothing to do"
}
as_rsync --max-size=1000
as_rsync --max-size=1K
as_rsync --max-size=1KB
as_rsync --max-size=1.5k-1 --delete
as_rsync --min-size=1000+1 --delete
as_rsync --min-size=1 --max-size=1MiB
as_rsync -m
as_rsync -m --delete
as_rsync -m --exclude='*.o'
as_rsync --prune-empty-dirs --exclude='*.o' --max-size=9
as_rsync -m --include='*/' --include='*.o' --exclude='*'
as_rsync -m --delete --include='*/' --include='f' --exclude='*'
as_rsync -m -k
as_rsync -m --exclude=/full/deep/in
printf '%s\n' full/ empty/ e2 only-o/x/f.o >list
rm -rf r z
rsync -rm -aHAX --files-from=list a/ r/
pushes "with a list" -m --files-from=list a z
is "$(cd z && find . | sort)" "$(cd r && find . | sort)" "as rsync"
rm -rf z && cp -a have z
pushes "what is excluded" -m --delete --exclude='*.o' a z
is "$(cd z && find only-o empty 2>/dev/null)" "only-o
only-o/x
only-o/x/g.o" "keeps a directory at DEST"
pushes "small files, to a new place" --max-size=2 a "y"
nok "not the big one" [ -e y/1000 ]
push_exits 1 "no size" --max-size=big a z
like "$err" "^zcsync push: --max-size: 'big' is not a size" "says so"
push_exits 1 "none either" --min-size=0-1 a z
runs_with 1 "a mirror with -m" "$ZCSYNC" mirror -m a b
like "$err" 'no meaning' "is refused"

mkdir m
echo old >m/1536
cp m/1536 m.old
start_mirror --max-size=1KB a m
ok "a mirror without big files" wait_until 20 [ -e "m/${deep#a/}/file" ]
ok "has small ones" wait_until 20 [ -e m/1000 ]
nok "no others" [ -e m/1001 ]
ok "and has left one alone" cmp m/1536 m.old
echo 12345 >>a/1000
echo 1 >a/soon
ok "one that is new" wait_until 20 [ -e m/soon ]
is "$(stat -c %s m/1000)" 1000 "one that has grown stays"
echo 2 >a/1536
ok "one that has shrunk comes" wait_until 20 cmp a/1536 m/1536
stop_mirror
done_testing
