#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --no-implied-dirs: what is on the way to what was asked for stays as it is at DEST, or
# is made as by mkdir, as with rsync.
. "$(dirname "$0")/lib.sh"

need rsync
rsh=$here/rsh-here
mkdir -p "$T/s/a/b/c" "$T/s/a/other"
cd "$T/s" || bail "no tree"
echo f >a/b/c/f
echo no >a/b/no
chmod 700 a
chmod 750 a/b
chmod 711 a/b/c
find . -exec touch -h -d @1600000000 {} +
echo a/b/c/f >../list
umask 022

# Names, modes and, of what was there, times.
looks() { (cd "$1" && find . -mindepth 1 -printf '%P %y %m\n' | sort); }
as_rsync() # "WHERE IT IS" RSYNC-SRC SRC OPTION...
{
    local name=$1 rsync_src=$2 src=$3 there command=push
    shift 3
    [[ $src == host:* ]] && command=pull
    for there in no yes; do
        rm -rf "$T/z" "$T/r"
        mkdir "$T/z" "$T/r"
        [ $there = yes ] && mkdir -m 701 "$T/z/a" "$T/r/a" && touch "$T/z/a/stays" "$T/r/a/stays"
        rsync -aHAX --no-implied-dirs "$@" "$rsync_src" "$T/r" >/dev/null
        runs_with 0 "$name, $there a there" "$ZCSYNC" $command --no-implied-dirs "$@" "$src" "$T/z"
        is "$(looks "$T/z")" "$(looks "$T/r")" "looks as rsync has it"
        runs_with 0 "again" "$ZCSYNC" $command -i --no-implied-dirs "$@" "$src" "$T/z"
        is "$out" "" "nothing to do"
    done
}
as_rsync "-R" a/b/c a/b/c -R
as_rsync "-R of a file" a/b/c/f a/b/c/f -R
as_rsync "-R with --delete" ./a/b/c ./a/b/c -R --delete
as_rsync "a list" . . --files-from="$T/list"
as_rsync "a pull" "host:$T/s/./a/b/c" "host:$T/s/./a/b/c" -R -e "$rsh"
as_rsync "a pull of a list" "host:$T/s/" "host:$T/s" --files-from="$T/list" -e "$rsh"

rm -rf "$T/z"
mkdir -p "$T/z/real"
ln -s real "$T/z/a"
runs_with 23 "a symlink in its place" "$ZCSYNC" push --no-implied-dirs -R a/b/c "$T/z"
like "$err" "z/a: .*Not a directory" "is named"
is "$(readlink "$T/z/a"):$(ls "$T/z/real")" "real:" "and stays"
runs_with 0 "with -K" "$ZCSYNC" push -K --no-i-d -R a/b/c "$T/z"
is "$(readlink "$T/z/a"):$(cat "$T/z/real/b/c/f")" "real:f" "it is worked in"
runs_with 0 "without" "$ZCSYNC" push --no-i-d --implied-dirs -R a/b/c "$T/y"
is "$(stat -c %a "$T/y/a" "$T/y/a/b" | xargs)" "700 750" "they look as in SRC"
echo a/none >"$T/list"
runs_with 23 "what is not there" "$ZCSYNC" push --no-implied-dirs --files-from="$T/list" . "$T/y"
like "$err" 'a/none' "is named"
done_testing
