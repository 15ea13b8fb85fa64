#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Cloned while it is rewritten, cut and grown all the time, a file never shows at the
# destination what it was not at the source; and what exit 0 says is true.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
make_fs xfs "$T/m" 400 || make_fs btrfs "$T/m" 400 ||
    skip_all "no file system here shares blocks"
cd "$T/m" || exit 1

blocks=4096
stamps() { perl "$tools/stamps.pl" "$1" "$2" $blocks; }
mkdir a
stamps init a/f
cp --reflink=always a/f probe 2>/dev/null || skip_all "nothing is shared here"
rm probe
background writer perl "$tools/stamps.pl" write a/f $blocks
writer=$pid
end=$((SECONDS + (BIG ? 60 : 4)))
done=0 changing=0 torn=0
while [ "$SECONDS" -lt "$end" ]; do
    push --fsync=none a b
    case $rc in
    0) done=$((done + 1)) ;;
    24) changing=$((changing + 1)) ;;
    *) fail "exit $rc, wanted 0 or 24" "$err" ;;
    esac
    [ -e b/f ] || continue
    stamps check b/f >"$T/log/check" || {
        torn=$((torn + 1))
        diag "torn (exit $rc): $(cat "$T/log/check")"
    }
done
is "$torn" 0 "no torn version in $done complete and $changing given up pushes"
kill "$writer"
reap "$writer"
pushes "when it rests" a b
ok "equal" same_tree a b

# Each version is one letter, of a length of its own.
rewrite='my ($path) = @ARGV;
    for (my $i = 0; ; $i++) {
        my $n = 1e6 + ($i % 7) * 2e5;
        open my $f, "+<", $path or die;
        truncate $f, 0;
        syswrite $f, chr(97 + $i % 7) x $n;
        close $f;
        select undef, undef, undef, rand 0.004;
    }'
whole()
{
    perl -e 'local $/; open my $f, "<", $ARGV[0]; my $d = <$f>;
        my $c = substr $d, 0, 1;
        exit !($d eq "" || ($d eq $c x length $d &&
            length $d == 1e6 + (ord($c) - 97) * 2e5))' "$1"
}
mkdir c
: >c/f
background cutter perl -e "$rewrite" c/f
cutter=$pid
end=$((SECONDS + (BIG ? 60 : 5)))
torn=0 n=0
while [ "$SECONDS" -lt "$end" ]; do
    way=$([ $((n % 2)) = 0 ] && echo --clone || echo --no-clone)
    push --fsync=none "$way" c d
    [[ $rc = 0 || $rc = 24 ]] || fail "exit $rc, wanted 0 or 24" "$err"
    n=$((n + 1))
    [ ! -e d/f ] || whole d/f || {
        torn=$((torn + 1))
        diag "torn ($way): $(stat -c %s d/f) bytes"
    }
done
is "$torn" 0 "none of $n pushes shows a mixture of versions"
kill "$cutter"
reap "$cutter"
pushes "when it rests" c d
ok "equal" same_tree c d
done_testing
