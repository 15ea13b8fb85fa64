#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# usage: tests/tools/record-sessions.pl ZCSYNC DIRECTORY
#
# Makes the seeds of fuzz_session: runs sessions of ZCSYNC over a relay that writes
# down what each end says, in the form that session_peer.h explains, one file for each
# end. The trees are those of session_place.h. Run it again after a change of the
# protocol.
use strict;
use warnings;
use File::Spec;
use File::Temp 'tempdir';
use IO::Select;
use IO::Socket::INET;

my ($zcsync, $out) = @ARGV;
die "usage: tests/tools/record-sessions.pl ZCSYNC DIRECTORY\n" unless defined $out;
$_ = File::Spec->rel2abs($_) for $zcsync, $out; # each runs elsewhere
my ($SENDS, $PULL, $SEALED, $OLD, $ROUNDS, $DELETE, $CHECKSUM, $DELTA) =
    map { 1 << $_ } 0 .. 7;
my ($WAIT, $RAW, $DATA) = (254, 255, 5);
my $dir = tempdir(CLEANUP => 1);

sub file {
    my ($name, $text, $big) = @_;
    open my $f, '>', "$dir/$name" or die "$name: $!";
    my $block = $big ? substr $text x 4096, 0, 4096 : $text;
    print $f $block;
    print $f $block if $big && seek $f, 300 * 1024 - 4096, 0;
    close $f;
    chmod 0644, "$dir/$name";
    my $when = 1700000000 - ($name =~ /^share/ ? 9 : 0);
    utime $when, $when, "$dir/$name";
}

sub trees {
    system 'rm', '-rf', "$dir/src", "$dir/share";
    mkdir "$dir/$_", 0755 for qw(share share/real src src/dir);
    file('share/kept', "kept\n"), file('share/big', 'as it was ', 1);
    file('share/real/f', "real\n");
    symlink '../outside', "$dir/share/planted";
    symlink 'real', "$dir/share/inner";
    file('src/big', 'as it is now ', 1), file('src/kept', "changed\n");
    file('src/small', "small\n"), file('src/dir/inside', "inside\n");
    link "$dir/src/small", "$dir/src/small too";
    symlink 'small', "$dir/src/link";
}

# One end, as it is heard: the records, and how many frames that is.
sub take {
    my ($end, $bytes, $other) = @_;
    $end->{in} .= $bytes;
    if (!$end->{greeted}) {
        return if length $end->{in} < 32;
        substr($end->{in}, 0, 32) = '';
        $end->{greeted} = 1;
    }
    while (length $end->{in}) {
        if (my $raw = $end->{raw}) {
            my $part = substr $end->{in}, 0, $raw < 60000 ? $raw : 60000, '';
            $end->{out} .= pack('Cva*', $RAW, length $part, $part);
            $end->{raw} -= length $part;
            next;
        }
        return if length $end->{in} < 16;
        my ($length, $type) = unpack 'Vv', $end->{in};
        return if length $end->{in} < 16 + $length;
        my $body = substr $end->{in}, 0, 16 + $length, '';
        $body = substr $body, 16;
        if ($other->{frames} != $end->{waited}) {
            $end->{waited} = $other->{frames};
            $end->{out} .= pack 'Cv', $WAIT, $other->{frames};
        }
        $end->{out} .= pack 'Cva*', $type, $length, $body;
        $end->{frames}++;
        $end->{raw} = unpack 'V', substr $body, 16 if $type == $DATA;
    }
}

# Between CLIENT, which comes to LISTENER, and the server at PORT. While nothing
# comes DO is called, once each time; when there is nothing left to do, it ends.
sub relay {
    my ($listener, $port, @do) = @_;
    my $client = $listener->accept;
    my $server = IO::Socket::INET->new("127.0.0.1:$port") or die "server: $!";
    my @end = map { {in => '', out => '', frames => 0, waited => 0, raw => 0,
                     greeted => 0} } 0, 1;
    my $both = IO::Select->new($client, $server);
    while (1) {
        my @ready = $both->can_read(@do ? 0.5 : undef);
        if (!@ready) { (shift @do)->(); next }
        for my $from (@ready) {
            my $up = $from == $client;
            my $n = sysread $from, my $bytes, 65536;
            return map { $_->{out} } @end if !$n;
            take($end[$up ? 0 : 1], $bytes, $end[$up ? 1 : 0]);
            my $to = $up ? $server : $client;
            my $at = 0;
            $at += syswrite($to, $bytes, length($bytes) - $at, $at) // return
                while $at < length $bytes;
        }
    }
}

sub seed {
    my ($name, $mode, $records) = @_;
    open my $f, '>:raw', "$out/$name" or die "$name: $!";
    print $f chr($mode), $records;
}

# NAME: a session of WORDS, in which PORT stands for where to go: the directory SHARE;
# the modes in which the victim is the end that dialled, and the other.
sub record {
    my ($name, $share, $words, $dialled, $answered, @do) = @_;
    trees();
    my $listener = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1')
        or die "listen: $!";
    my $probe = IO::Socket::INET->new(Listen => 1, LocalAddr => '127.0.0.1');
    my $port = $probe->sockport;
    close $probe;
    my $server = fork // die "fork: $!";
    exec $zcsync, 'serve', '--readable', '--listen', "127.0.0.1:$port",
        "www=$share" if !$server && chdir $dir;
    for (1 .. 200) {
        last if IO::Socket::INET->new("127.0.0.1:$port");
        select undef, undef, undef, 0.02;
    }
    my $at = 'zcsync://127.0.0.1:' . $listener->sockport . '/www';
    my $client = fork // die "fork: $!";
    if (!$client) {
        chdir $dir;
        open STDOUT, '>', '/dev/null';
        exec $zcsync, map { s/PORT/$at/r } @$words;
    }
    push @do, sub { kill TERM => $client } if @do;
    my ($up, $down) = relay($listener, $port, map { my $d = $_; sub { $d->() } } @do);
    waitpid $client, 0;
    kill TERM => $server;
    waitpid $server, 0;
    # what the client said is for a victim that was dialled, and the other way round
    seed("$name-says", $answered, $up);
    seed("$name-answers", $dialled, $down);
}

$ENV{XDG_CONFIG_HOME} = $dir;
mkdir $out;
my @push = ('push', '--fsync=none', '--no-clone');
my @pull = ('pull', '--fsync=none', 'PORT', 'share');
record('push', 'share', [@push, 'src', 'PORT'], $SENDS, 0);
record('delete', 'share', [@push, '-i', '--delete', 'src', 'PORT'],
       $SENDS | $DELETE, 0);
record('checksum', 'share', [@push, '-c', '--inplace', 'src', 'PORT'],
       $SENDS | $CHECKSUM, $SEALED);
record('delta', 'share', [@push, '--no-whole-file', 'src', 'PORT'],
       $SENDS | $DELTA, 0);
record('backup', 'share', [@push, '-b', '--delay-updates', '--link-dest=real',
                           'src', 'PORT'], $SENDS | $SEALED, 0);
record('pull', 'src', [@pull], $PULL, $PULL | $SENDS);
record('pull-delete', 'src', [@pull, '-i', '-c', '--delete', '--force-delete'],
       $PULL | $DELETE | $CHECKSUM, $PULL | $SENDS | $SEALED);
record('mirror', 'share', ['mirror', '--fsync=none', '--force-delete', 'src', 'PORT'],
       $SENDS | $ROUNDS | $DELETE, 0,
       sub { rename "$dir/src/dir", "$dir/src/moved" },
       sub { file('src/new', "new\n"); unlink "$dir/src/kept" });
print "$_ ", -s "$out/$_", "\n" for map { s{.*/}{}r } sort glob "$out/*";
