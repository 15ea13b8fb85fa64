#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A service manager's ear: prints what is sent to the datagram socket PATH, a
# variable a line, with the seconds since it was started in front.
#
# usage: notify.pl PATH        (a PATH that begins with @ is abstract)
use strict;
use warnings;
use Socket;
use Time::HiRes 'time';

my $path = shift // die "usage: notify.pl PATH\n";
$path =~ s/^@/\0/;
socket my $s, AF_UNIX, SOCK_DGRAM, 0 or die "socket: $!\n";
bind $s, pack_sockaddr_un($path) or die "bind: $!\n";
my $start = time;
$| = 1;
print "listening\n";
while (defined recv $s, my $text, 4096, 0) {
    printf "%.3f %s\n", time - $start, $_ for split /\n/, $text;
}
