#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who reads at the destination while pushes run sees whole versions only: data,
# mode, owner, time and attributes change in one step.
. "$(dirname "$0")/lib.sh"

need setfattr
need_no_sanitizers "takes long with sanitizers"
mkdir "$T/a" "$T/share"
start_serve s="$T/share"

# version N: every file is N over and over, its mtime is N, its mode depends on N
version() # N
{
    perl -e 'my ($dir, $n, $root) = @ARGV;
        for my $i (0 .. 20) {
            my $file = "$dir/f$i";
            open my $f, ">", "$file.new" or die;
            print $f sprintf("%08d", $n) x ($i ? 400 : 500000);
            close $f;
            chmod $n % 2 ? 0600 : 0644, "$file.new";
            chown 1000 + $n, 1000 + $n, "$file.new" if $root;
            utime $n, $n, "$file.new";
            rename "$file.new", $file;
        }' "$T/a" "$1" "$([ "$(id -u)" = 0 ] && echo 1)"
}

# exits 1 with a line at the first thing that is not a whole version
background reader perl -e 'my ($dir, $root) = @ARGV;
    $SIG{TERM} = sub { print "$reads reads\n"; exit 0 };
    while (1) {
        for my $i (0 .. 20) {
            open my $f, "<", "$dir/f$i" or next;
            my @st = stat $f;
            local $/; my $data = <$f>;
            my $n = substr $data, 0, 8;
            my @bad;
            push @bad, "data" if $data ne $n x ($i ? 400 : 500000);
            push @bad, sprintf("mode %o", $st[2]) if ($st[2] & 07777) != ($n % 2 ? 0600 : 0644);
            push @bad, "mtime $st[9]" if $st[9] != $n;
            push @bad, "owner $st[4]:$st[5]" if $root && ($st[4] != 1000 + $n || $st[5] != 1000 + $n);
            if (@bad) { print "f$i, version $n: @bad\n"; exit 1 }
            $reads++;
        }
    }' "$T/share" "$([ "$(id -u)" = 0 ] && echo 1)"
reader=$pid
failed=0
for n in $(seq 1 30); do
    version "$n"
    case $((n % 3)) in
    0) push --fsync=none "$T/a" "$T/share" ;;
    1) push --fsync=none "$T/a" "zcsync://$addr/s" ;;
    2) push --fsync=none --mover=readwrite "$T/a" "zcsync://$addr/s" ;;
    esac
    [ "$rc" = 0 ] || failed=$((failed + 1))
done
is "$failed" 0 "30 versions pushed"
ok "the reader saw nothing but whole versions" kill -0 "$reader"
kill "$reader"
reap "$reader"
is "$rc" 0 "and says so: $(cat "$T/log/reader.out")"
ok "equal" same_tree "$T/a" "$T/share"
done_testing
