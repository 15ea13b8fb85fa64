#!/usr/bin/perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A browser (Chromium, over its debugging pipe) that does what it is told, a line
# each, and answers each with a line: "ok", what was asked for, or "error: WHY".
#
#   open URL             goes there
#   size W H             the window, in CSS pixels
#   dark | light         what the user prefers
#   until EXPRESSION     waits until that JavaScript is true
#   get EXPRESSION       its value
#   click SELECTOR       the middle of the first element, by the mouse
#   shot FILE [HEIGHT]   a PNG of the page, no more than HEIGHT high
#   errors               what the page complained of, and what it loaded from
#                        elsewhere than URL; "none"
#
# usage: browser.pl CHROMIUM DIRECTORY       (for its profile)
use strict;
use warnings;
use IO::Select;
use JSON::PP;
use MIME::Base64;
use POSIX ();
use Time::HiRes qw(time sleep);

my ($chromium, $dir) = @ARGV;
defined $dir or die "usage: browser.pl CHROMIUM DIRECTORY\n";
my $json = JSON::PP->new->utf8->allow_nonref;
my $patience = 30;
$SIG{PIPE} = 'IGNORE';
$| = 1;

pipe(my $child_in, my $to) && pipe(my $from, my $child_out)
    or die "pipe: $!\n";
my $pid = fork // die "fork: $!\n";
if (!$pid) {
    my @away = map { POSIX::dup($_) } fileno $child_in, fileno $child_out;
    POSIX::dup2($away[0], 3);
    POSIX::dup2($away[1], 4);
    POSIX::close($_) for grep { $_ > 4 } @away;
    open STDOUT, '>', "$dir/log";
    open STDERR, '>&', \*STDOUT;
    $^F = 4;
    exec {$chromium} $chromium, '--headless=new', '--remote-debugging-pipe',
        '--no-sandbox', '--disable-gpu', '--no-first-run', '--disable-extensions',
        '--disable-background-networking', '--disable-component-update',
        '--hide-scrollbars', "--user-data-dir=$dir/profile", 'about:blank'
        or POSIX::_exit(127);
}
close $child_in;
close $child_out;
END { kill 'KILL', $pid if $pid }

my ($ready, $buffer, $last, $session) = (IO::Select->new($from), '', 0);
my ($home, @errors) = ('');

# One message of the browser's, or nothing after SECONDS.
sub message
{
    my ($seconds) = @_;
    my $end = time + $seconds;
    while ($buffer !~ /\0/) {
        my $left = $end - time;
        return if $left <= 0 || !$ready->can_read($left);
        sysread($from, $buffer, 65536, length $buffer)
            or die "the browser is gone\n";
    }
    $buffer =~ s/^([^\0]*)\0//;
    my $m = $json->decode($1);
    note($m);
    return $m;
}

# Remembers what should not have happened.
sub note
{
    my ($m) = @_;
    my ($method, $p) = ($m->{method} // '', $m->{params});
    push @errors, "$p->{entry}{text} $p->{entry}{url}"
        if $method eq 'Log.entryAdded' && $p->{entry}{level} eq 'error' &&
           $p->{entry}{source} ne 'network';
    push @errors, $p->{exceptionDetails}{exception}{description}
        if $method eq 'Runtime.exceptionThrown';
    push @errors, "loads $p->{request}{url}"
        if $method eq 'Network.requestWillBeSent' && $home ne '' &&
           index($p->{request}{url}, $home) != 0;
}

sub call
{
    my ($method, %params) = @_;
    my $id = ++$last;
    my %m = (id => $id, method => $method, params => \%params);
    $m{sessionId} = $session if defined $session;
    my $text = $json->encode(\%m) . "\0";
    syswrite($to, $text) == length $text or die "the browser is gone\n";
    my $end = time + $patience;
    while (time < $end) {
        my $m = message($end - time) or last;
        next unless ($m->{id} // 0) == $id;
        die "$method: $m->{error}{message}\n" if $m->{error};
        return $m->{result};
    }
    die "$method: no answer\n";
}

sub value
{
    my ($expression) = @_;
    my $r = call('Runtime.evaluate', expression => $expression,
                 returnByValue => JSON::PP::true);
    die "$r->{exceptionDetails}{exception}{description}\n"
        if $r->{exceptionDetails};
    return $r->{result}{value};
}

my %do = (
    open => sub {
        $home = $_[0];
        call('Page.navigate', url => $home);
        return 'ok';
    },
    size => sub {
        my ($w, $h) = split ' ', $_[0];
        call('Emulation.setDeviceMetricsOverride', width => $w + 0,
             height => $h + 0, deviceScaleFactor => 1,
             mobile => $w < 600 ? JSON::PP::true : JSON::PP::false);
        return 'ok';
    },
    (map { my $how = $_; $how => sub {
        call('Emulation.setEmulatedMedia', features => [
            {name => 'prefers-color-scheme', value => $how}]);
        return 'ok';
    } } qw(dark light)),
    until => sub {
        my $end = time + $patience;
        # What is not there yet, while a page is loaded, is not true either.
        until (eval { value("Boolean($_[0])") }) {
            die "never: $_[0]\n" if time > $end;
            message(0.05);
        }
        return 'ok';
    },
    get => sub {
        my $v = value($_[0]);
        return ref $v || !defined $v ? $json->encode($v) : "$v";
    },
    click => sub {
        my $of = $json->encode($_[0]);
        my $at = value("(() => { const e = document.querySelector($of);"
            . "if (!e) return null; e.scrollIntoView({block: 'center'});"
            . "const b = e.getBoundingClientRect();"
            . "return [b.x + b.width / 2, b.y + b.height / 2]; })()")
            or die "there is no $_[0]\n";
        call('Input.dispatchMouseEvent', type => $_, x => $at->[0],
             y => $at->[1], button => 'left', clickCount => 1)
            for qw(mousePressed mouseReleased);
        return 'ok';
    },
    shot => sub {
        my ($file, $most) = split ' ', $_[0];
        my $w = value('document.documentElement.clientWidth');
        my $h = value('document.documentElement.scrollHeight');
        $h = $most if $most && $h > $most;
        my $r = call('Page.captureScreenshot', format => 'png',
                     captureBeyondViewport => JSON::PP::true,
                     clip => {x => 0, y => 0, width => $w, height => $h + 0,
                              scale => 1});
        open my $out, '>:raw', $file or die "$file: $!\n";
        print $out decode_base64($r->{data});
        close $out or die "$file: $!\n";
        return 'ok';
    },
    errors => sub {
        message(0.05);
        return @errors ? join('; ', splice @errors) : 'none';
    },
);

sub start
{
    my ($page) = grep { $_->{type} eq 'page' }
        @{call('Target.getTargets')->{targetInfos}};
    $session = call('Target.attachToTarget', targetId => $page->{targetId},
                    flatten => JSON::PP::true)->{sessionId};
    call("$_.enable") for qw(Page Runtime Log Network);
}

eval { start(); 1 } or do {
    print "error: $@";
    exit 1;
};
print "ok\n";
while (my $line = <STDIN>) {
    chomp $line;
    utf8::decode($line);
    my ($word, $rest) = split ' ', $line, 2;
    my $answer = eval {
        ($do{$word} // die "what is $word?\n")->($rest // '');
    } // "error: $@";
    $answer =~ s/\s*\n\s*/ /g;
    utf8::encode($answer) if utf8::is_utf8($answer);
    print "$answer\n";
}
