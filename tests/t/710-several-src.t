#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Several SRC go to DEST/name each, as rsync has it, with --delete too: judged by
# what rsync makes of the same words.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "takes long with sanitizers"

need rsync
make_tree "$T/a"
make_tree "$T/b"
mkdir "$T/share"
start_serve s="$T/share"
cd "$T" || exit
echo file >plain
ln -s a/b symlink
mkdir "odd name"
echo odd >"odd name/"$'new\nline'

# as_rsync NAME WORD...: DEST, which is dest/, is as rsync leaves ref/
as_rsync()
{
    local name=$1
    shift
    rsync -aHAX --modify-window=-1 "$@" ref >"$T/log/rsync" 2>&1
    pushes "$name" "$@" dest
    touch -d @1000000000 ref dest # nobody's to set
    ok "as rsync's" same_tree ref dest
    pushes "$name, to a server" "$@" "zcsync://$addr/s"
    touch -d @1000000000 share
    ok "as rsync's" same_tree ref share
}
mkdir ref dest
as_rsync "directories, a file, a symlink" a "odd name" plain symlink
as_rsync "again" a "odd name" plain symlink
as_rsync "what is in a directory" a/*
as_rsync "contents among them" b/ plain
as_rsync "a dot" a/. plain

for d in ref dest share; do
    mkdir -p $d/stays $d/a/goes/deep $d/b/stays
    touch $d/stays/x $d/stays.too $d/a/goes/x $d/a/b/goes $d/"odd name/goes"
    touch $d/big.not
    find $d \( -name 'stays*' -o -name 'x' -o -name big.not \) \
        -exec touch -d @1111111111 {} +
    touch -d @1111111111 $d/b
done
as_rsync "--delete" --delete a plain "odd name"
ok "nothing beside them was deleted" [ -e dest/stays/x -a -e dest/stays.too ]
nok "but what is in them" [ -e dest/a/goes ]
as_rsync "dir/* with --delete" --delete a/*
ok "deletes nothing beside them" [ -e dest/stays/x -a -e dest/big.not ]
as_rsync "files alone with --delete" --delete plain a/big
mkdir dest/b/stays
push -n -i --delete a b "odd name" dest
like "$out" '\*deleting   b/stays/' "-n tells what would go, by its path below DEST"

pushes "DEST is made" a b new
ok "a" same_tree a new/a
ok "b" same_tree b new/b
pushes "DEST is made in a share" a b "zcsync://$addr/s/new"
ok "b" same_tree b share/new/b
runs_with 0 "nothing to do, says diff" "$ZCSYNC" diff --delete a b new
echo more >b/more
runs_with 1 "one thing" "$ZCSYNC" diff --delete a b new
like "$out" '<f\+* b/more' "by its path below DEST"

# Of two directories of one name, the first SRC's files win.
mkdir -p one/same two/same
echo one >one/same/both
echo two >two/same/both
echo two >two/same/only
rm -rf ref dest
mkdir ref dest
rsync -a one/same two/same ref
pushes "two of one name" one/same two/same dest
is "$(cat dest/same/both dest/same/only)" "$(cat ref/same/both ref/same/only)" \
    "as rsync's"

# Filter rules see the names as they are below DEST.
rm -rf ref dest
mkdir ref dest
rsync -aHAX --modify-window=-1 --exclude=/a/b --exclude=/one/same/only a two/same ref
pushes "anchored rules" --exclude=/a/b --exclude=/one/same/only a two/same dest
touch -d @1000000000 ref dest
ok "as rsync's" same_tree ref dest

refused() # CODE REGEX WORD...
{
    local code=$1 regex=$2
    shift 2
    push_exits "$code" "refused: $*" "$@"
    one_sentence "$regex" "in a sentence"
}
before=$(ctimes "$T/a" && ctimes "$T/b")
refused 1 'a/ has to stand alone.*other SRC' --delete a/ b dest
refused 1 'one/same and two/same cannot both' --delete one/same two/same dest
refused 3 'a and DEST ./a are the same' a b .
refused 3 'inside SRC a' a b a/c
refused 3 'inside SRC a' a b a/new
mkdir -p p/b/c/b
refused 3 'SRC p/b/c/b is inside DEST p/b: --delete' --delete p/b/c/b plain p
refused 3 'no-such' a no-such dest
is "$(ctimes "$T/a" | tail -n +2 && ctimes "$T/b")" "$(tail -n +2 <<<"$before")" \
    "none of this did anything"
mkdir a/inside
pushes "into one of them, where a rule keeps the copy from itself" \
    --exclude=/a/inside a plain a/inside
ok "it is there" cmp a/big a/inside/a/big

if [ "$(id -u)" = 0 ] && command -v unshare >/dev/null; then
    mkdir a/mnt
    runs_with 1 "a mount with -x" unshare -m sh -c \
        "mount -t tmpfs none a/mnt && '$ZCSYNC' push -x a/mnt b dest"
    one_sentence 'a/mnt is a mount point.*dest/mnt' "is refused"
else
    skip 2 "cannot mount"
fi

# A name that is gone when its turn comes is not deleted at DEST: nobody said so.
rm -rf dest && mkdir -p dest/last
echo precious >dest/last/x
mkdir first last
many_files "$T/first/many" 2000 100
"$ZCSYNC" push --delete --bwlimit=50 first last dest >/dev/null 2>"$T/log/vanish" &
started+=($!)
rm -r last
reap $!
ok "what vanished at the source stays at DEST" [ -e dest -a -e dest/last ]
ok "no staging folder left" no_litter "$T"
done_testing
