# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For scenarios about what two trees have in common; sourced after lib.sh.

# A tree of 60 directories with 50 files each, and some that are not files.
many_alike() # DIR
{
    perl -e '
        my ($top) = @ARGV;
        mkdir $top;
        for my $i (1 .. 6) {
            mkdir "$top/d$i";
            for my $j (1 .. 10) {
                my $dir = "$top/d$i/s$j";
                mkdir $dir;
                for my $k (1 .. 50) {
                    open my $f, ">", "$dir/file$k" or die;
                    print $f "$i $j $k";
                }
                symlink "file1", "$dir/link";
            }
        }' "$1"
}

# Bytes on the wire of the last push, which had --stats.
crossed()
{
    sed -n 's/,//g; s/^Total bytes \(sent\|received\): //p' <<<"$out" |
        awk '{n += $1} END {print n + 0}'
}

# few NAME [BYTES]: it was no more than that
few()
{
    local n
    n=$(crossed)
    ok "$1: $n bytes" [ "$n" -gt 100 -a "$n" -le "${2:-2000}" ]
}
