#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Only what a run compares counts: with filters, with --no-OPTIONs, for users who can
# set no owners, with clocks that are coarse, and between hosts where people have
# other numbers. What cannot be read is told of each time.
. "$(dirname "$0")/lib.sh"
. "$here/lib-digests.sh"
. "$here/lib-mount.sh"

need perl rsync setfattr
cd "$T" || exit
many_alike a
mkdir share
start_serve s="$T/share"
to=zcsync://$addr/s
pushes "first" a/ "$to"

# ---- filters ---------------------------------------------------------------------

for d in a/d1 a/d4/s4 share/d2/s2 share/d3; do
    mkdir "$d/cache" && echo x >"$d/cache/y" && echo x >"$d/z.o"
done
touch -r a/d1/s1 a/d1 a/d4/s4 share/d2/s2 share/d3
filters=(--exclude=cache/ "--exclude=*.o")
pushes "excluded here and there" --delete "${filters[@]}" a/ "$to"
pushes "again" --delete --stats "${filters[@]}" a/ "$to"
few "names that are left out do not count"
ok "they stay" [ -e share/d3/z.o -a -e share/d2/s2/cache/y ]
nok "nor are sent" [ -e share/d1/z.o ]
pushes "--delete-excluded" --delete-excluded --delete "${filters[@]}" a/ "$to"
nok "they go" [ -e share/d3/z.o -o -e share/d2/s2/cache ]
echo "- *.tmp" >a/d5/.rules
echo x >a/d5/s5/a.tmp
pushes "a directory's own rules" --delete "--filter=: .rules" a/ "$to"
nok "are followed" [ -e share/d5/s5/a.tmp ]
pushes "again" --delete --stats "--filter=: .rules" a/ "$to"
few "with rules of its own"
rm -r a/d5/.rules a/d5/s5/a.tmp a/d1/cache a/d4/s4/cache a/d1/z.o a/d4/s4/z.o
pushes "all as before" --delete a/ "$to"
ok "equal" same_tree a share

# ---- what is not compared ----------------------------------------------------------

# OPTION COMMAND...: does COMMAND at the destination, which does not count
ignores()
{
    (cd share && "${@:2}") || return
    # shellcheck disable=SC2086
    pushes "$1" -i --stats $1 a/ "$to"
    unlike "$out" '^[.<>ch]' "$1: nothing is done"
    few "$1"
    pushes "without it" a/ "$to"
    ok "without $1 it is mended" same_tree a share
}
ignores --no-perms chmod 700 d1/s1/file1 d2
ignores --no-times touch -d 2001-01-01 d3/s3
ignores "--no-times --size-only" touch -d 2001-01-01 d3/s3/file3
ignores -O touch -d 2001-01-01 d3/s3
ignores -J touch -h -d 2001-01-01 d3/s3/link
ignores --no-xattrs setfattr -n user.x -v y d4/s1/file1
if [ "$(id -u)" = 0 ]; then
    ignores "--no-owner --no-group" chown 1234:1234 d5/s5/file5
    ignores --no-owner chown 1234 d5/s5/file5
fi
ln -f share/d1/s1/file1 share/d1/s1/other
pushes "--no-hard-links" --delete --stats --no-hard-links a/ "$to"
ok "equal" same_tree a share

# -c says more than size and time
printf '9' | dd of=share/d2/s3/file4 bs=1 conv=notrunc status=none
touch -r a/d2/s3/file4 share/d2/s3/file4
pushes "by size and time nothing differs" -i --stats a/ "$to"
few "by size and time"
pushes "-c" -ic a/ "$to"
like "$out" '<fc\S* d2/s3/file4' "-c reads all"
touch -d 2030-01-01 a/d2/s3/file4
pushes "a time" a/ "$to"
pushes "-I" -i -I a/ "$to"
is "$(grep -c '^<f' <<<"$out")" "$(find a -type f | wc -l)" "-I sends all"
pushes "-ii" -ii a/ "$to"
like "$out" '\.f +d2/s3/file4' "-ii tells all"

# ---- many names in one directory ---------------------------------------------------

mkdir flat
perl -e 'for (1 .. 20000) { open my $f, ">", "flat/name $_" or die }'
pushes "20,000 names" flat/ "$to/flat"
pushes "again" --stats flat/ "$to/flat"
few "20,000 names" 2500
echo x >"flat/name 777" && rm "flat/name 888" && touch "flat/name 5x" "share/flat/name 9x"
pushes "four names" -i --delete --stats flat/ "$to/flat"
few "four of 20,000" 400000
is "$(grep -c '^\*deleting\|^<f' <<<"$out")" 4 "are told"
ok "equal" same_tree flat share/flat
rm -r share/flat

# ---- what cannot be read -------------------------------------------------------------

if [ "$(id -u)" = 0 ] && "${nobody[@]}" "$ZCSYNC" --version >/dev/null 2>&1; then
    cp -a a b && chown -R nobody:nogroup b && chmod 755 b
    mkdir theirs && chown nobody:nogroup theirs
    pushes_as_nobody() { runs_with 0 "$1, by nobody" "${nobody[@]}" "$ZCSYNC" push "${@:2}"; }
    pushes_as_nobody "first" b/ theirs
    pushes_as_nobody "again" --stats b/ theirs
    few "by nobody"
    pushes_as_nobody "of others" --stats a/ theirs
    pushes_as_nobody "of others again" --stats a/ theirs
    few "owners that cannot be set"
    like "$err" 'owner' "which is told all the same"
    chgrp root b/d6/s6/file6 && chmod 640 b/d6/s6/file6
    chmod 0 b/d1/s1 && chown root b/d1/s1
    for again in 1 2; do
        runs_with 23 "a directory that cannot be read" "${nobody[@]}" "$ZCSYNC" push \
            --delete b/ theirs
        like "$err" 'd1/s1: could not (open|read)' "is named"
        ok "what is there stays" [ -e theirs/d1/s1/file1 ]
    done
    chown nobody b/d1/s1 && chmod 755 b/d1/s1
    chown root theirs/d2/s2 && chmod 0 theirs/d2/s2
    for again in 1 2; do
        run "${nobody[@]}" "$ZCSYNC" push b/ theirs
        like "$rc" 23 "one at the destination that cannot be read"
        like "$err" 'd2/s2' "is named"
    done
else
    skip 16 "needs root and the user nobody"
fi

# ---- coarse clocks -------------------------------------------------------------------

coarse() # TYPE MKFS-OPTION...
{
    make_fs "$1" "$T/coarse" 200 "${@:2}" || return
    find a -exec touch -h -d '2024-05-06 07:08:09.123456789' {} +
    pushes "to a coarse clock" a/ coarse/b
    pushes "again" -i --stats a/ coarse/b
    few "in steps of a second"
    touch -d '2024-05-06 07:08:09.9' a/d1/s1/file1
    touch -d '2024-05-06 07:08:10.1' a/d2/s1/file1
    pushes "a second later" -i --stats a/ coarse/b
    is "$(grep '^[.<>]' <<<"$out")" "<f..t...... d2/s1/file1" "is a change, and a part of it none"
}
if [ "$(id -u)" = 0 ] && mount -t tmpfs probe share 2>/dev/null && umount share; then
    coarse ext4 -I 128 || skip 5 "no ext4 with small inodes"
else
    skip 5 "cannot mount"
fi

# ---- people with other numbers ---------------------------------------------------------

# Where `digesta` is 4321, and where it is 1234.
as_if() { echo "mount --bind '$T/passwd.$1' /etc/passwd && exec \"\$@\""; }
there=(unshare -m sh -c "$(as_if there)" sh)
ours=(unshare -m sh -c "$(as_if here)" sh)
for at in there:4321 here:1234; do
    { cat /etc/passwd; echo "digesta:x:${at#*:}:${at#*:}::/:/bin/false"; } >"passwd.${at%:*}"
done
if [ "$(id -u)" = 0 ] && "${there[@]}" true 2>/dev/null; then
    mkdir other
    chown -R 1234 a/d1 && chown -R 4321 a/d2
    serve_as=("${there[@]}")
    start_serve s="$T/other"
    serve_as=()
    to=zcsync://$addr/s
    for again in first again; do
        runs_with 0 "$again, other numbers" "${ours[@]}" "$ZCSYNC" push --stats a/ "$to"
    done
    few "other numbers" 60000
    is "$(stat -c %u other/d1/s1/file1)" 4321 "by name"
    chown 1234 other/d1/s1/file1
    runs_with 0 "the number that it has here" "${ours[@]}" "$ZCSYNC" push -i a/ "$to"
    is "$(stat -c %u other/d1/s1/file1)" 4321 "is not the same"
else
    skip 6 "needs namespaces"
fi
done_testing
