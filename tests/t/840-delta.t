#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Of a changed file what has changed is sent, and the copy is equal, whatever was
# done to the file.
. "$(dirname "$0")/lib.sh"
. "$here/lib-edits.sh"

need rsync perl
cd "$T" || exit
mkdir share
start_serve --readable s="$T/share"
to=zcsync://$addr/s

# ---- random edits ------------------------------------------------------------

edited old new 26
restore() { rsync -a --delete --no-whole-file --inplace "$1/" share/; }
for how in "" --delta=aligned --inplace -S -c --fsync=file "--bwlimit=60M"; do
    restore old
    # shellcheck disable=SC2086
    pushes "random edits $how" --no-whole-file $how new "$to"
    ok "equal" same_tree new share
done
restore old
pushes "to a directory" --no-whole-file new share
ok "equal" same_tree new share
rsync -a --delete old/ pulled
restore new
runs_with 0 "a pull" "$ZCSYNC" pull --no-whole-file --stats "$to" pulled
ok "equal" same_tree new pulled
ok "and not all of it has crossed" \
    [ "$(bytes_in)" -lt "$(du -sb new | cut -f 1)" ]
ok "no staging folder left" no_litter "$T"

# ---- how much crosses ----------------------------------------------------------

rm -rf old new share/* && mkdir old new
size=$((32 << 20))
random_bytes $size >old/f
cp old/f new/f && changed_blocks new/f 100
blocks=$((size / 4096 / 100 + 1))
most=$((blocks * 4096 * 11 / 10 + size / 1000 + 2000))
restore old
pushes "one block in a hundred" --no-whole-file --stats new "$to"
crossed_at_most $most "little more than those cross"
ok "equal" same_tree new share
touch new/f
pushes "only touched" --no-whole-file --stats new "$to"
crossed_at_most $((size / 1000)) "nothing but sums cross"
random_bytes 300000 >>new/f
pushes "appended to" --no-whole-file --stats new "$to"
crossed_at_most $((300000 * 11 / 10 + size / 1000)) "and what is new"
ok "equal" same_tree new share
truncate -s 20000001 new/f
pushes "cut" --no-whole-file --stats new "$to"
crossed_at_most $((size / 1000)) "nothing new there"
ok "equal" same_tree new share
cp new/f old/f && touch -d 2020-01-01 old/f
perl -e 'local $/; my $b = <STDIN>; substr($b, 15000000, 5000) = "";
    substr($b, 9000000, 0) = "y" x 777; print "x$b"' <old/f >new/f
restore old
pushes "inserted twice, and removed" --no-whole-file --stats new "$to"
crossed_at_most 700000 "what has moved is found"
ok "equal" same_tree new share
restore old
pushes "the same, --delta=aligned" --no-whole-file --delta=aligned --stats new "$to"
ok "is not found" [ "$(bytes_out)" -gt 15000000 ]
ok "equal" same_tree new share
restore old
pushes "the same, --inplace" --no-whole-file --inplace --stats new "$to"
ok "equal" same_tree new share
changed_blocks new/f 100
for how in -W --whole-file --delta=off ""; do
    restore old
    # shellcheck disable=SC2086
    pushes "whole, with '$how' to this machine" --stats $how new "$to"
    ok "all of it crosses" [ "$(bytes_out)" -gt 19990000 ]
done
push_exits 1 "no such way" --delta=some new "$to"
one_sentence "--delta: 'some' is none of auto, aligned, off" "says so"

# ---- holes ---------------------------------------------------------------------

rm -rf old new share/* && mkdir old new
truncate -s 60M old/f && truncate -s 60M new/f
random_bytes 3000000 | dd of=old/f bs=1M seek=10 conv=notrunc status=none
cp --sparse=always old/f new/f
random_bytes 5000 | dd of=new/f bs=4096 seek=9000 conv=notrunc status=none
random_bytes 9000000 | dd of=old/f bs=1M seek=40 conv=notrunc status=none
touch -d 2020-01-01 old/f
restore old
pushes "holes" --no-whole-file --stats new "$to"
crossed_at_most 100000 "are not sent"
ok "equal" same_tree new share
ok "and are holes" [ "$(stat -c %b share/f)" -lt $((4 << 11)) ]

# ---- more of the same kind -------------------------------------------------------

# --append knows its beginning, or what there is in common
rm -rf old new share/* && mkdir old new
random_bytes 3000000 >old/f && cp old/f new/f && random_bytes 500000 >>new/f
changed_blocks new/f 300
touch -d 2020-01-01 old/f
restore old
pushes "--append, and not quite its beginning" --append --no-whole-file --stats \
    new "$to"
crossed_at_most 600000 "sends what is new in it"
ok "equal" same_tree new share
# -c: equal in size and time
cp old/f new/f && changed_blocks new/f 300 && touch -r old/f new/f
restore old
pushes "-c" -c --no-whole-file --stats new "$to"
crossed_at_most 100000 "sends what is new in it"
ok "equal" same_tree new share
stop_serve
done_testing
