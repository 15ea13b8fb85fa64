#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two trees that have nearly everything in common: a push with nothing to do tells
# next to nothing, whatever changes is found wherever it is, and what is not to be
# told so is told as ever.
. "$(dirname "$0")/lib.sh"
. "$here/lib-digests.sh"

need perl rsync
cd "$T" || exit
many_alike a
mkdir share
start_serve s="$T/share"
to=zcsync://$addr/s

pushes "into an empty directory" --stats a/ "$to"
ok "all is listed at once" [ "$(crossed)" -gt 100000 ]
total=$(grep '^Number of files:' <<<"$out")
pushes "again" --stats a/ "$to"
few "nothing to do"
is "$(grep '^Number of files:' <<<"$out")" "$total" "all are counted"
pushes "as JSON" --json a/ "$to"
like "$out" '"entries":3126,"files":3000,"dirs":66,' "the same"
like "$out" '"wire_out":[0-9]{3},"wire_in":[0-9]{3},' "three digits each way"
for options in --delete -n "-n -i" "-i --delete" "-v -x" -z -u --existing \
    "--ignore-existing" "--size-only" --inplace --numeric-ids; do
    # shellcheck disable=SC2086
    pushes "with $options" $options --stats a/ "$to"
    few "with $options" 2500
done

# ---- changes, one at a time ----------------------------------------------------

change() # NAME COMMAND...
{
    (cd a && "${@:2}") || skip 2 "$1: cannot be made here"
    pushes "$1" --delete --stats a/ "$to"
    few "$1" 40000
    ok "$1: equal" same_tree a share
    pushes "$1, again" --delete --stats a/ "$to"
    few "$1, again"
}
same_size() { echo "2 7 49" >d2/s7/new && mv d2/s7/new d2/s7/file49; }
retyped() { rm d4/s4/file4 && mkfifo d4/s4/file4; }
linked() { ln d1/s1/file1 d5/s5/another; }
unlinked() { cp -p d5/s5/another d5/s5/x && mv d5/s5/x d5/s5/another; }
relinked() { ln -f d3/s3/file3 d6/s6/file6; }
change "a file's bytes" same_size
change "a mode" chmod 600 d3/s9/file1
change "a time" touch -d 2001-02-03 d6/s10/file50
change "a directory's time" touch -d 2001-02-03 d5/s1
change "a directory's mode" chmod 700 d5
change "a target" ln -sfn file2 d1/s1/link
change "a type" retyped
change "a file less" rm d1/s2/file3
change "a file more" cp d1/s2/file4 d1/s2/between
change "a directory less" rm -r d2/s2
change "a directory more" cp -a d2/s3 d2/s3a
change "a directory renamed" mv d2/s3a d2/s2
change "an attribute" setfattr -n user.x -v 1 d3/s3/file2
change "an ACL" setfacl -m u:1234:r d3/s4/file2
change "another name" linked
change "that is a file again" unlinked
change "a name that becomes another" relinked
[ "$(id -u)" = 0 ] && change "an owner" chown 1234:5678 d6/s1/file2

# ---- a hundred ------------------------------------------------------------------

for i in {1..6}; do
    for j in {3..10..2}; do
        for k in 5 15 25 35; do echo "$i$j$k" >"a/d$i/s$j/file$k"; done
    done
done
pushes "96 files" -i --stats a/ "$to"
is "$(grep -c '^<f' <<<"$out")" 96 "so many are sent"
few "96 files" 150000
ok "96 files: equal" same_tree a share

# ---- what is at the destination only ---------------------------------------------

echo x >share/d1/s1/extra
mkdir share/d2/extra && echo x >share/d2/extra/y
pushes "extras stay" --stats a/ "$to"
few "extras" 30000
ok "without --delete" [ -e share/d1/s1/extra -a -e share/d2/extra/y ]
pushes "extras" -i --delete --stats a/ "$to"
is "$(grep -c '^\*deleting' <<<"$out")" 3 "are deleted with it"
ok "extras: equal" same_tree a share
mkdir share/d3/many && touch share/d3/many/{1..1500}
pushes "no brake: they are less than half of all" --delete a/ "$to"
ok "equal" same_tree a share
mkdir share/d3/many && touch share/d3/many/{1..4000}
push_exits 25 "the brake: they are more" --delete a/ "$to"
ok "nothing is deleted" [ -e share/d3/many/4000 ]
rm -r share/d3/many
mkdir none
push_exits 25 "an empty source deletes nothing" --delete none/ "$to"
ok "... of it" [ -e share/d3/s3/file3 ]
done_testing
