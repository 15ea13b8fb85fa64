#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a mirror says: nothing, its states, every change, JSON; and how it
# refuses what it cannot do.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need perl
need_mirror
cd "$T" || exit
mkdir -p a b c
echo x >a/x

wrong() # REGEX ARGUMENT...
{
    local regex=$1
    shift
    runs_with 1\|3 "zcsync mirror $*" "$ZCSYNC" mirror "$@"
    one_sentence "$regex" "one sentence, with $regex"
    is "$out" "" "and nothing on standard output"
}
wrong 'SRC and DEST are missing.*zcsync mirror --help'
wrong 'DEST is missing' a
wrong 'SRC a/x is not a directory: only directories are mirrored' a/x b
wrong 'nowhere' nowhere b
wrong 'DEST b is given twice' a b b
wrong 'are the same directory' a a
wrong 'DEST a/in is inside SRC a' a b a/in
wrong 'SRC a is inside DEST' a .
wrong '--watch: .pigeon. is none of' --watch=pigeon a b
wrong '--rescan' --rescan=often a b
wrong "--compare: 'often' is none of" --compare=often a b
for option in -n --stats -h --files-from=x; do
    wrong "${option%%=*} has no meaning for 'zcsync mirror'" $option a b
done
runs_with 1 "push --watch" "$ZCSYNC" push --watch=auto a b
one_sentence "--watch has no meaning for 'zcsync push'" "is refused, too"
is "$(ls b)" "" "none of this did anything"

ends() { stop_mirror; is "$rc" 0 "ends when told to"; }
start_mirror a b
ok "without options" mirrored a b
ends
is "$(cat "$mirror_log.out")" "" "it says nothing"
is "$(cat "$mirror_log.err")" "" "at all"

start_mirror -v a b c
ok "-v" mirrored a c
ok "in sync" wait_until 20 eval '[ "$(grep -c "in sync" "$mirror_log.err")" = 2 ]'
ends
is "$(cat "$mirror_log.out")" "" "does not name what is sent"
is "$(sort -u "$mirror_log.err")" "zcsync: a: watching 1 directory
zcsync: b: connected, comparing everything
zcsync: b: in sync
zcsync: c: connected, comparing everything
zcsync: c: in sync
zcsync: stopped by SIGTERM" "but its states"

start_mirror -i a b c
ok "-i" mirrored a b
echo y >a/y
ok "names changes" wait_until 20 eval '[ "$(grep -c " y$" "$mirror_log.out")" = 2 ]'
rm a/y
ok "and removals" wait_until 20 eval '[ "$(grep -c "deleting   y$" "$mirror_log.out")" = 2 ]'
ends
like "$(cat "$mirror_log.out")" 'b: <f\+{9} y' "and the destination where there are several"

start_mirror --json a b
echo 1 >"a/$(printf '\377')"
ok "--json" mirrored a b
rm -r a/*
echo y >a/y
ok "several changes" mirrored a b
mv a gone
ok "a state" wait_until 20 grep -q '"state":"source gone"' "$mirror_log.out"
mv gone a
ends
ok "is JSON, line by line" perl -MJSON::PP -ne '
    my $o = decode_json($_);
    $seen{$o->{type} . ":" . ($o->{state} // $o->{action} // "")}++;
    END { for (qw(state:watching state:scanning item:create item:delete)) {
        die "no $_\n" unless $seen{$_} } die "no in sync" unless $seen{"state:in sync"} }
    ' "$mirror_log.out"

# nobody answers there: it ends in time all the same
start_mirror -q a zcsync://192.0.2.1/s
catches_term() # it is zcsync, not yet our own shell, and would not die of it any more
{
    local mask
    [ "$(cat "/proc/$mirror_pid/comm")" = zcsync ] || return
    mask=$(sed -n 's/^Sig\(Blk\|Cgt\):\t/0x/p' "/proc/$mirror_pid/status" | paste -sd '|')
    [ $(((mask) & 1 << 14)) != 0 ]
}
wait_until 10 catches_term
start=$SECONDS
ends
ok "at once, while it connects" [ $((SECONDS - start)) -lt 8 ]

# somebody answers, but never says anything
perl -MIO::Socket::INET -e '$s = IO::Socket::INET->new(Listen => 5,
    LocalAddr => "127.0.0.1") or die; $| = 1; print $s->sockport, "\n";
    while ($c = $s->accept) { push @c, $c; print "connected\n" }' >silent &
started+=("$!")
wait_until 10 grep -q '[0-9]' silent
start_mirror -q a "zcsync://127.0.0.1:$(head -n 1 silent)/s"
ok "a silent peer" wait_until 10 grep -q connected silent
start=$SECONDS
ends
ok "does not hold it up" [ $((SECONDS - start)) -lt 8 ]

# two signals: at once
start_serve s="$T/c"
start_mirror a "zcsync://$addr/s"
ok "a peer that will not answer" mirrored a c
for p in $(family "$serve_pid"); do kill -STOP "$p"; done
random_bytes 30000000 >a/much
sleep 0.3
kill -TERM "$mirror_pid"
sleep 0.3
ok "gets some time" mirror_runs
kill -TERM "$mirror_pid"
reap "$mirror_pid" 5
is "$rc" 20 "unless there is a second signal"
for p in $(family "$serve_pid"); do kill -CONT "$p"; done
done_testing
