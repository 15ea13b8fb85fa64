#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Starts COMMAND with listening sockets as descriptors 3, 4, ..., as systemd
# would: each is ADDR:PORT (TCP) or a path (AF_UNIX). Prints "listening ADDR"
# for each first.
#
# usage: activate.pl SOCKET... -- COMMAND...
use strict;
use warnings;
use Fcntl;
use POSIX ();
use Socket;

my (@sockets, $fd);
$^F = 255;    # descriptors above 2 are to be inherited, too
while (@ARGV && (my $at = shift) ne '--') {
    my $s;
    if ($at =~ m{/}) {
        socket $s, AF_UNIX, SOCK_STREAM, 0 or die "socket: $!\n";
        bind $s, pack_sockaddr_un($at) or die "$at: $!\n";
    } else {
        my ($addr, $port) = $at =~ /^(.*):(\d+)$/ or die "$at?\n";
        socket $s, AF_INET, SOCK_STREAM, 0 or die "socket: $!\n";
        bind $s, pack_sockaddr_in($port, inet_aton $addr) or die "$at: $!\n";
        my ($bound, $ip) = sockaddr_in getsockname $s;
        $at = inet_ntoa($ip) . ":$bound";
    }
    listen $s, 100 or die "$at: $!\n";
    push @sockets, $s;
    $| = 1;
    print "listening $at\n";
}
# First out of the way, then to where they belong.
my @high = map { fcntl $_, F_DUPFD, 100 or die "fcntl: $!\n" } @sockets;
POSIX::dup2($high[$_], 3 + $_) // die "dup2: $!\n" for 0 .. $#high;
POSIX::close($_) for @high;
$ENV{LISTEN_PID} = $$;
$ENV{LISTEN_FDS} = @high;
exec @ARGV or die "$ARGV[0]: $!\n";
