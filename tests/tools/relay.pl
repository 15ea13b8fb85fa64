#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A TCP relay for tests: stands between zcsync push ("up" is what it sends) and
# a server, and does to the stream what networks and odd peers do to it.
#
#   relay.pl [OPTION...] --to ADDR:PORT      to a server
#   relay.pl [OPTION...] --run COMMAND...    to a command's stdin and stdout
#   relay.pl [OPTION...] --say TEXT          to nobody: answer TEXT (with \r and
#                                            \n), then read on
#   relay.pl --blackhole                     an address where connects hang
#
# Options, N in bytes since the connection began, DIR is up or down:
#   --cut-DIR N     reset both sides once N bytes went that way
#   --fin           cut by closing, not by a reset
#   --stall-DIR N   forward N bytes that way, then nothing more; stay connected
#   --hold-down N:FILE  forward N bytes down, then wait until FILE exists
#   --poke-DIR N:HEX    write HEX over the bytes from offset N on
#   --rate N        bytes a second in each direction, about
#
# Prints "listening ADDR:PORT", "holding", and "up N down N" when a connection has
# ended.
use strict;
use warnings;
use IO::Socket::INET;
use Socket qw(SOL_SOCKET SO_LINGER SHUT_WR SHUT_RDWR);
use Time::HiRes qw(sleep);

my (%cut, %stall, %poke, %hold, $fin, $rate, $to, @run, $say);
$| = 1;
$SIG{PIPE} = 'IGNORE';
while (defined(my $a = shift @ARGV)) {
    if    ($a =~ /^--cut-(up|down)$/)   { $cut{$1}   = shift @ARGV }
    elsif ($a =~ /^--stall-(up|down)$/) { $stall{$1} = shift @ARGV }
    elsif ($a =~ /^--hold-(down)$/)     { $hold{$1}  = shift @ARGV }
    elsif ($a =~ /^--poke-(up|down)$/)  { $poke{$1}  = shift @ARGV }
    elsif ($a eq '--fin')               { $fin       = 1 }
    elsif ($a eq '--rate')              { $rate      = shift @ARGV }
    elsif ($a eq '--to')                { $to        = shift @ARGV }
    elsif ($a eq '--say')               { $say = unescape(shift @ARGV) }
    elsif ($a eq '--run')               { @run = splice @ARGV }
    elsif ($a eq '--blackhole')         { blackhole() }
    else                                { die "relay.pl: $a?\n" }
}

my $listener = IO::Socket::INET->new(
    LocalAddr => '127.0.0.1', Listen => 16, ReuseAddr => 1) or die "listen: $!";
print "listening 127.0.0.1:", $listener->sockport, "\n";
my @connections;
$SIG{CHLD} = 'IGNORE';
$SIG{TERM} = sub { kill 'KILL', map { -$_ } @connections; exit 0 };
while (1) {
    my $client = $listener->accept or next;
    my $pid = fork // die "fork: $!";
    push @connections, $pid;
    next if $pid;
    $SIG{$_} = 'DEFAULT' for qw(CHLD TERM);
    close $listener;
    setpgrp;    # so that one half can end the other with a signal to the group
    serve($client);
    exit 0;
}

sub serve {
    my ($client) = @_;
    my ($in, $out);    # towards the server, from the server
    if (defined $say) {
        syswrite $client, $say;
        1 while sysread $client, my $buf, 65536;
        return;
    } elsif (@run) {
        pipe(my $their_in, $in) or die;
        pipe($out, my $their_out) or die;
        if (!(fork // die)) {
            open STDIN,  '<&', $their_in  or die;
            open STDOUT, '>&', $their_out or die;
            close $_ for $in, $out, $their_in, $their_out, $client;
            setpgrp;
            exec @run or die "exec: $!";
        }
        close $their_in;
        close $their_out;
    } else {
        $in = $out = IO::Socket::INET->new(PeerAddr => $to) or return;
    }
    my @socks = grep { ref eq 'IO::Socket::INET' } $client, $in;
    # "up" runs in a child, so that neither direction waits for the other
    my $up = fork // die;
    if (!$up) {
        my $n = pump('up', $client, $in, @socks);
        shut($in);
        print "up $n\n";
        exit 0;
    }
    close $in if @run;
    my $n = pump('down', $out, $client, @socks);
    shut($client);
    waitpid $up, 0;
    print "down $n\n";
}

sub shut {
    my ($fh) = @_;
    if (ref $fh eq 'IO::Socket::INET') { shutdown $fh, SHUT_WR }
    else                               { close $fh }
}

# Forwards until the end, or until the limit set for this direction; returns the
# bytes forwarded.
sub pump {
    my ($dir, $from, $dest, @socks) = @_;
    my ($n, $buf) = (0);
    my $limit = $cut{$dir} // $stall{$dir};
    my ($hold_at, $hold_file) = split /:/, $hold{$dir} // '', 2;
    while (1) {
        if ($hold_file && $n >= $hold_at) {
            print "holding\n" unless -e $hold_file;
            wait_for($hold_file);
        }
        my $want = $rate ? 16384 : 262144;
        $want = $limit - $n if defined $limit && $limit - $n < $want;
        $want = $hold_at - $n if $hold_file && $n < $hold_at && $hold_at - $n < $want;
        last if defined $limit && $n >= $limit;
        my $got = sysread $from, $buf, $want;
        return $n if !$got;
        poke($dir, $n, \$buf);
        for (my $o = 0; $o < $got;) {
            my $w = syswrite $dest, $buf, $got - $o, $o;
            return $n if !defined $w;
            $o += $w;
        }
        $n += $got;
        sleep($got / $rate) if $rate;
    }
    sleep 3600 if defined $stall{$dir};
    print "cut $dir $n\n";
    if (!$fin) {
        setsockopt $_, SOL_SOCKET, SO_LINGER, pack('ii', 1, 0) for @socks;
    }
    kill 'KILL', -getpgrp;
}

# Puts the bytes of --poke into *BUF, which starts at offset AT.
sub poke {
    my ($dir, $at, $buf) = @_;
    my ($offset, $hex) = split /:/, $poke{$dir} // return;
    my @bytes = split //, pack 'H*', $hex;
    for my $i (0 .. $#bytes) {
        my $o = $offset + $i - $at;
        substr($$buf, $o, 1) = $bytes[$i] if $o >= 0 && $o < length $$buf;
    }
}

sub unescape {
    my ($text) = @_;
    $text =~ s/\\([rn])/$1 eq 'r' ? "\r" : "\n"/ge;
    return $text;
}

sub wait_for {
    my ($file) = @_;
    sleep 0.01 until -e $file;
}

# A listener whose accept queue is full: the kernel drops every further SYN.
sub blackhole {
    my $l = IO::Socket::INET->new(LocalAddr => '127.0.0.1', Listen => 1)
        or die "listen: $!";
    my @fill = map { IO::Socket::INET->new(
        PeerAddr => '127.0.0.1', PeerPort => $l->sockport, Blocking => 0) } 1 .. 8;
    sleep 0.2;
    print "listening 127.0.0.1:", $l->sockport, "\n";
    sleep 3600;
}
