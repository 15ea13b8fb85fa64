#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Strangers that say nothing, or nothing that zcsync would, cost the server no
# process, however many they are and wherever they come from; a push among them
# goes through.

. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"

need perl
mkdir "$T/a" "$T/share"
echo one >"$T/a/f"
start_serve s="$T/share"

# Keeps 120 connections from as many addresses open, and makes new ones all the
# time; says "full" when it has them.
strangers='
    use Socket; use Time::HiRes "sleep";
    my ($port, $words, @open, $n) = @ARGV;
    $| = 1;
    for (;;) {
        socket(my $s, AF_INET, SOCK_STREAM, 0) or die;
        my $from = sprintf "127.%d.%d.%d", 1 + $n / 200, $n % 200, 9;
        bind($s, pack_sockaddr_in(0, inet_aton($from))) or die "bind: $!";
        connect($s, pack_sockaddr_in($port, inet_aton("127.0.0.1"))) or next;
        syswrite $s, $words if length $words;
        push @open, $s;
        shift @open if @open > 120;
        print "full\n" if ++$n == 120;
        sleep 0.002;
    }'

for words in "" "GET / HTTP/1.1"; do
    background strangers perl -e "$strangers" "$port" "$words"
    flood=$pid
    wait_until 20 grep -q full "$T/log/strangers.out"
    for n in 1 2 3; do
        echo "$n $words" >"$T/a/f"
        pushes "a push among those who say '$words'" "$T/a" "zcsync://$addr/s"
        ok "arrives" cmp "$T/a/f" "$T/share/f"
    done
    ok "they have no process" wait_until 10 no_children "$serve_pid"
    kill "$flood"
    reap "$flood"
done
pushes "afterwards all is as before" "$T/a" "zcsync://$addr/s"
ok "and nothing is left" wait_until 10 no_children "$serve_pid"
stop_serve
is "$rc" 0 "the server ends well"

done_testing
