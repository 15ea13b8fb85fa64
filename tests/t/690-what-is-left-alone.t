#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is compared, and what is left alone: --existing, --ignore-existing,
# --size-only, -I, --modify-window, with -u among them: the same tree comes out as
# with rsync, and the same lines.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
need_no_sanitizers "takes long with sanitizers"

need rsync

# The source, and in "have" a destination that differs from it in many ways.
mkdir -p "$T/a/both/deep" "$T/a/only-a/in" "$T/have/both" "$T/have/only-b"
cd "$T" || exit
echo same >a/same
echo changed here >a/bigger
echo new1 >a/new
echo new2 >a/only-a/in/f
echo AAAA >a/hidden # the same size and time, other bytes
echo later >a/both/later
echo nano >a/nano
ln -s one a/link
ln -s new a/new-link
mkdir a/dir-here
echo x >a/file-here
cp -a a/same have/
echo less >have/bigger
echo BBBB >have/hidden
echo LATER >have/both/later
cp -a a/nano have/
ln -s two have/link
echo x >have/dir-here
mkdir have/file-here
echo b >have/only-b/f
find a have -exec touch -hd 2020-02-02 {} +
touch -d '2020-01-01 10:00:00.5' a/nano a/hidden have/hidden
touch -d '2020-01-01 10:00:00.7' have/nano
touch -d '2020-01-01 10:00:02' a/both/later
touch -d '2020-01-01 10:00:03' have/both/later
touch -d '2019-01-01' have/bigger
chmod 700 have/both
mkdir l-a l-have && echo linked >l-a/a && ln l-a/a l-a/b && ln l-a/a l-a/c

# rsync's default for times is whole seconds: -@ says which is meant by both.
exact=(--modify-window=-1)

# as_rsync NAME SRC HAVE OPTION...
as_rsync()
{
    local name=$1 src=$2 have=$3 theirs
    shift 3
    rm -rf r z && cp -a "$have" r && cp -a "$have" z
    theirs=$(rsync -aHAX -i "${exact[@]}" "$@" "$src/" r/ 2>"$T/log/rsync")
    is "$(cat "$T/log/rsync")" "" "rsync does $name"
    pushes "$name" -i "${exact[@]}" "$@" "$src" z
    is "$(listing z)" "$(listing r)" "the same comes out"
    # which of several names is sent is another matter
    [[ $src == l-* ]] && return
    is "$(grep -v '^cd' <<<"$out" | tr '<' '>' | sort)" \
        "$(grep -v '^cd' <<<"$theirs" | sort)" "and the same is told"
    rm -rf z && cp -a "$have" z
    pushes "$name, dry run" -n -i "${exact[@]}" "$@" "$src" z
    is "$(listing z)" "$(listing "$have")" "changes nothing"
    is "$(tr '<' '>' <<<"$out" | grep -v '^cd' | sort)" \
        "$(grep -v '^cd' <<<"$theirs" | sort)" "and tells the same"
}

as_rsync "--existing" a have --existing
as_rsync "--ignore-non-existing --delete" a have --ignore-non-existing --delete
as_rsync "--existing of links" l-a l-have --existing
as_rsync "--size-only" a have --size-only
as_rsync "-I" a have -I
as_rsync "-I of links" l-a l-have -I
for n in 0 1 2 -3; do
    exact=("--modify-window=$n")
    as_rsync "--modify-window=$n" a have
    [ "$n" = -3 ] || as_rsync "-u --modify-window=$n" a have -u
done
exact=(-@0)
as_rsync "-u" a have -u
as_rsync "--existing -u" a have --existing -u
exact=(-@-1)
# there rsync replaces what is newer by less than two seconds
rm -rf z && cp -a have z
pushes "-u" -u a z
is "$(cat z/both/later)" LATER "a file that is a second newer stays"
is "$(stat -c %Y z/both/later)" "$(stat -c %Y have/both/later)" "with its time"
is "$(stat -c %y z/nano)" "$(stat -c %y have/nano)" "and one that is less so"

# rsync takes a directory for made where a file is in the way, and fails
rm have/dir-here a/dir-here -r
as_rsync "--ignore-existing" a have --ignore-existing
as_rsync "--ignore-existing --existing --delete" a have --ignore-existing \
    --existing --delete
for have in a b c; do
    rm -rf l-have && mkdir l-have && echo other >l-have/$have
    as_rsync "--ignore-existing, a link is there: $have" l-a l-have --ignore-existing
    as_rsync "--existing, a link is there: $have" l-a l-have --existing
done

mkdir -p a/dir-here/in && echo 1 >a/dir-here/in/f && echo file >have/dir-here
pushes "a directory where a file stays" --ignore-existing a have
is "$(cat have/dir-here)" file "left out, with all that is in it"

start_serve --readable --read-only a="$T/a"
for option in --existing --ignore-existing -u --size-only -I; do
    rm -rf z p && cp -a l-have z && cp -a l-have p
    cp -a a/new z/ && cp -a a/new p/
    pushes "a push $option" $option a z
    runs_with 0 "a pull" "$ZCSYNC" pull $option "zcsync://$addr/a" p
    is "$(listing p)" "$(listing z)" "does the same"
done

# ---- a mirror ----------------------------------------------------------------

rm -rf a b && mkdir -p a/d b/d
echo 1 >a/d/old && echo 1 >b/d/old && echo 2 >a/d/new
live() # OPTION...
{
    start_mirror "$@" a b
    wait_until 10 cmp -s a/d/probe b/d/probe || diag "$(mirror_said)"
}

echo p >a/d/probe && echo q >b/d/probe
live --existing
echo changed >a/d/old && echo 3 >a/d/new && mkdir -p a/x/y && echo z >a/x/y/z
mv a/d/new a/d/newer
echo probe 2 >a/d/probe
ok "a mirror with --existing" wait_until 10 cmp -s a/d/probe b/d/probe
ok "changes what is there" wait_until 10 cmp -s a/d/old b/d/old
echo 5 >a/x/y/z && mkdir a/x/y/w && echo probe 3 >a/d/probe
ok "goes on" wait_until 10 cmp -s a/d/probe b/d/probe
mv a/d/old a/d/older && echo probe 4 >a/d/probe
wait_until 10 cmp -s a/d/probe b/d/probe
ok "deletes" wait_until 10 [ ! -e b/d/old ]
is "$(cd b && find . -path ./.zcsync -prune -o -type f -print | sort)" "./d/probe" \
    "and makes nothing"
stop_mirror
is "$(mirror_said | grep -v 'sync')" "" "without a word of trouble"

rm -rf a b && mkdir -p a/d b
echo file >b/x
# Whole at once, as what is half written when it is met stays so.
new() { echo "$1" >made && mv made "$2"; }
start_mirror --ignore-existing --no-delete a b
new 1 a/d/one
ok "a mirror with --ignore-existing" wait_until 10 cmp -s a/d/one b/d/one
echo 22 >a/d/one && mkdir -p a/x/y && echo z >a/x/y/z && new 2 a/d/two
ok "goes on" wait_until 10 cmp -s a/d/two b/d/two
mkdir a/x/w && echo 7 >a/x/w/f && new 3 a/d/three
ok "and on" wait_until 10 cmp -s a/d/three b/d/three
is "$(cat b/d/one)" 1 "what is there stays"
is "$(cat b/x)" file "of whatever kind"
mv a/d/two a/d/one && new 4 a/d/four
ok "after a rename" wait_until 10 cmp -s a/d/four b/d/four
is "$(cat b/d/one)" 1 "too"
stop_mirror
is "$(mirror_said | grep -v 'sync')" "" "without a word of trouble"

rm -rf a b && mkdir -p a/d b/d
echo older >a/d/f && touch -d '-1 hour' a/d/f && echo newer >b/d/f && echo 0 >a/d/e
start_mirror -u a b
ok "a mirror with -u" wait_until 10 cmp -s a/d/e b/d/e
echo 1 >a/d/g && touch -d '+1 hour' b/d/f && echo changed >a/d/f
ok "goes on" wait_until 10 cmp -s a/d/g b/d/g
echo 2 >a/d/h
ok "and on" wait_until 10 cmp -s a/d/h b/d/h
is "$(cat b/d/f)" newer "what is newer stays"
stop_mirror
done_testing
