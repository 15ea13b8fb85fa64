#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file that keeps changing while it is sent: exit 24, one sentence with its
# path, no torn version at the destination, the rest done; when it rests, the
# next run completes it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

# on tmpfs, if possible: a disk may hold a writer up, and then the file rests
[ "$(id -u)" = 0 ] && make_fs tmpfs "$T/a" 100
make_tree "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
random_bytes 20000000 >"$T/a/busy"

start_writer() # COMMAND...
{
    local before
    before=$(stat -c %y "$T/a/busy")
    background writer "$@"
    writer=$pid
    wait_until 10 writing "$before"
    # so that it is not kept from writing where the machine is busy
    [ "$(id -u)" = 0 ] && renice -n -15 "$writer" >/dev/null
}
writing() { [ "$(stat -c %y "$T/a/busy")" != "$1" ]; }
restless() # writes all over the file without a pause
{
    exec perl -e 'open my $f, "+<", shift or die;
        while (1) { sysseek $f, int(rand(20e6)), 0; syswrite $f, pack("N", $n++) }' \
        "$T/a/busy"
}
for dest in "$T/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    start_writer restless
    push_exits 24 "a file that keeps changing" "$T/a" "$dest"
    one_sentence 'busy' "one sentence with its path"
    nok "no torn version" [ -e "$dir/busy" ]
    ok "the rest was done" cmp "$T/a/big" "$dir/big"
    ok "no staging folder left" no_litter "$dir"
    kill "$writer"
    reap "$writer"
    pushes "it rests" "$T/a" "$dest"
    ok "equal" same_tree "$T/a" "$dir"
    old=$(md5sum <"$dir/busy")
    start_writer restless
    push_exits 24 "changing again" "$T/a" "$dest"
    is "$(md5sum <"$dir/busy")" "$old" "the old version stays whole"
    kill "$writer"
    reap "$writer"
done

# growing and shrinking, as logs do
start_writer perl -e 'while (1) { open my $f, ">", $ARGV[0];
    syswrite $f, "x" x 100000 for 1 .. 100; truncate $f, 12345 }' "$T/a/busy"
for n in 1 2 3; do
    push_exits '0|24' "a file that grows and shrinks" "$T/a" "$T/b"
done
kill "$writer"
reap "$writer"
pushes "it rests" "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
ok "no staging folder left" no_litter "$T/b"
done_testing
