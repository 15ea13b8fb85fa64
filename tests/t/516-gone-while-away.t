#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a running mirror saw go while a peer was away is deleted there when it is
# back, however much it is; the brake still holds for what it did not see.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
cd "$T" || exit
mkdir a s
fill() { for d in x y z; do many_files "a/$d" 150 10 3; done; echo k >a/k; }
fill
start_serve s="$T/s"
port=${addr##*:}
start_mirror -v a "zcsync://$addr/s"
ok "at first" mirrored a s
brakes() { grep -c 'nothing was deleted\|nothing more was deleted' "$mirror_log.err"; }

back() # NAME: the peer is, and soon equal
{
    start_serve --listen "127.0.0.1:$port" s="$T/s"
    ZC_MIRRORED_S=40 ok "$1" mirrored a s
    is "$(brakes)" 0 "and the brake was not heard of"
}
stop_serve
rm -r a/x a/y a/z
echo new >a/new
back "all directories, while the peer was away"
fill
ok "there again" mirrored a s
stop_serve
rm a/*/d*/f* a/k
back "all files"
rm -r a/x a/y a/z && fill
ok "there again" mirrored a s
stop_serve
mkdir a/new2 && mv a/x a/y a/new2/ && mv a/z a/zz
back "renames"
rm -r a/new2 a/zz && fill
ok "there again" mirrored a s

# while it hangs, and is lost with all that it was sent
receiver=$(children "$serve_pid")
kill -STOP "$receiver"
rm -r a/x a/y
sleep 0.2
rm -r a/z
kill -KILL "$receiver"
ZC_MIRRORED_S=40 ok "while the connection broke" mirrored a s
is "$(brakes)" 0 "and the brake was not heard of"

# what nobody saw go
fill
ok "there again" mirrored a s
stop_serve
rm -r a/x
many_files s/alien 900 10
start_serve --listen "127.0.0.1:$port" s="$T/s"
ok "others' files at the destination: the brake holds" wait_until 40 \
    eval '[ "$(brakes)" = 1 ]'
ok "what was seen to go has gone" [ ! -e s/x ]
is "$(find s/alien -type f | wc -l)" 900 "and nothing else"
like "$(grep 'nothing was deleted' "$mirror_log.err")" "9[0-9][0-9] of 1[0-9]* entries" \
    "which it says"
rm -r s/alien
echo again >a/again
ok "without them all is equal" mirrored a s
stop_serve
mv a aside && mkdir a
start_serve --listen "127.0.0.1:$port" s="$T/s"
ok "another source in its place: the brake holds" wait_until 15 \
    eval '[ "$(brakes)" -ge 2 ]'
is "$(rsync_diff aside s --exclude=/.zcsync/ | grep -v '\./$')" "" "and nothing was deleted"
stop_mirror
is "$rc" 0 "ends well"
done_testing
