#!/usr/bin/env perl
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Makes system calls of zcsync fail, one at a time, and looks at what comes of it:
#
#     errno-sweep.pl [OPTION]... ZCSYNC DIR
#
#     --case=push|delete|mirror   a push, one with --delete over an older copy, a
#                                 mirror and its changes (all three)
#     --calls=REGEX               only these system calls
#     --errnos=NAME,...           with these errors
#     --upto=N                    the first N calls of each kind in each thread
#     --every=N                   every Nth of all these, to have a selection
#
# An exit code of 0 means that both trees are equal (rsync is the judge), a mirror
# gets them equal by itself, or has said which metadata it may not set; nothing hangs
# and nothing crashes. What a call that
# fails with ENOENT says is believed, so that is not tried. DIR is for trees and
# logs. Prints a line per failure and one at the end; exits 1 after failures.
use strict;
use warnings;
use Getopt::Long;
use POSIX qw(WNOHANG);

my ($cases, $only, $upto, $every) = ("push,delete,mirror", ".", 6, 1);
my $errnos = "EIO,EACCES,ENOMEM,EOPNOTSUPP,EINTR,EMFILE,ETIMEDOUT";
my ($verbose, $limit) = (0, 25);
GetOptions("case=s" => \$cases, "calls=s" => \$only, "upto=i" => \$upto,
    "every=i" => \$every, "errnos=s" => \$errnos, "verbose" => \$verbose)
    && @ARGV == 2 or die "usage: errno-sweep.pl [OPTION]... ZCSYNC DIR\n";
my ($zcsync, $dir) = @ARGV;
$| = 1;

# What is not ours to check: the C library's threads and signals, the end of the
# process, and what cannot fail.
my $skip = qr/^(futex|exit|exit_group|execve|brk|mmap|munmap|mprotect|rt_sig\w+|
    arch_prctl|set_tid_address|set_robust_list|rseq|sched_\w+|clock_\w+|get\w*id|
    gettid|restart_syscall|getpid|umask|madvise|clone3?|vfork|wait4|kill|tgkill|
    resume_userspace|sigreturn|nanosleep|prctl|rt_tgsigqueueinfo)$/x;
# Sleeping calls for which only an interruption makes sense.
my $sleeps = qr/^(poll|ppoll|select|pselect6|epoll_\w+)$/;

sub sh { system("/bin/bash", "-c", $_[0]) == 0 or die "$_[0]: failed\n" }

sub make_trees
{
    sh(qq{
        cd "$dir" && rm -rf src old && mkdir -p src/sub/deep src/two old
        cd src && echo one >one && head -c 300000 /dev/urandom >big &&
        head -c 700000 /dev/urandom >sub/big && ln -s one link && ln one hard &&
        mkfifo fifo && echo x >sub/deep/x && chmod 640 one && mkdir empty &&
        truncate -s 1M two/holes && echo end >>two/holes
        setfattr -n user.one -v 1 one && setfattr -n user.two -v 2 sub
        setfacl -m u:1:r sub/deep/x 2>/dev/null
        cd .. && cp -a src/. old && cd old &&
        echo other >one && chmod 600 two/holes && rm -r link sub/deep &&
        mkdir link && echo gone >link/gone && mkdir -p gone/too && echo y >gone/too/y &&
        echo z >z && rm hard && echo hard >hard && touch -d 2001-01-01 sub/big &&
        setfattr -n user.old -v old z; setfattr -x user.one one
        true});
}

my $judge = "rsync -aHAX --checksum -n -i --delete --exclude=/.zcsync";
sub differs { return scalar qx{$judge "$dir/src/" "$dir/dst/" 2>&1} }

# Runs COMMAND; its exit code, or -1 when it hangs, -2 after a signal.
sub run_for
{
    my ($seconds, @command) = @_;
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        setpgrp;
        open STDOUT, ">", "$dir/out";
        open STDERR, ">", "$dir/err";
        exec @command or POSIX::_exit(126);
    }
    for (my $left = $seconds * 50; $left; $left--) {
        if (waitpid($pid, WNOHANG) == $pid) {
            my $code = $? & 127 ? -2 : $? >> 8;
            return $code >= 128 ? -2 : $code;
        }
        select undef, undef, undef, 0.02;
    }
    kill KILL => -$pid;
    waitpid $pid, 0;
    return -1;
}

my ($tried, $bad) = (0, 0);
sub complain
{
    my ($what, $why, $more) = @_;
    $bad++;
    print "$what: $why\n";
    my @lines = split /^/, $more // "";
    $more = join "", @lines[0 .. (@lines < 5 ? $#lines : 4)];
    print $more =~ s/^/    /gmr;
}

sub said { open my $f, "<", "$dir/err" or return ""; local $/; return <$f> }

sub fresh
{
    my ($case) = @_;
    sh(qq{cd "$dir" && rm -rf dst && mkdir dst && }
        . ($case eq "delete" ? "cp -a old/. dst" : "true"));
}

sub try_push
{
    my ($case, $what, @strace) = @_;
    fresh($case);
    my @delete = $case eq "delete" ? ("--delete") : ();
    my $code = run_for($limit, "strace", "-f", "-qq", "-o", "$dir/strace", @strace,
        $zcsync, "push", @delete, "$dir/src", "$dir/dst");
    complain($what, "hangs", said()), return if $code == -1;
    complain($what, "crashes", said()), return if $code == -2;
    return if $code;
    my $d = differs();
    complain($what, "exit code 0, and not equal", $d . said()) if $d;
}

# What the mirror says that it is doing.
sub state_of
{
    open my $f, "<", "$dir/out" or return "";
    my $state = "";
    while (<$f>) {
        $state = $1 if /"type":"state","state":"([^"]*)"/;
    }
    return $state;
}

# Has process $pid ended? Its status, then, in $ended{$pid}.
my %ended;
sub has_ended
{
    my ($pid) = @_;
    $ended{$pid} = $? if !defined $ended{$pid} && waitpid($pid, WNOHANG) == $pid;
    return defined $ended{$pid};
}

# Metadata that the destination refuses for good, which is said.
sub may_not
{
    my ($what) = @_;
    return $what =~ /: (EACCES|EOPNOTSUPP)$/ && said() =~ /could not set /;
}

# Until the trees are equal. A call that fails in each new process keeps a mirror
# from it for good, which it says; and it may refuse to start. "In sync" is to be
# true where WHAT is given, as nothing has changed at the source since.
sub converges
{
    my ($pid, $what) = @_;
    for (my $left = $limit * 10; $left; $left--) {
        my $last = has_ended($pid);
        my $in_sync = $what && state_of() eq "in sync";
        my $d = differs();
        return 1 if $d eq "";
        return 0 if $in_sync && may_not($what);
        complain($what, "in sync, and not equal", $d), undef $what if $in_sync;
        return 0 if $last;
        select undef, undef, undef, 0.1;
        return 0 if $left < $limit * 7 && state_of() =~ /disconnected|blocked/;
    }
    return 0;
}

# What failed was a word to us, or the wake-up by which a signal handler ends the
# mirror, which cannot fail.
sub is_pointless
{
    open my $log, "<", "$dir/strace" or return 0;
    return grep { /INJECTED/ && /write\([12], |write\(\d+, "\\1(\\0){7}", 8\)/ } <$log>;
}

sub try_mirror
{
    my ($what, @strace) = @_;
    fresh("push");
    unlink "$dir/out";
    sh(qq{cd "$dir" && rm -rf live && mv src live && cp -a live src});
    my $pid = fork // die "fork: $!";
    if (!$pid) {
        setpgrp;
        open STDOUT, ">", "$dir/out";
        open STDERR, ">", "$dir/err";
        exec "strace", "-D", "-f", "-qq", "-o", "$dir/strace", @strace, $zcsync,
            "mirror", "--json", "$dir/src", "$dir/dst" or POSIX::_exit(126);
    }
    my $ok = converges($pid, $what);
    if ($ok) {
        sh(qq{cd "$dir/src" && mv sub moved && echo new >moved/deep/new &&
            rm one && echo two >two/two && mkdir -p more/of && echo i >more/of/it &&
            rm -r empty && chmod 600 big});
        $ok = converges($pid);
    }
    my $state = state_of();
    kill TERM => $pid unless has_ended($pid);
    for (my $left = $limit * 20; $left && !has_ended($pid); $left--) {
        select undef, undef, undef, 0.05;
    }
    my $dead = has_ended($pid);
    kill KILL => -$pid;
    waitpid $pid, 0 unless $dead;
    my $status = delete $ended{$pid};
    # It may refuse to start, too.
    my $ended = $dead && !($status & 127) && $status >> 8;
    my $honest = $state =~ /disconnected|blocked/ || ($ended && -s "$dir/err")
        || may_not($what);
    complain($what, "crashes", said()) if $dead && $status & 127;
    if (!is_pointless()) {
        complain($what, "says '$state' and is not equal", differs() . said())
            unless $ok || $honest;
        complain($what, "does not end", said()) unless $dead;
    }
    sh(qq{cd "$dir" && rm -rf src && mv live src});
}

# How often each call is made in the thread that makes it most.
sub count_calls
{
    my ($case) = @_;
    my %n;
    if ($case eq "mirror") {
        try_mirror("with no error");
    } else {
        try_push($case, "with no error");
    }
    open my $log, "<", "$dir/strace" or die "$dir/strace: $!\n";
    while (<$log>) {
        $n{$2}{$1}++ if /^(\d+)\s+(\w+)\(/;
    }
    my %most;
    for my $call (grep { !/$skip/ && /$only/ } keys %n) {
        my ($most) = sort { $b <=> $a } values %{ $n{$call} };
        $most{$call} = $most;
    }
    return %most;
}

make_trees();
my $i = 0;
for my $case (split /,/, $cases) {
    my %calls = count_calls($case);
    for my $call (sort keys %calls) {
        my $last = $calls{$call} < $upto ? $calls{$call} : $upto;
        for my $eno (split /,/, $errnos) {
            next if $call =~ $sleeps && $eno ne "EINTR";
            for my $n (1 .. $last) {
                next if $i++ % $every;
                my $what = "$case: $call, time $n: $eno";
                my @inject = ("-e", "inject=$call:error=$eno:when=$n");
                print STDERR "$what\n" if $verbose;
                $case eq "mirror" ? try_mirror($what, @inject)
                                  : try_push($case, $what, @inject);
                $tried++;
            }
        }
    }
}
print "$tried tried, $bad failures\n";
exit($bad > 0);
