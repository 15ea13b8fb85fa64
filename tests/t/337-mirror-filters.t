#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is excluded is neither sent nor deleted, whatever happens to it; with
# --no-delete nothing is deleted.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
mkdir -p a/cache a/src b/cache
echo mine >b/cache/theirs
echo mine >b/their.tmp
echo no >a/cache/x
echo yes >a/src/x
start_mirror --exclude='*.tmp' --exclude=/cache/ a b "extra"
mirrored_but() # A B: apart from what is excluded
{
    wait_until 20 quiet_but "$1" "$2"
}
quiet_but()
{
    [ -z "$(rsync_diff "$1" "$2" --exclude=/.zcsync/ --exclude='*.tmp' --exclude=/cache/)" ]
}
ok "at first" mirrored_but a b
echo no >a/src/no.tmp
echo yes >a/src/yes
ok "a name that is excluded" mirrored_but a b
nok "is not sent" [ -e b/src/no.tmp ]
mv a/src/no.tmp a/src/now
ok "it gets a name that is not" mirrored_but a b
ok "and is sent" [ -e b/src/now ]
mv a/src/yes a/src/yes.tmp
ok "one gets a name that is" mirrored_but a b
nok "its old name is gone" [ -e b/src/yes ]
nok "the new one is not there" [ -e b/src/yes.tmp ]
mkdir a/new a/new/cache && echo x >a/new/cache/x && echo x >a/new/x.tmp
mv a/cache a/visible
ok "an excluded directory gets a name that is not" mirrored_but a b
ok "and is sent" [ -e b/visible/x ]
mv a/visible a/cache
ok "and back" mirrored_but a b
nok "it is gone" [ -e b/visible ]
is "$(cat b/cache/theirs b/their.tmp)" "mine
mine" "what was excluded there was left alone"
stop_mirror
ok "no staging folder left" no_litter .

mkdir c && echo theirs >c/theirs
start_mirror --no-delete a c
mirrored_more() # nothing but deletions are left to do
{
    wait_until 20 more_only "$1" "$2"
}
more_only()
{
    [ -z "$(rsync -aHAX --checksum -n -i "$1/" "$2/")" ]
}
ok "--no-delete: at first" mirrored_more a c
rm a/src/x && echo new >a/new/new && mv a/src/now a/src/later
ok "after a removal and a rename" mirrored_more a c
ok "what was removed is still there" [ -e c/src/x ]
ok "and what was there before" [ -e c/theirs ]
stop_mirror
done_testing
