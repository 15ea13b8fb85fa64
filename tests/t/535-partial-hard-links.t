#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hard links in a run about some names only: what shares an inode at the
# destination with a name that was not looked at is replaced, not changed, and
# what merely looks alike is not made one file.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_root # other owners
cd "$T" || exit

look() { stat -c '%F %a %u:%g %y' "$1"; }
inode() { stat -c %i "$1"; }
fresh() { rm -rf a b && mkdir a b; }
list_push() # NAME LIST [OPTION...]
{
    # shellcheck disable=SC2086 # names without blanks
    printf '%s\n' $2 >list
    pushes "$1" -i --files-from=list "${@:3}" a b
}

make_symlink() { ln -s target "$1"; }
make_fifo() { mkfifo "$1"; }
make_device() { mknod "$1" c 1 3; }
make_file() { echo content >"$1"; }

# Two files at the source, one inode at the destination.
for kind in symlink fifo device file; do
    fresh
    make_$kind a/1 && make_$kind a/2 && make_$kind b/1
    chown -h 1000:1001 a/1
    touch -h -d 2020-01-01 a/1 && touch -h -d 2021-01-01 a/2 b/1
    [ $kind != file ] || touch -d 2021-01-01 a/1 # else its data are in doubt
    ln b/1 b/2
    before=$(look b/2)
    list_push "$kind: one of two names" 1
    is "$(look b/1)" "$(look a/1)" "it is as it should be"
    is "$(look b/2)" "$before" "the other is as it was"
    list_push "again" 1
    is "$out" "" "nothing to do"
    pushes "all of it" a b
    ok "equal" same_tree a b
done

# Two groups, crossed over at the destination.
for kind in symlink fifo device file; do
    fresh
    make_$kind a/1 && ln a/1 a/2 && make_$kind a/3 && ln a/3 a/4
    make_$kind b/1 && ln b/1 b/3 && make_$kind b/2 && ln b/2 b/4
    touch -h -d 2021-01-01 a/* b/*
    chown -h 1000 a/1
    before=$(look b/3)
    list_push "$kind: one of two groups" "1 2"
    is "$(look b/1)" "$(look a/1)" "it is as it should be"
    is "$(inode b/1)" "$(inode b/2)" "one file"
    is "$(stat -c %h b/1)" 2 "of two names"
    is "$(look b/3)" "$before" "the other group is as it was"
    list_push "again" "1 2"
    is "$out" "" "nothing to do"
    pushes "all of it" a b
    ok "equal" same_tree a b
done

# All names of an inode are in the list: it stays, with its data.
fresh
mkdir a/d
random_bytes 300000 >a/1 && ln a/1 a/d/2
touch -d 2020-01-01 a/d
pushes "a file with two names" a b
before=$(inode b/1)
chmod 640 a/1
list_push "its mode changed, both names listed" "1 d/2"
is "$(inode b/1)" "$before" "changed in place"
ok "equal" same_tree a b

# Some of its names: they get an inode of their own, with all that it had.
fresh
mkdir a/d
random_bytes 300000 >a/1 && truncate -s 3M a/1 && ln a/1 a/d/2 && ln a/1 a/d/3
touch -d 2020-01-01 a/d
setfattr -n user.k -v v a/1 2>/dev/null
setfacl -m u:12345:r a/1 2>/dev/null
pushes "a file with three names" a b
chmod 640 a/1 && chown 1000 a/1
list_push "its owner changed, one name is missing" "1 d/2"
is "$(look b/1)" "$(look a/1)" "the first is as it should be"
is "$(look b/d)" "$(look a/d)" "so is the directory"
is "$(inode b/1)" "$(inode b/d/2)" "and is one file with the second"
is "$(look b/d/3)" "$(look a/d/3 | sed 's/640 1000:/644 0:/')" "the third is as it was"
ok "the data went along" cmp a/1 b/1
is "$(xattrs a | grep -A2 'file: 1')" "$(xattrs b | grep -A2 'file: 1')" \
    "so did attributes"
pushes "all of it" a b
ok "equal" same_tree a b

# A link is to be made to something that shares its inode with a stranger.
fresh
make_file a/1 && ln a/1 a/2 && cp -p a/1 a/3
cp -p a/1 b/1 && ln b/1 b/3
list_push "a second name of what looks like a third" "1 2"
is "$(inode b/1)" "$(inode b/2)" "is linked to the first"
nok "and not to the third" [ "$(inode b/1)" = "$(inode b/3)" ]

# One name, whose inode has another outside of the destination.
for kind in symlink fifo device; do
    fresh
    rm -f outside
    make_$kind a/1 && make_$kind outside && ln outside b/1
    chown -h 1000 a/1
    before=$(look outside)
    pushes "$kind: a whole tree, and a name outside" a b
    is "$(look outside)" "$before" "the outside is as it was"
    ok "equal" same_tree a b
done

# A mirror's rounds are about some names, too.
fresh
mkdir a/d
random_bytes 100000 >a/1 && ln a/1 a/d/2
ln -s x a/3 && ln a/3 a/d/4
start_mirror a b
ok "a mirror" mirrored a b
before=$(inode b/1)
does "a new owner of a file with two names" chown 1000 a/d/2
is "$(inode b/1)" "$before" "set in place"
does "of a symlink" chown -h 1000 a/3
# tampering: the copy's names are names of something else, too
ln b/1 stranger
before=$(look stranger)
does "a new mode" chmod 600 a/1
is "$(look stranger)" "$before" "a name that is not the mirror's is as it was"
does "a third name" ln a/1 a/5
stop_mirror
ok "equal at the end" same_tree a b
ok "no staging folder left" no_litter .
done_testing
