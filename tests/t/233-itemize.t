#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -i prints rsync's columns: the same tree pair gives the same lines as rsync -i.
. "$(dirname "$0")/lib.sh"

need rsync setfattr setfacl

# One language for both: direction, link targets of hard links, which of the two
# names of a hard link is the file, and rsync's header lines do not count.
normal()
{
    sed -E -e 's/^[<>]/>/' -e '/^(h.*|[.c>][fLDS].*) => /s/ => .*//' \
        -e 's,^([>h]f.*) a/two(-too)?$,\1 a/one of two,' \
        -e '/^(sending|created|$)/d' | sort
}

compare() # NAME OPTION... : from $T/a onto copies of $T/old
{
    local name=$1 want got
    shift
    rm -rf "$T/r" "$T/z"
    cp -a "$T/old" "$T/r" && cp -a "$T/old" "$T/z"
    # directory times as in the original: cp -a sets them
    want=$(rsync -aHAX --modify-window=-1 -i "$@" "$T/a/" "$T/r/" 2>&1 | normal)
    pushes "$name" -i "$@" "$T/a" "$T/z"
    got=$(normal <<<"$out")
    is "$got" "$want" "$name: as rsync"
}

mkdir "$T/old"
make_tree "$T/a"
# both names of a hard link in one directory: which directory comes first is open
rm "$T/a/c/two-too" && ln "$T/a/a/two" "$T/a/a/two-too"
mkfifo "$T/a/fifo"
[ "$(id -u)" = 0 ] && mknod "$T/a/dev" c 1 3
setfattr -n user.x -v y "$T/a/big"
setfacl -m u:daemon:r "$T/a/c/deep/er/one"
compare "everything new"

pushes "copy" "$T/a" "$T/old"
(
    cd "$T/a" || exit
    echo more >>big
    chmod 755 empty
    touch -d 2011-11-11 a/one
    [ "$(id -u)" = 0 ] && chown 5:6 b/one && chown -h :7 b/link
    random_bytes 10000 >b/two
    chmod 700 b
    touch -d 2012-12-12 c
    setfattr -n user.z -v 1 c/deep/er/one
    # without a change to the mode, where rsync's -n and real runs disagree
    setfacl -m u:daemon:r c/deep/er/two
    mkdir newdir && echo n >newdir/n && ln -s n newdir/l
    rm -r emptydir
)
compare "changes" --delete
compare "changes without --delete"
compare "changes without times" --no-times --delete
compare "changes without perms, owner and group" --no-perms --no-owner --no-group
compare "with -c" -c
is "$(rsync_diff "$T/a" "$T/z" | grep -v deleting)" "" "and -c made it equal"
compare "with -u" -u
compare "dry run" -n --delete

rm "$T/a/b/link" && ln -s elsewhere "$T/a/b/link"
ln "$T/a/big" "$T/a/big2"
compare "a new target, a new hard link" --delete
rm -rf "$T/old/a" && mkdir -p "$T/old/x/y/z" && echo f >"$T/old/x/y/f"
compare "directories come and go" --delete

pushes "-ii is not needed for the root" -i "$T/a" "$T/z"
touch -d 2013-03-03 "$T/a"
pushes "the root's own time" -i "$T/a" "$T/z"
is "$out" ".d..t...... ./" "shows as ./"
done_testing
