#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a mirror saw go is deleted however much it is, also where it is found by
# comparing: directories trade places, or get a name that another one has had. What
# nobody saw go holds the brake all the same.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need perl
cd "$T" || exit
mkdir a && many_files a/big 300 10 && mkdir a/small && echo s >a/small/one
exchange() # A B
{
    perl -e 'exit(syscall(316, -100, $ARGV[0], -100, $ARGV[1], 2) != 0)' "$1" "$2"
}
mkdir x1 x2
exchange x1 x2 || skip_all "no RENAME_EXCHANGE here"
brake() { grep -c 'more than half' "$mirror_log.err"; }

start_mirror --fsync=none a b
ok "at first" mirrored a b
exchange a/big a/small
ok "a big directory and a small one trade places" mirrored a b
is "$(brake)" 0 "the brake does not hold"
kill -STOP "$mirror_pid"
exchange a/big a/small && mv a/big a/other && mv a/small a/big
find a/other -type f | tail -n 280 | xargs rm
kill -CONT "$mirror_pid"
ok "and much of it is deleted, all at once" mirrored a b
is "$(brake)" 0 "nor then"
mkdir a/new && many_files a/new/tree 300 10 && mv a/new/tree a/big/tree
ok "much is made" mirrored a b
mkdir a/new/tree && exchange a/big/tree a/new/tree && rm -r a/new/tree
ok "and goes with the directory that it went to" mirrored a b
is "$(brake)" 0 "nor now"
stop_mirror
is "$rc" 0 "it ends well"

# nobody saw this
many_files a/big/tree 300 10
start_mirror --fsync=none a b
ok "again" mirrored a b
stop_mirror
rm -r a/big/tree
start_mirror --fsync=none a b
ok "what went between two runs holds the brake" \
    wait_until 10 grep -q 'more than half' "$mirror_log.err"
mkdir a/new/more && exchange a/big a/new/more
mv a/new/more a/more
ok "the rest goes on" wait_until 10 test -d b/more
is "$(find b -name 'f*' -path '*tree*' -type f | wc -l)" 300 \
    "and what was not seen to go is there, wherever it was moved"
stop_mirror
done_testing
