#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Runs COMMAND, a zcsync that talks by its standard input and output, as if it and
# whoever talks to it came from different times: what each of them sees of the other
# is protocol version VERSION, and OLDEST at least.
#
#   other-version.pl VERSION OLDEST COMMAND [ARG...]
#
# The connection of their own that they agree upon goes through here as well.
use strict;
use warnings;
use IO::Select;
use IO::Socket::INET;

my $magic  = "zcsync\r\n";
my $direct = "zcdirect";
my $as     = pack 'vv', splice @ARGV, 0, 2;
$SIG{PIPE} = 'IGNORE';

pipe(my $their_in, my $in)   or die;
pipe(my $out, my $their_out) or die;
my $pid = fork // die "fork: $!";
if (!$pid) {
    open STDIN,  '<&', $their_in  or die;
    open STDOUT, '>&', $their_out or die;
    close $_ for $in, $out, $their_in, $their_out;
    exec @ARGV or die "exec: $!";
}
close $_ for $their_in, $their_out;
both(\*STDIN, $in, $out, \*STDOUT);
close $in;
waitpid $pid, 0;
exit($? & 127 ? 128 + ($? & 127) : $? >> 8);

# From A to B and from C to D, until C has ended.
sub both {
    my ($a, $b, $c, $d) = @_;
    my $s  = IO::Select->new($a, $c);
    while (1) {
        for my $from ($s->can_read) {
            my $up = $from == $a;
            my $n  = sysread $from, my $buf, 65536;
            if (!$n) {
                return if !$up;
                $s->remove($a);
                ref $b eq 'IO::Socket::INET' ? shutdown($b, 1) : close $b;
                next;
            }
            change(\$buf, $up);
            syswrite $up ? $b : $d, $buf;
        }
    }
}

# Both come in one piece, as they are written.
sub change {
    my ($buf, $up) = @_;
    my $at = index $$buf, $magic;
    substr($$buf, $at + 8, 4) = $as if $at >= 0;
    $at = index $$buf, $direct;
    return if $up || $at < 0;
    my $port = unpack 'v', substr $$buf, $at + 8, 2;
    substr($$buf, $at + 8, 2) = pack 'v', between($port) if $port;
}

# A port that leads to PORT.
sub between {
    my ($port) = @_;
    my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1) or die;
    my $mine = $l->sockport;
    return $mine if fork // die;
    my $client = $l->accept or exit 1;
    my $server = IO::Socket::INET->new(PeerAddr => "127.0.0.1:$port") or exit 1;
    both($client, $server, $server, $client);
    exit 0;
}
