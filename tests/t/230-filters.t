#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Filter rules select and protect exactly what they do in rsync.
. "$(dirname "$0")/lib.sh"

need rsync
make_source()
{
    mkdir -p "$1"
    (
        cd "$1" || exit
        mkdir -p src/lib/.git/objects src/obj build/obj docs/img 'odd [x]' \
            a/b/c/d cache/keep cache/drop foo/bar/baz home/user/.cache
        for f in src/main.c src/main.o src/lib/util.c src/lib/util.o \
            src/lib/.git/config src/lib/.git/objects/1 src/obj/x.o \
            build/out build/obj/y.o docs/a.txt docs/b.md docs/img/1.png \
            docs/img/10.png 'odd [x]/f' 'odd [x]/*' a/1 a/b/2 a/b/c/3 a/b/c/d/4 \
            cache/keep/f cache/drop/f cache/top foo/bar/baz/f foo/bar/f \
            home/user/.cache/x home/user/.profile top.o top.c '#hash' ';semi' \
            tmp.tmp .hidden core; do
            echo "$f" >"$f"
        done
        ln -s src link.o
        touch -h -d 2019-09-09 link.o
        find . -type f -exec touch -d 2019-09-09 {} +
    )
}
make_source "$T/a"
make_source "$T/extra"
# the same names with other content, and names only the destination has
find "$T/extra" -type f -name '[a-z]*' -exec sh -c '
    for f; do cp "$f" "${f%/*}/extra-${f##*/}"; echo stale >>"$f"; done' sh {} +
mkdir "$T/share"
start_serve s="$T/share"

printf '%s\n' '*.o' '; comment' '# comment' '' '/docs/' >"$T/list"
printf '*.o\0/docs/\0#hash\0' >"$T/list0"
printf '%s\n' '- *.tmp' '+ /src/***' '- /*' >"$T/merge"

like_rsync() # OPTION...
{
    local name=$* want got
    name=${name//$T/DIR}
    rm -rf "$T/want" "$T/got"
    cp -a "$T/extra" "$T/want"
    cp -a "$T/extra" "$T/got"
    rsync -aHAX "$@" "$T/a/" "$T/want/" >"$T/log/rsync" 2>&1
    pushes "push $name" --force-delete "$@" "$T/a" "$T/got"
    want=$(listing "$T/want" | without_times)
    got=$(listing "$T/got" | without_times)
    if [ "$want" = "$got" ]; then
        pass "as rsync: $name"
    else
        fail "as rsync: $name" \
            "$(diff <(echo "$want") <(echo "$got") | head -n 20)"
    fi
}
# directories that only lost an entry have the time of the deletion
without_times() { sed -E 's/ [0-9]+\.[0-9]+ / /'; }

like_rsync --exclude='*.o'
like_rsync --exclude='*.o' --delete
like_rsync --exclude=/docs --delete
like_rsync --exclude=/docs/ --exclude=core/ --delete
like_rsync --exclude=obj/ --delete
like_rsync --exclude='obj' --delete
like_rsync --exclude=src/lib --delete
like_rsync --exclude=bar/baz --delete
like_rsync --exclude=/bar --delete
like_rsync --exclude='/foo/*/baz' --delete
like_rsync --exclude='/a/**' --delete
like_rsync --exclude='**/c' --delete
like_rsync --exclude='a/**/d' --delete
like_rsync --exclude='b/***' --delete
like_rsync --exclude='/docs/img/?.png' --delete
like_rsync --exclude='[cd]*' --delete
like_rsync --exclude='[!a-f]*' --delete
like_rsync --exclude='odd \[x\]' --delete
like_rsync --exclude='\*' --delete
like_rsync --exclude='.*' --delete
like_rsync --include='*.c' --exclude='*' --delete
like_rsync --include='*/' --include='*.c' --exclude='*' --delete
like_rsync --include=/src/ --include='/src/**' --exclude='/*' --delete
like_rsync --include='/src/***' --exclude='*' --delete
like_rsync --exclude='*.o' --include='main.o' --delete
like_rsync --include='main.o' --exclude='*.o' --delete
like_rsync --exclude='+ top.o' --exclude='*.o' --delete
like_rsync --exclude='*.o' --exclude='!' --exclude='*.c' --delete
like_rsync --exclude-from="$T/list" --delete
like_rsync --include-from="$T/list" --exclude='*' --delete
like_rsync -0 --exclude-from="$T/list0" --delete
like_rsync --filter='- *.o' --filter='+ *' --delete
like_rsync --filter='exclude,! */' --delete
like_rsync --filter='protect extra-*' --delete
like_rsync --filter='P extra-*' --filter='- *.c' --delete
like_rsync --filter='R extra-1' --filter='P *' --delete
like_rsync --filter='H *.c' --delete
like_rsync --filter='hide /docs' --delete
like_rsync --filter='S main.c' --filter='H *.c' --delete
like_rsync --filter='-s *.c' --delete
like_rsync --filter='-r *.c' --delete
like_rsync --filter=". $T/merge" --delete
like_rsync -f '- /cache/drop' -f '- *.tmp' --delete

# the receiver of a server obeys the same rules
cp -a "$T/extra/." "$T/share"
pushes "to a server" --force-delete --delete --exclude='*.o' --exclude=/docs \
    "$T/a" "zcsync://$addr/s"
rm -rf "$T/want"
cp -a "$T/extra" "$T/want"
rsync -aHAX --delete --exclude='*.o' --exclude=/docs "$T/a/" "$T/want/"
is "$(listing "$T/share" | without_times)" "$(listing "$T/want" | without_times)" \
    "as rsync"

push_exits 1 "a rule that is none" --filter='nonsense' "$T/a" "$T/got"
one_sentence 'nonsense' "in one sentence"
push_exits '1|3|11' "a list that is not there" --exclude-from="$T/nowhere" "$T/a" "$T/got"
one_sentence "$T/nowhere" "in one sentence"
done_testing
