#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a killed session leaves in a directory that things are made in is removed
# by the next one, and by nobody while its owner lives; watchers, comparisons and
# deletions leave it alone.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need_root
need setfacl strace

nests() { find "$1" -mindepth 2 -name '.zcsync-*' | wc -l; }
some_nest() { [ "$(nests "$T/b")" -gt 0 ]; }

mkdir -p "$T/a/d" "$T/b/d"
setfacl -m d:u:1234:rwx "$T/b/d"
for i in 1 2 3 4 5; do echo $i >"$T/a/d/$i"; done
how=(--no-acls --no-perms --fsync=none)

# Killed before the first name is given.
run strace -qq -f -o "$T/log/strace" -e trace=renameat,renameat2 \
    -e inject=renameat,renameat2:signal=SIGKILL:when=1 \
    "$ZCSYNC" push "${how[@]}" "$T/a" "$T/b"
ok "it is killed and leaves a folder" some_nest
is "$(find "$T/b/d" -maxdepth 1 -type f)" "" "no name was given"
name=$(find "$T/b/d" -name '.zcsync-*' -printf %f)
push -n --delete -i "${how[@]}" "$T/a" "$T/b"
unlike "$out" zcsync- "a dry run does not tell of it"
ok "and leaves it" some_nest
pushes "the next push" "${how[@]}" "$T/a" "$T/b"
is "$(nests "$T/b")" 0 "removes it"
ok "and gives the names" diff -r "$T/a" "$T/b"

# One that is held stays; a source that has one does not send it.
mkdir "$T/b/d/$name" "$T/a/d/$name"
echo x >"$T/a/d/$name/x"
exec 9<"$T/b/d/$name"
flock -n 9
echo 6 >"$T/a/d/6"
pushes "beside another session" --delete "${how[@]}" "$T/a" "$T/b"
ok "its folder stays" [ -d "$T/b/d/$name" ]
nok "with nothing in it from the source" [ -e "$T/b/d/$name/x" ]
exec 9<&-
pushes "after it" --delete "${how[@]}" "$T/a" "$T/b"
nok "it goes" [ -e "$T/b/d/$name" ]

# A mirror does not send what is made in its source by another.
mkdir "$T/c"
start_mirror "$T/b" "$T/c"
ok "a mirror of the copy" wait_until 20 [ -e "$T/c/d/6" ]
mkdir "$T/b/d/$name" "$T/b/e" "$T/b/e/$name"
echo half >"$T/b/d/$name/half"
echo 7 >"$T/b/d/$name/7"
mv "$T/b/d/$name/7" "$T/b/d/7"
ok "sees what gets its name" wait_until 20 cmp "$T/b/d/7" "$T/c/d/7"
echo 8 >"$T/b/e/8"
ok "also in a new directory" wait_until 20 cmp "$T/b/e/8" "$T/c/e/8"
is "$(nests "$T/c")" 0 "but not where it comes from"
stop_mirror
like "$rc" "^(0|20)$" "and ends when told to"

# Times are the source's although a folder came and went.
rm -rf "$T/a/d/$name" "$T/b/d/$name" "$T/b/e"
echo 9 >"$T/a/d/9"
touch -d '2001-01-01' "$T/a/d"
pushes "one more" --delete "${how[@]}" "$T/a" "$T/b"
is "$(stat -c %y "$T/b/d")" "$(stat -c %y "$T/a/d")" "times are kept"

# Many directories at once, on few descriptors.
for i in $(seq 300); do
    mkdir -p "$T/a/m/$i" "$T/b/m/$i"
    setfacl -m d:u:$((i + 1)):rwx "$T/b/m/$i"
    echo "$i" >"$T/a/m/$i/f"
done
run bash -c 'ulimit -n 400; exec "$@"' - "$ZCSYNC" push --no-acls --no-perms \
    "$T/a" "$T/b"
is "$rc" 0 "300 directories and 400 descriptors: ${err:0:300}"
ok "all is there" diff -r "$T/a" "$T/b"
is "$(nests "$T/b")" 0 "and nothing else"
like "$(getfacl -cpn "$T/b/m/299/f")" "user:300:rwx" "each as it should be"
# A mirror keeps directories of a round to its end, but not what is in them.
mirror_as=(bash -c 'ulimit -n 400; exec "$@"' -)
start_mirror "${how[@]}" "$T/a" "$T/b"
echo live >"$T/a/d/live"
ok "a mirror comes up" wait_until 20 cmp "$T/a/d/live" "$T/b/d/live"
for i in $(seq 300); do
    echo "live $i" >"$T/a/m/$i/f"
done
same() { diff -r -x '.zcsync*' "$T/a" "$T/b"; }
ok "300 directories in a round" wait_until 30 same
stop_mirror
is "$(nests "$T/b")" 0 "no folder stays behind"
done_testing
