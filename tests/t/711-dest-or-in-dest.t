#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `push --delete www bk` is rsync's way of saying bk/www: where bk is a directory
# that is no copy of www, the user is asked, and nothing is done.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "takes long with sanitizers"

mkdir "$T/share"
start_serve s="$T/share"
cd "$T" || exit
make_tree www

# in_doubt NAME DEST [WORD...]: refused with the question, bk and share/bk alike
in_doubt()
{
    local name=$1 before
    shift
    rm -rf share/bk && cp -a bk share/bk
    before=$(ctimes bk && ctimes share/bk)
    push_exits 1 "$name" --delete "$@" www bk
    one_sentence 'bk/www or bk\? write www/ for bk itself, bk/www for the other' \
        "is a question"
    push_exits 1 "$name, predicted by -n" -n --delete "$@" www bk/
    runs_with 1 "$name, says diff" "$ZCSYNC" diff --delete "$@" www bk
    one_sentence 'bk/www or bk\?' "asks, too"
    push_exits 1 "$name, at a server" --delete "$@" "$T/www" "zcsync://$addr/s/bk"
    one_sentence "s/bk/www or .*s/bk\? write $T/www/ for " "is a question"
    is "$(ctimes bk && ctimes share/bk)" "$before" "nothing was done"
}

# no_doubt NAME [WORD...]: bk and share/bk become copies of www
no_doubt()
{
    local name=$1
    shift
    rm -rf share/bk && cp -a bk share/bk
    pushes "$name" "$@" www bk
    ok "equal" same_tree www bk
    pushes "$name, at a server" "$@" www "zcsync://$addr/s/bk"
    ok "equal" same_tree www share/bk
}

mkdir -p bk/www bk/etc bk/mysql
echo precious >bk/etc/passwd
in_doubt "SRC's name is in DEST"
rmdir bk/www
in_doubt "DEST has none of SRC's names"
echo precious >bk/www
in_doubt "nor a directory of SRC's name"
rm -r bk && mkdir bk && echo precious >bk/file
in_doubt "a file is enough"
rm -r bk && cp -a www bk && mkdir bk/www
in_doubt "a copy with a directory of SRC's name in it"
cp -a www bk
in_doubt "a copy with another one in it"
pushes "without --delete nobody is asked" -n www bk
pushes "nor where --force-delete is given" -n --delete --force-delete www bk
pushes "a slash says what is meant" --delete www/ bk
ok "equal" same_tree www bk
mkdir bk/www
pushes "and so does DEST/NAME" --delete www bk/www
ok "equal" same_tree www bk/www
rm -r bk/www

no_doubt "a copy" --delete
echo >bk/old && rm bk/big
no_doubt "an old copy" --delete
rm -r bk/* && touch bk/old bk/big
no_doubt "one name in common" --delete
rm -r bk && mkdir bk
no_doubt "an empty DEST" --delete
rm -r bk/* && mkdir bk/lost+found bk/.zcsync
no_doubt "nothing but what the file system has" --delete
rm -r bk && mkdir bk && touch bk/kept
rm -rf share/bk && cp -a bk share/bk
pushes "what a rule keeps is not in danger" --delete --exclude=/kept www bk
pushes "nor at a server" --delete --exclude=/kept www "zcsync://$addr/s/bk"
ok "it is there" [ -e bk/kept -a -e share/bk/kept ]
rm -r bk
pushes "DEST is made" --delete www bk

mkdir bk/www && touch bk/www/other
no_doubt "a copy of when SRC had another directory of its name" --delete
mkdir www/www
mkdir -p bk/www
no_doubt "SRC has a directory of its own name" --delete
rmdir www/www
rm -r bk && mkdir -p bk/www && touch bk/www/dump-of-yesterday
pushes "DEST has SRC's name, and all other names are new" --delete www bk/www
ok "equal" same_tree www bk/www
(cd bk/www && touch x && rm -r "$T"/bk/www/*)
touch bk/www/dump-of-yesterday
runs_with 0 "DEST is a dot" env -C bk/www "$ZCSYNC" push --delete ../../www .
rm -r bk/www/* && mkdir bk/www/www
push_exits 1 "but where its own name is in it" --delete www bk/www
rm -r share && mkdir -p share/dumps
touch share/dumps/dump-of-yesterday
start_serve www="$T/share/dumps"
pushes "a share of SRC's name" --delete www "zcsync://$addr/www"
mkdir disk && touch disk/.marker
pushes "DEST has what it has to have, and nothing else" --delete \
    --require-file=dest:.marker www disk
rm -r disk && mkdir disk && touch disk/.marker
start_serve --require-file=.marker s="$T/disk"
pushes "and so has a share" --delete www "zcsync://$addr/s"

rm -r bk && mkdir bk && touch bk/many-{1..99}
mkdir empty
push_exits 25 "an empty SRC is the brake's" --delete empty bk
(cd bk && touch "$(printf 'name%.0s' {1..60})"-{1000..2000})
push_exits 25 "and so are more names than can be told" --delete www bk
is "$(ls bk | grep -c -e many -e name)" 1100 "nothing was deleted"

rm -r bk && mkdir -p bk/www bk/etc
runs_with 1 "a mirror asks, too" "$ZCSYNC" mirror www bk
one_sentence 'bk/www or bk\? write www/ for bk' "before anything is done"
ok "nothing was deleted" [ -d bk/etc ]
rm -r bk && mkdir bk && touch bk/other
background mirror "$ZCSYNC" mirror www bk
ok "but not where other names are all there is" \
    wait_until 20 [ -e bk/c/deep/er/two -a ! -e bk/other ]
kill "$pid" && reap "$pid"
ok "equal" same_tree www bk
# The same for a pull, where the other end tells what SRC has.
rm -rf bk && mkdir -p bk/www bk/etc served
cp -a www served/www
start_serve --readable s="$T/served"
src=zcsync://$addr/s/www
for words in pull "pull -n"; do
    # shellcheck disable=SC2086 # several words
    runs_with 1 "$words asks" "$ZCSYNC" $words --delete "$src" bk
    one_sentence "bk/www or bk\? write $src/ for bk itself" "before anything is done"
done
rmdir bk/www && touch bk/other
runs_with 1 "where no name is SRC's" "$ZCSYNC" pull --delete "$src" bk
is "$(ls bk)" "etc"$'\n'"other" "nothing was done"
cp -a www/. bk && mkdir bk/www && cp www/big bk/www
runs_with 1 "where there is a copy in a copy" "$ZCSYNC" pull --delete "$src" bk
runs_with 0 "a slash is an answer" "$ZCSYNC" pull --delete "$src/" bk
ok "equal" same_tree www bk
echo more >served/www/more && touch bk/old
runs_with 0 "a copy is none" "$ZCSYNC" pull --delete "$src" bk
ok "equal" same_tree served/www bk
runs_with 0 "nor is DEST/NAME" "$ZCSYNC" pull --delete "$src" new/www --mkpath
touch new/www/x && rm -r new/www/[a-w]*
runs_with 0 "nor a DEST of SRC's name" "$ZCSYNC" pull --delete "$src" new/www
rm -rf bk && mkdir -p bk/www bk/etc
runs_with 0 "the root of a share has no name, as with rsync" "$ZCSYNC" pull -n \
    --delete "zcsync://$addr/s" bk
runs_with 0 "without --delete" "$ZCSYNC" pull -n "$src" bk
ok "no staging folder left" no_litter "$T"
done_testing
