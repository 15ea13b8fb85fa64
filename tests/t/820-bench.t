#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync bench: a table of all movers, the same as JSON and as a picture, and
# nothing left behind, not even by kill -9.
. "$(dirname "$0")/lib.sh"

need perl
cd "$T" || exit 1
mkdir work
few=(--size=3M --rounds=2 --dir=work)
nothing_left() { [ -z "$(ls -A work)" ]; }

runs_with 0 "a run" "$ZCSYNC" bench "${few[@]}"
for row in '^readwrite +4 +2 ' '^mmap +4 +1 ' '^sendfile +2 +0 ' '^splice +2 +0 ' \
    '^splice +- +- ' '^overlap +- +- ' '^read \+ write ' '^auto ' \
    '^lo: scatter-gather yes' 'auto is sendfile and overlap here'; do
    ok "it prints $row" grep -qE -- "$row" <<<"$out"
done
is "$(awk 'length > 80' <<<"$out")" "" "in 80 columns"
ok "nothing is left" nothing_left

# field PERL: an expression about the object of the last run
field() { perl -MJSON::PP -e 'my $b = decode_json(join "", <STDIN>); print '"$1" <<<"$out"; }
runs_with 0 "as JSON" "$ZCSYNC" bench "${few[@]}" --json --over=unix
is "$(field '$b->{type}')" bench "one object"
is "$(field '$b->{size}')" 3145728 "of that size"
is "$(field 'scalar grep { $_->{send}{mover} eq "auto" && $_->{recv}{mover} eq "auto" } @{$b->{cells}}')" 1 \
    "with what zcsync uses in it"
is "$(field 'scalar grep { @{$_->{seconds}} != 2 } @{$b->{cells}}')" 0 \
    "with two runs each"
if [ "$(field 'exists $b->{cells}[0]{send}{calls_per_mib} || 0')" = 1 ]; then
    ok "read + write calls more often than sendfile" [ "$(field 'do {
        my %c = map { $_->{send}{mover} => $_->{send}{calls_per_mib} } @{$b->{cells}};
        $c{readwrite} > $c{sendfile} ? 1 : 0 }')" = 1 ]
else
    skip 1 "no process may be traced here"
fi

runs_with 0 "some movers, encrypted, and a picture" "$ZCSYNC" bench "${few[@]}" \
    --movers=mmap,readwrite --over=sealed --plot=plot.svg
unlike "$out" 'sendfile ' "no other mover"
like "$out" 'mmap ' "but those"
ok "the picture is whole" perl -0ne 'exit !(/^<svg .*<\/svg>\n$/s &&
    (() = /<rect/g) == 7 && />mmap</ && !/nan|inf/)' plot.svg

runs_with 0 "small files" "$ZCSYNC" bench "${few[@]}" --small
like "$out" '^768 files' "as many as there are"
like "$out" 'gathered .*one by one .*mmap .*sendfile' "in four ways"
runs_with 0 "and as JSON" "$ZCSYNC" bench "${few[@]}" --small --json
is "$(field 'scalar @{$b->{ways}}')" 4 "four"

runs_with 0 "from the disk" "$ZCSYNC" bench "${few[@]}" --cold --movers=splice
like "$out" 'from the disk to' "which it says"

# A file of the user's is read and no more.
random_bytes 500000 >mine
chmod 400 mine
before=$(stat -c '%i %y %z %a' mine; cksum mine)
runs_with 0 "a file of one's own" "$ZCSYNC" bench --file=mine --rounds=1 --dir=work
is "$(stat -c '%i %y %z %a' mine; cksum mine)" "$before" "is as it was"
like "$out" '^488 KiB' "and was what was sent"

# Pushes, and the file is gone from both ends.
mkdir share
echo here >share/mine
chmod 751 share
start_serve s="$T/share" || exit 1
was=$(stat -c '%a %u' share)
runs_with 0 "pushes to a share" "$ZCSYNC" bench "${few[@]}" --movers=auto,splice \
    --to="zcsync://$addr/s" -- --fsync=none
like "$out" 'auto .*splice ' "with each mover"
is "$(ls share) $(stat -c '%a %u' share)" "mine $was" "the share is as it was"
ok "nothing is left here" nothing_left
runs_with 5 "no such share" "$ZCSYNC" bench "${few[@]}" --to="zcsync://$addr/x"
ok "nothing is left then" nothing_left

# Whatever ends it.
"$ZCSYNC" bench --size=20M --rounds=90 --dir=work >/dev/null 2>&1 &
pid=$!
working() { pgrep -P "$pid" >/dev/null; }
wait_until 10 working
kids=$(pgrep -P "$pid")
kill -KILL "$pid"
reap "$pid"
for kid in $kids; do
    ok "its processes end with it" wait_until 10 gone_or_zombie "$kid"
done
ok "and its files" nothing_left

# wrong CODE REGEX OPTION...
wrong()
{
    local code=$1 regex=$2
    shift 2
    runs_with "$code" "bench $*" "$ZCSYNC" bench "$@"
    one_sentence "$regex" "one sentence: $regex"
}
wrong 1 "'quick' is no mover; there are auto" --movers=auto,quick
wrong 1 "'ether' is not one of tcp" --over=ether
wrong 1 "'0' is no size" --size=0
wrong 1 "'big' is no size" --size=big
wrong 1 "there has to be one" --rounds=0
wrong 1 "takes no argument, but got 'x'" x
wrong 1 "--small has no --plot" --small --plot=x
wrong 1 "--to has no --plot" --to=a::b --check
wrong 3 "/nowhere: cannot be read" --file=/nowhere
wrong 3 "is not a file" --file=.
wrong 11 "nowhere: cannot make a file there" --dir=nowhere
wrong 11 "no/plot: cannot be written" "${few[@]}" --rounds=1 --plot=no/plot
if [ "$(id -u)" = 0 ] && mkdir tiny && mount -t tmpfs -o size=5m none tiny 2>/dev/null; then
    wrong 11 "tiny: cannot write .*: No space left" --dir=tiny --size=9M
    wrong 11 "tiny: cannot write: No space left" --dir=tiny --size=3M --rounds=1
    umount tiny
else
    skip 4 "needs a small file system"
fi
done_testing
