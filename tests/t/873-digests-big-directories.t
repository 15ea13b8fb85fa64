#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Directories that are told by groups: new ones, ones that are gone, or something else
# at one of the ends, and ones of which both have a part.
[ ! -w /dev/shm ] || export TMPDIR=/dev/shm # a hundred thousand small files
. "$(dirname "$0")/lib.sh"
. "$here/lib-digests.sh"

need rsync perl
cd "$T" || exit
mkdir a share
start_serve --readable s="$T/share"
to=zcsync://$addr/s

# names DIR FROM TO [STEP]: that many files
names() { mkdir -p "$1" && perl -e 'my ($d, $n, $to, $by) = @ARGV;
    for (; $n <= $to; $n += $by) { open my $f, ">", "$d/n$n" or die; print $f $n }' \
    "$1" "$2" "$3" "${4:-1}"; }
equal() # NAME OPTION...
{
    local name=$1
    shift
    pushes "$name" --stats --delete --force-delete "$@" a/ "$to"
    is "$(rsync -aHXnii --delete a/ share/ | grep -v '^\.[fdL] ' | head)" "" \
        "$name: equal"
}

names a/both 1 5000
names a/here 1 4500
echo x >a/file
mkdir share/empty
equal "into what has something else"
equal "again"
few "again"
names a/new/below 1 5000
ln -s both a/link
equal "a new one, and one above it"
rm -r a/here && echo x >a/here
rm a/file && names a/file 1 4500
rm a/link && names a/link 1 5000
equal "files, directories and symlinks have changed places"
rm share/link -r && ln -s both share/link
rm -r share/new && names share/new 1 5000
equal "at the other end"
names share/both 5001 9500
names a/both 20000 23000
rm a/both/n1 a/both/n77 share/both/n500 && echo other >share/both/n600
equal "both have a part"
names share/mine 1 4500
pushes "more at DEST" --stats a/ "$to"
ok "is left alone" [ -e share/mine/n4500 ]
equal "and deleted"
rm -r a/both
equal "all of one is gone"
names share/late 1 5000 && names a/late 4000 8500
run "$ZCSYNC" diff --delete a/ "$to"
is "$rc" 1 "diff sees it"
equal "and push mends it"
runs_with 0 "diff sees nothing then" "$ZCSYNC" diff --delete a/ "$to"
mkdir pulled && names pulled/late 1 100
runs_with 0 "a pull" "$ZCSYNC" pull --delete --force-delete "$to" pulled
ok "equal" same_tree share pulled
done_testing
