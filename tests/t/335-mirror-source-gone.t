#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The source is moved away, and comes back; or an empty directory appears in its
# place: nothing is deleted at the destinations, and the mirror goes on when it
# can.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
make_tree a
mkdir share
start_serve s="$T/share"
start_mirror --json a b "zcsync://$addr/s"
ok "at first" mirrored a b
ok "at the server, too" mirrored a share
cp -a b before

says() { grep -q -- "$1" "$mirror_log.out"; }
state() # REGEX: the last state of a destination, or of the mirror (--)
{
    local last
    if [ "$1" = -- ]; then
        last=$(grep '"type":"state"' "$mirror_log.out" | grep -v destination)
    else
        last=$(grep '"type":"state"' "$mirror_log.out" | grep "\"destination\":\"$1\"")
    fi
    [[ $(tail -n 1 <<<"$last") == *"\"state\":\"$2\""* ]]
}
mv a away
ok "it is said to be gone" wait_until 20 state -- 'source gone'
ok "and logged" grep -q 'zcsync: a: .*nothing is sent until it is back' \
    "$mirror_log.err"
rm away/empty
echo changed >away/a/one
sleep 0.5
ok "nothing was deleted" same_tree_but_staging before b
mv away a
ok "it is watched again" wait_until 20 state -- watching
ok "what was done meanwhile is there" mirrored a b
ok "and at the server" mirrored a share
echo more >a/more
ok "it goes on" mirrored a b

rm -r before && cp -a a before
mv a away && mkdir a
ok "an empty directory in its place: the brake holds" wait_until 20 state b blocked
ok "nothing was deleted" same_tree_but_staging before b
ok "nor at the server" same_tree_but_staging before share
like "$(grep -h 'zcsync: b: ' "$mirror_log.err")" 'empty' "the log says why"
rmdir a && mv away a
ok "the real one is back" wait_until 20 state -- watching
echo again >a/again
ok "and goes on" mirrored a b
ok "at the server, too" mirrored a share
ok "in sync again" wait_until 20 state b 'in sync'

rm -r before && cp -a a before
rm -rf away && mv a away
ok "gone again" wait_until 20 state -- 'source gone'
stop_mirror
is "$rc" 0 "it ends while the source is gone"
ok "with everything still there" same_tree before b
ok "no staging folder left" no_litter b
done_testing
