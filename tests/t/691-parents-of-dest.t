#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --mkpath makes what is missing on the way to DEST; without, the sentence says
# so.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need rsync
cd "$T" || exit
mkdir -p a/d share && echo 1 >a/f && echo 2 >a/d/g
start_serve s="$T/share"

# paths DIR: what there is
paths() { (cd "$1" && find . | sort); }

for to in there "zcsync://$addr/s"; do
    there=there
    [ "$to" = there ] || there=share
    push_exits 3 "a missing parent of $to" a "$to/x/y"
    one_sentence 'x/y.*missing.*--mkpath' "names --mkpath"
    push_exits 3 "the same for a file" a/f "$to/x/y"
    one_sentence 'x.*missing.*--mkpath' "names --mkpath"
    ok "nothing was made" [ ! -e $there/x ]
    pushes "a dry run" -n --mkpath a "$to/x/y"
    pushes "of a file" -n --mkpath a/f "$to/x/y"
    ok "makes nothing" [ ! -e $there/x ]
    pushes "--mkpath" --mkpath a "$to/x/y/z"
    ok "equal" same_tree a $there/x/y/z
    pushes "a file to a new name" --mkpath a/f "$to/one/two/three"
    pushes "a file into a new directory" --mkpath a/f "$to/1/2/3/"
    pushes "where all is there" --mkpath a "$to/x/y/z"
    rsync -a --mkpath a/ as-rsync/x/y/z/
    rsync -a --mkpath a/f as-rsync/one/two/three
    rsync -a --mkpath a/f as-rsync/1/2/3/
    is "$(paths $there)" "$(paths as-rsync)" "as with rsync"

    mkdir outside
    ln -s "$T/outside" $there/out
    echo file >$there/file
    push_exits 3 "through a file" --mkpath a "$to/file/x/y"
    [ "$to" = there ] ||
        push_exits 3 "through a symlink that leaves the share" --mkpath a \
            "$to/out/x/y"
    is "$(ls outside)" "" "nothing was made there"
    rm -r outside
done
push_exits 3 "a name that is too long" --mkpath a "there/$(printf '%0300d' 0)/x"
push_exits 3 "the staging folder" --mkpath a "zcsync://$addr/s/.zcsync/x"

start_serve --readable --read-only src="$T/a"
runs_with 3 "a pull without it" "$ZCSYNC" pull "zcsync://$addr/src" p/u/l/l
one_sentence '--mkpath' "names it"
runs_with 0 "a pull with it" "$ZCSYNC" pull --mkpath "zcsync://$addr/src" p/u/l/l
ok "makes it" same_tree a p/u/l/l
runs_with 0 "and into a directory" "$ZCSYNC" pull --mkpath "zcsync://$addr/src/" q/u/
ok "makes that" same_tree a q/u

start_mirror --mkpath a m/i/r
ok "a mirror" wait_until 10 cmp -s a/d/g m/i/r/d/g
stop_mirror
done_testing
