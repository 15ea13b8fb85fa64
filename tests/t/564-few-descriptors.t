#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# 64 descriptors are enough, whatever the tree; a soft limit is raised to the hard
# one; a file above RLIMIT_FSIZE is that file's trouble alone.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need prlimit
need_no_sanitizers "the sanitizers need descriptors of their own"
cd "$T" || exit
perl -e '
    my ($top) = @ARGV;
    mkdir $top;
    sub put { open my $f, ">", $_[0] or die "$_[0]: $!"; print $f $_[1] }
    for my $i (1 .. 200) { mkdir "$top/w$i"; put("$top/w$i/f", $i) }
    my $deep = $top;
    for my $i (1 .. 120) { $deep .= "/d$i"; mkdir $deep; put("$deep/f", $i) }
    for my $i (1 .. 60) { put("$top/big$i", "$i " x 200000) }' a

for limit in 64 128; do
    rm -rf b
    runs_with 0 "$limit descriptors" prlimit --nofile=$limit -- "$ZCSYNC" push a b
    ok "all is there" same_tree a b
    rm -rf b/w1?? b/big1? && mkdir b/extra && cp -r a/d1 b/extra
    runs_with 0 "again, with deletions" prlimit --nofile=$limit -- "$ZCSYNC" push --delete a b
    ok "all is there" same_tree a b
done
serve_as=(prlimit --nofile=64 --)
mkdir share
start_serve s="$T/share"
runs_with 0 "a receiver with 64" "$ZCSYNC" push a "zcsync://$addr/s"
ok "all is there" same_tree a share
stop_serve
rm -rf b
(
    ulimit -Sn 32
    exec "$ZCSYNC" push a b
) 2>log/soft
is "$?" 0 "a soft limit of 32 is raised"
ok "all is there" same_tree a b

rm -rf b
mirror_as=(prlimit --nofile=64 --)
start_mirror a b
becomes_equal 20 a b "a mirror with 64"
mv a/w5 a/d1/w && echo new >a/d1/w/new
becomes_equal 20 a b "a rename"
stop_mirror
mirror_as=()

# RLIMIT_FSIZE: in blocks of 1024 bytes
mkdir c && random_bytes 3000000 >c/large && echo small >c/small
(
    ulimit -f 1000
    exec "$ZCSYNC" push c d
) 2>log/size
is "$?" 23 "a file above the limit of sizes"
like "$(cat log/size)" 'large: could not write the file: File too large' \
    "is named"
ok "others are there" cmp c/small d/small
nok "it is not" [ -e d/large ]
done_testing
