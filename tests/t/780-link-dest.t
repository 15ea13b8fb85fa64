#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --link-dest, --copy-dest and --compare-dest make what rsync makes of them: the
# same files, and the same of them links to those in DIR; over each way there is. DIR
# leads nowhere out of a share, what it lacks is sent, and files in it stay as they
# are whatever comes after.
. "$(dirname "$0")/lib.sh"

need rsync
need_root
cd "$T" || exit
rsh=$here/rsh-here
mkdir -p share r/old b/old src/d/deep src/same twice
for i in $(seq 40); do echo "$i" >"src/d/f$i"; done
echo deep >src/d/deep/file
random_bytes 6000000 >src/big
ln src/big src/d/big-too
ln -s nowhere src/link
ln -s nowhere src/d/link
mkfifo src/fifo
: >src/empty
find src -depth -exec touch -h -d 2020-01-01T10:11:12.131415 {} +
rsync -aHAX src/ r/old/
# A link that the source does not have.
ln r/old/d/f30 r/old/d/f31-gone && touch -d 2020-01-01 r/old/d

change() # what a night brings
{
    echo other >src/d/f1 && touch -r r/old/d/f1 src/d/f1
    echo Z >src/d/f2 && touch -r r/old/d/f2 src/d/f2
    echo 11x >src/d/f11
    chmod 600 src/d/f12
    chown daemon src/d/f13
    touch -d 2020-02-02 src/d/f14
    setfattr -n user.x -v y src/d/f15
    rm src/d/f16
    echo new >src/d/deep/new
    mv src/d/f17 src/d/f18-moved
    ln -sfn elsewhere src/d/link && touch -h -d 2020-02-02 src/d/link
    find src -type d -exec touch -d 2021-02-03T01:01:01.5 {} +
}
change

# How all looks, and for each name the first one of its inode.
shape() # DIR...
{
    find "$@" -mindepth 1 -printf '%P %h %i %y %m %U %G %s %T@ %l\n' | LC_ALL=C sort -k1,3 |
        perl -ne '($name, $dir, $ino, $type, @rest) = split " ";
                  $dir =~ s,^[rb]/,,; $name = "$dir/" . ($name =~ s,.*/,,r);
                  splice @rest, 3, 1 if $type eq "d";
                  print "$name is ", $first{$ino} //= $name, " $type @rest\n"'
}

as_rsync() # NAME OPTION...
{
    local name=$1 to
    shift
    rm -rf r/new
    rsync -aHAX "$@" src/ r/new/ >"$T/log/rsync" 2>&1 || diag "$(cat log/rsync)"
    for to in b/new "zcsync://$addr/s/new" "host:$T/b/new"; do
        rm -rf b && mkdir b && rsync -aHAX r/old b/
        if [ "${to#z}" != "$to" ]; then rm -rf share/* && mv b/old share/old; fi
        pushes "$name to ${to%%:*}" -e "$rsh" "$@" src "$to"
        is "$err" "" "without a word"
        if [ "${to#z}" != "$to" ]; then rmdir b && cp -a share b; fi
        is "$(shape b/old b/new)" "$(shape r/old r/new)" "is as rsync has it"
        pushes "again" -e "$rsh" -i --delete "$@" src "$to"
        [[ $name = compare* ]] || is "$out" "" "there is nothing to do"
    done
}

start_serve s="$T/share"
as_rsync "link" --link-dest=../old
as_rsync "copy" --copy-dest=../old
as_rsync "compare" --compare-dest=../old
as_rsync "link by content" -c --link-dest=../old
is "$(cat b/new/d/f2)" Z "which is looked at"
as_rsync "copy by content" -c --copy-dest=../old
rm src/d/big-too && touch -d 2021-02-03T01:01:01.5 src/d # else all are sent
as_rsync "compare by content" -c --compare-dest=../old
ln src/big src/d/big-too

# Permissions that are not kept are those of a new file.
mkdir modes
(cd src/d && cp -p f1 f2 f3 ../../modes)
chmod 755 modes/f1 && chmod 604 modes/f2
pushes "a copy of them" modes old-modes
chown daemon old-modes/f1 old-modes/f2
umask 027
pushes "without --copy-dest" --no-perms --no-acls modes plain-modes
pushes "with it" --no-perms --no-acls --copy-dest=../old-modes modes new-modes
umask 022
modes_of() { (cd "$1" && stat -c '%n %a' *); }
is "$(modes_of new-modes)" "$(modes_of plain-modes)" "modes are those of new files"

# ---- what is said, and refused ------------------------------------------------

rm -rf share/* b && rsync -aHAX r/old share/
ln -s old share/latest && ln -s "$T/r/old" share/out
at=zcsync://$addr/s
inode() { stat -c %i "$1"; }
linked() { [ "$(inode share/old/d/f2)" = "$(inode "share/$1/d/f2")" ]; }
pushes "one that is missing" --link-dest=../none --link-dest=../old src "$at/1"
like "$err" "not all directories .* could be opened" "is said"
ok "and the other one is used" linked 1
pushes "a symlink" --link-dest=../latest src "$at/deep/er" --mkpath
like "$err" "not all" "leads on from where DEST is, not from the root of the share"
pushes "a symlink beside it" --link-dest=../latest src "$at/2"
ok "is followed" linked 2
pushes "an absolute one" --link-dest=/old src "$at/3"
ok "begins at the root of the share" linked 3
pushes "a symlink out of the share" --link-dest=../out src "$at/4"
like "$err" "not all" "leads nowhere"
nok "and nothing is linked to that" test r/old/d/f2 -ef share/4/d/f2
push_exits 3 "one out of it" --link-dest=../../r/old src "$at/5"
like "$err" "../../r/old leads out of share s" "is refused"
nok "before anything is done" test -e share/5/d
push_exits 3 "the staging folder" --link-dest=/.zcsync src "$at/5"
mkdir -p share/.zcsync/partial share/old/.zcsync
ln -s .zcsync share/hidden && ln -s .zcsync/partial share/kept
for name in hidden kept hidden/partial; do
    push_exits 3 "by a symlink, $name" --link-dest=/$name src "$at/5"
    like "$err" "leads to .zcsync, the staging folder" "is refused"
done
pushes "another of that name" --link-dest=/old/.zcsync src "$at/6"
rm -rf share/.zcsync share/old/.zcsync share/hidden share/kept
rm -rf b && mkdir b && cp -a r/old b/old
echo Y >b/old/d/f2 && touch -r src/d/f2 b/old/d/f2
pushes "a dry run by content" -n -i -c --link-dest=../old src b/new
nok "makes nothing" test -e b/new
like "$out" '<f\+{9} d/f2(
|$)' "names what is other bytes"
unlike "$out" ' d/f3(
|$)' "and not what would be a link"
pushes "by content, as was said" -i -c --link-dest=../old src b/new
like "$out" '<f\+{9} d/f2(
|$)' "names it"
unlike "$out" ' d/f3(
|$)' "and no links"
echo same | tee twice/a >twice/b && touch -d 2020-01-01 twice/a twice/b
cp -p twice/a b/old/a && ln b/old/a b/old/b
pushes "names of one file there" -i -c --link-dest=../old twice b/new2
is "$(cat b/new2/a b/new2/b)" "$(cat twice/a twice/b)" "are right"
is "$(find b/new2/a b/new2/b -samefile b/old/a | wc -l)" 1 "though one link is another file"
is "$out" "cd+++++++++ ./
$(sed -n 's/^.*+ \([ab]\)$/<f+++++++++ \1/p' <<<"$out")" "and the other one is sent"
for kind in link compare; do
    rm -rf gone b/new3 && cp -a twice gone && echo x >gone/c
    pushes "by content, and away" -c --$kind-dest=../old --remove-source-files gone b/new3
    is "$(ls b/new3 gone | xargs)" "$([ $kind = link ] && echo b/new3: a b c gone: ||
        echo b/new3: c gone: a b)" "goes what is at DEST, $kind"
done
push_exits 1 "two kinds" --link-dest=../a --copy-dest=../b src b
one_sentence "cannot be mixed" "are refused"
push_exits 1 "an empty one" --link-dest= src b
one_sentence "DIR is empty" "is refused"
eval "push_exits 1 'too many' $(printf -- '--link-dest=%s ' {1..21}) src b"
one_sentence "no more than 20" "are refused"
push_exits 1 "in place" --inplace --link-dest=../a src b
one_sentence "--inplace does not go" "does not go, either"
runs_with 1 "a mirror" "$ZCSYNC" mirror --link-dest=../a src b

# ---- what links share stays as it is -------------------------------------------

old=$(shape share/old)
echo more >>src/d/f20
chmod 640 src/d/f21
pushes "changes" -i src "$at/1"
is "$(shape share/old | sed 's/ is [^ ]*//')" "$(sed 's/ is [^ ]*//' <<<"$old")" \
    "leaves what was linked to alone"
is "$(cat share/1/d/f20)" "$(printf '20\nmore')" "but for DEST"
is "$(stat -c %a share/1/d/f21 share/old/d/f21 | xargs)" "640 644" "metadata, too"

# ---- dry runs, and pulls -------------------------------------------------------

before=$(find share -printf '%P %i %C@\n' | sort)
pushes "a dry run" -n -i --link-dest=../1 src "$at/6"
unlike "$out" "f2\$" "does not name what it would link"
is "$(find share -printf '%P %i %C@\n' | sort)" "$before" "and changes nothing"
pushes "a local one" -n -i --link-dest=../1 src share/7
unlike "$out" "f2\$" "likewise"
mkdir deep
pushes "from another directory" -n -i --link-dest=../../../share/1 \
    src deep/../deep/er/7 --mkpath
unlike "$out" "f2\$" "by the letter"
(cd deep && "$ZCSYNC" push -n -i --link-dest=../../share/1 ../src 7) >out 2>err
is "$(cat err)" "" "above the working directory, too"
unlike "$(cat out)" "f2\$" "and that is found"
stop_serve
start_serve --readable --read-only a="$T/src"
runs_with 0 "a pull" "$ZCSYNC" pull --link-dest=../old "zcsync://$addr/a" r/pulled
ok "links" test r/old/d/f2 -ef r/pulled/d/f2
runs_with 0 "diff" "$ZCSYNC" diff src r/pulled
done_testing
