# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For scenarios about big files of which little has changed; sourced after lib.sh.

# edited OLD NEW N [HOW]: N pairs of files of awkward sizes in the directories OLD
# and NEW, of which the new ones are the old ones with random edits (HOW: only those
# of one kind, see below). $ZC_SEED repeats them.
edited()
{
    local seed=${ZC_SEED:-$RANDOM}
    diag "ZC_SEED=$seed"
    mkdir -p "$1" "$2"
    perl -e '
    my ($old, $new, $n, $how, $seed) = @ARGV;
    srand $seed;
    my @sizes = (262143, 262144, 262145, 327680, 524287, 1048576, 1048577,
                 4194304, 4194303, 4194305, 4259841, 3000000, 9437185);
    sub some { my $b = ""; $b .= pack "N", int rand 2**32
                   for 1 .. $_[0] / 4 + 1; substr $b, 0, $_[0] }
    my %edits = (
        change => sub { my ($b, $at) = @_;
            my $len = (1, 10, 4096, 70000)[rand 4];
            $len = length($$b) - $at if $len > length($$b) - $at;
            substr($$b, $at, $len) = some($len) },
        insert => sub { my ($b, $at) = @_;
            substr($$b, $at, 0) = some((1, 7, 4096, 100000)[rand 4]) },
        remove => sub { my ($b, $at) = @_;
            substr($$b, $at, (1, 9, 4096, 90000)[rand 4]) = "" },
        zero => sub { my ($b, $at) = @_;
            my $len = 20000 + int rand 300000;
            $len = length($$b) - $at if $len > length($$b) - $at;
            substr($$b, $at, $len) = "\0" x $len },
        append => sub { my ($b) = @_; $$b .= some((1, 5000, 300000)[rand 3]) },
        cut => sub { my ($b, $at) = @_; substr($$b, $at) = "" },
        move => sub { my ($b, $at) = @_;
            my $part = substr($$b, $at, 200000, "");
            substr($$b, rand length $$b, 0) = $part },
        replace => sub { my ($b) = @_; $$b = some(length $$b) });
    my @kinds = $how ? ($how) : sort keys %edits;
    for my $i (1 .. $n) {
        my $b = some($sizes[($i - 1) % @sizes]);
        open my $f, ">", "$old/f$i" or die; print $f $b; close $f;
        for (1 .. 1 + rand 4) {
            my $kind = $kinds[rand @kinds];
            $kind = "change" if $kind eq "cut" && length $b < 300000;
            $edits{$kind}->(\$b, rand length $b) if length $b;
        }
        open $f, ">", "$new/f$i" or die; print $f $b; close $f;
    }' "$1" "$2" "$3" "${4:-}" "$seed"
    find "$1" -type f -exec touch -d 2020-01-01 {} +
}

# changed_blocks FILE EVERY: one byte in every EVERYth block of 4 KiB
changed_blocks()
{
    perl -e '
    my ($file, $every) = @ARGV;
    open my $f, "+<", $file or die;
    for (my $at = 1000; $at < -s $file; $at += 4096 * $every) {
        seek $f, $at, 0; read $f, my $c, 1;
        seek $f, $at, 0; print $f chr(255 ^ ord $c);
    }' "$1" "$2"
}

# What the last run says that went out, and what came in.
bytes_out() { sed -n 's/^sent \([0-9,]*\) bytes.*/\1/p' <<<"$out" | tr -d ,; }
bytes_in() { sed -n 's/.*received \([0-9,]*\) bytes.*/\1/p' <<<"$out" | tr -d ,; }

# crossed_at_most N NAME
crossed_at_most()
{
    local n=$(($(bytes_out) + $(bytes_in)))
    if [ "$n" -le "$1" ]; then
        pass "$2"
    else
        fail "$2" "$n bytes crossed, at most $1 expected"
    fi
}
