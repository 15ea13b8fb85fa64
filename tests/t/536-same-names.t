#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Destinations that take different names for the same: another case (exFAT, and
# a file system of our own that keeps the spelling that came first), another way
# of writing an accent. Nothing is lost by a rename, and of two names only one
# can be there, which is said.  KIND of the environment picks one of the two.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mounts
cd "$T" || exit
options=(--no-owner --no-group --no-perms --no-acls --no-xattrs --no-hard-links --no-links)
nfc=$'caf\xc3\xa9' nfd=$'cafe\xcc\x81'

fold_exfat() # DIR
{
    command -v mount.exfat-fuse mkfs.exfat >/dev/null || return 1
    truncate -s 40M exfat.img && mkfs.exfat exfat.img >/dev/null 2>&1 || return 1
    loop=$(losetup -f --show exfat.img) || return 1
    at_exit+=(drop_loop)
    mount.exfat-fuse "$loop" "$1" >/dev/null 2>&1 && mounted+=("$PWD/$1")
}
drop_loop() { wait_until 5 losetup -d "$loop"; }

fold_ours() # DIR
{
    [ -x "$built/foldfs" ] || return 1
    mkdir under
    "$built/foldfs" under "$1" -o default_permissions && mounted+=("$PWD/$1")
}

folds()
{
    echo x >"$1/Aa" && [ -e "$1/aA" ] && rm "$1/Aa"
}

fresh() { rm -rf a "$m/b" && mkdir a; }
here_is() { is "$(cat "$m/b/$1" 2>/dev/null)" "$2" "$1 is there"; }
count() { find "$m/b" -mindepth 1 -not -path '*/.zcsync*' | wc -l; }

same_names() # WITH-ACCENTS
{
    local accents=$1
    # renames in case only
    fresh
    mkdir -p a/Dir/Sub && echo one >a/README && echo q >a/Dir/Sub/q && echo z >a/zz
    pushes "at first" "${options[@]}" a/ "$m/b"
    mv a/README a/Readme && mv a/Dir/Sub a/Dir/sub && mv a/Dir a/dir && mv a/zz a/ZZ
    pushes "renamed in case only" --delete "${options[@]}" a/ "$m/b"
    here_is Readme one
    here_is dir/sub/q q
    here_is ZZ z
    is "$(count)" 5 "and nothing else"
    pushes "again" -i --delete "${options[@]}" a/ "$m/b"
    is "$out" "" "nothing to do"
    echo two-two >a/Readme && rm -r a/dir
    pushes "changed after that" --delete --force-delete "${options[@]}" a/ "$m/b"
    here_is Readme two-two
    is "$(count)" 2 "what is gone is gone"

    # two names of the source
    fresh
    mkdir a/x a/X && echo upper >a/README && echo lower-lower >a/readme
    echo 1 >a/x/1 && echo 2 >a/X/2
    push_exits 23 "two that are the same there" "${options[@]}" a/ "$m/b"
    like "$err" 'readme: could not have it beside "README"' "said, with both names"
    like "$err" 'x: could not have it beside "X"' "of directories, too"
    here_is README upper
    here_is X/2 2
    nok "one name" test -e "$m/b/x/1"
    push_exits 23 "again" -i --delete "${options[@]}" a/ "$m/b"
    is "$out" "" "nothing is sent"
    here_is README upper
    rm a/README && rm -r a/X
    pushes "one of them goes" --delete "${options[@]}" a/ "$m/b"
    here_is readme lower-lower
    here_is x/1 1
    is "$(count)" 3 "and nothing else"
    echo new >a/README
    push_exits 23 "the other comes back" --delete "${options[@]}" a/ "$m/b"
    here_is readme lower-lower

    if [ "$accents" = yes ]; then
        fresh
        echo accent >"a/$nfc"
        pushes "an accent" "${options[@]}" a/ "$m/b"
        mv "a/$nfc" "a/$nfd"
        pushes "written in another way" --delete "${options[@]}" a/ "$m/b"
        is "$(cat "$m/b/$nfd")" accent "it is there"
        is "$(count)" 1 "once"
        echo other-other >"a/$nfc"
        push_exits 23 "both ways" --delete "${options[@]}" a/ "$m/b"
        is "$(cat "$m/b/$nfc")" accent "what was there stays"
        rm -rf "$m/b"
        push_exits 23 "both ways, anew" "${options[@]}" a/ "$m/b"
        is "$(count)" 1 "one of them"
    fi
}

live() # a mirror
{
    fresh
    mkdir a/d && echo one >a/README && echo q >a/d/q
    start_mirror "${options[@]}" a/ "$m/b"
    ok "a mirror" wait_until 20 cmp a/d/q "$m/b/d/q"
    mv a/README a/Readme
    echo mark >a/mark1
    ok "goes on" wait_until 20 cmp a/mark1 "$m/b/mark1"
    here_is Readme one
    mv a/d a/D
    ok "a directory renamed" wait_until 20 cmp a/D/q "$m/b/D/q"
    echo more >>a/Readme
    ok "content after that" wait_until 20 cmp a/Readme "$m/b/Readme"
    echo other >a/readme
    ok "a second name is said" wait_until 20 grep -q 'readme: could not have it' \
        "$mirror_log.err"
    echo mark >a/mark2
    ok "it goes on" wait_until 20 cmp a/mark2 "$m/b/mark2"
    is "$(cat "$m/b/readme")" "$(cat a/Readme)" "the first stays"
    # a file takes the name of another by a rename
    echo third >a/third
    ok "a third" wait_until 20 cmp a/third "$m/b/third"
    mv a/third a/README
    echo mark >a/mark3
    ok "it goes on" wait_until 20 cmp a/mark3 "$m/b/mark3"
    is "$(cat "$m/b/readme")" "$(cat a/Readme)" "the first stays"
    rm a/README a/readme
    ok "when only one is left all is well" wait_until 40 all_well
    here_is Readme "one
more"
    stop_mirror
}

all_well()
{
    [ "$(find a -mindepth 1 | sort)" = "$(cd "$m/b" && find . -mindepth 1 -not -path './.zcsync*' |
        sed 's/^\./a/' | sort)" ]
}

tried=0
for kind in ${KIND:-exfat ours}; do
    m=m.$kind
    mkdir "$m"
    "fold_$kind" "$m" 2>"$T/log/fold" && folds "$m" || {
        skip 1 "no file system: $kind"
        continue
    }
    diag "$kind"
    tried=1
    # exFAT as it is here keeps accents apart
    same_names "$([ "$kind" = ours ] && echo yes)"
    live
done
done_testing
