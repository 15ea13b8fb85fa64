# SPDX-License-Identifier: GPL-2.0-or-later
#
# prove's own output, with one thing more: before the summary, how many tests
# were skipped, and why.  Without it prove says "ok" of a file of which half
# was skipped.
package SkipSummary;

use strict;
use warnings;
use TAP::Formatter::Console;
use TAP::Formatter::File;

our @ISA = (-t STDOUT ? 'TAP::Formatter::Console' : 'TAP::Formatter::File');

my %tests;    # reason => number of single tests
my %files;    # reason => number of whole files

sub open_test {
    my ($self, $name, $parser) = @_;
    $parser->callback(test => sub {
        my ($test) = @_;
        $tests{ $test->explanation }++ if $test->has_skip;
    });
    $parser->callback(plan => sub {
        my ($plan) = @_;
        $files{ $plan->explanation }++ if $plan->has_skip;
    });
    return $self->SUPER::open_test($name, $parser);
}

sub _say_skipped {
    my ($self, $what, %count) = @_;
    my $total = 0;
    $total += $_ for values %count;
    $self->_output("Skipped: $total $what" . ($total == 1 ? '' : 's') . "\n");
    for my $reason (sort { $count{$b} <=> $count{$a} || $a cmp $b } keys %count) {
        $self->_output(sprintf "%7d  %s\n", $count{$reason}, $reason);
    }
    return;
}

sub summary {
    my ($self, @args) = @_;
    $self->_say_skipped('whole file', %files) if %files;
    $self->_say_skipped('test', %tests);
    return $self->SUPER::summary(@args);
}

1;
