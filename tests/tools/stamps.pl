#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A file in which every 4 KiB block holds the number of the write that made it,
# so that a copy can be checked to be a state in which the file really was.
#
#   stamps.pl init FILE BLOCKS    makes FILE, as the writer expects it
#   stamps.pl write FILE BLOCKS   rewrites FILE in place, block by block in a
#                                 scattered order, pass after pass, with rests
#   stamps.pl check FILE BLOCKS   exit 1 and a line when FILE never was like this
#
# Write number S (from 0) goes to block order(S): pass S / BLOCKS visits every
# block once. So if the highest number in a copy is M, then every other block
# must hold the last write to it that was not after M. BLOCKS is a power of two.
use strict;
use warnings;
use Time::HiRes qw(sleep);

my ($what, $file, $blocks) = @ARGV;
my $size = 4096;

# Pass P visits block (A * k + C) mod BLOCKS at step k; A is odd.
sub factors {
    my ($p) = @_;
    return (($p * 7919 % $blocks) | 1, $p * 104729 % $blocks);
}

if ($what eq 'write') {
    open my $f, '+<', $file or die "$file: $!";
    # the file starts as pass 0, complete
    my $pass = 1;
    $SIG{TERM} = sub { exit 0 };
    while (1) {
        for (0 .. rand 8) {
            my ($a, $c) = factors($pass);
            for my $k (0 .. $blocks - 1) {
                sysseek $f, (($a * $k + $c) % $blocks) * $size, 0;
                syswrite($f, pack('Q<', $pass * $blocks + $k) x ($size / 8)) == $size
                    or die "write: $!";
            }
            $pass++;
        }
        sleep rand 0.5;
    }
}

if ($what eq 'init') {
    open my $f, '>', $file or die "$file: $!";
    my ($a, $c) = factors(0);
    my @block;
    $block[($a * $_ + $c) % $blocks] = $_ for 0 .. $blocks - 1;
    print $f pack('Q<', $_) x ($size / 8) for @block;
    exit 0;
}

open my $f, '<', $file or die "$file: $!";
my (@seen, $max);
$max = 0;
while (sysread $f, my $buf, $size) {
    my $first = substr $buf, 0, 8;
    wrong(scalar(@seen), "is not uniform") if $buf ne $first x ($size / 8);
    push @seen, my $n = unpack 'Q<', $first;
    $max = $n if $n > $max;
}
wrong(scalar(@seen), "is missing") if @seen != $blocks;
my $pass = int($max / $blocks);
my @want;
for my $p ($pass > 0 ? $pass - 1 : (), $pass) {
    my ($a, $c) = factors($p);
    for my $k (0 .. $blocks - 1) {
        last if $p * $blocks + $k > $max;
        $want[($a * $k + $c) % $blocks] = $p * $blocks + $k;
    }
}
for my $b (0 .. $blocks - 1) {
    wrong($b, "holds write $seen[$b], but had $want[$b] when write $max was made")
        if $seen[$b] != $want[$b];
}
exit 0;

sub wrong { print "$file: block $_[0] $_[1]\n"; exit 1 }
