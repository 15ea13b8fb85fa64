#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Hard links that the destination does not allow, as their directories belong to
# different projects, become files of their own, which is said; once, and not with
# every run.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_mounts
need xfs_io
make_fs xfs "$T/xfs" 320 || skip_all "cannot make an xfs"
a=$T/a b=$T/xfs/b
mkdir -p "$a/u1" "$a/u2" "$b/u1" "$b/u2"
for i in 1 2; do
    xfs_io -c "chproj $i$i" -c "chattr +P" "$b/u$i" ||
        skip_all "no projects here"
done
head -c 300000 /dev/urandom >"$a/u1/f"
ln "$a/u1/f" "$a/u1/g"
ln "$a/u1/f" "$a/u2/f"
ln "$a/u1/f" "$a/u2/g"

equal_but_links() { rsync -aAX --checksum -n -i --delete "$a/" "$b/"; }

push_exits 23 "a push" "$a" "$b"
like "$err" "hard link: Invalid cross-device" "says what it cannot do"
is "$(equal_but_links)" "" "all is there"
push "$a" "$b" # which may link what the first one made at the same time
push -i "$a" "$b"
unlike "$out" "<f" "a third sends nothing again"
echo more >>"$a/u1/f"
push "$a" "$b"
is "$(equal_but_links)" "" "a change is everywhere"

start_mirror --fsync=none "$a" "$b"
echo live >"$a/live"
ok "a mirror comes up" wait_until 20 cmp "$a/live" "$b/live"
mv "$a/u1/g" "$a/u2/h"
echo again >>"$a/u1/f"
live() { cmp "$a/u1/f" "$b/u1/f" && cmp "$a/u2/h" "$b/u2/h" &&
    [ ! -e "$b/u1/g" ]; }
ok "live" wait_until 20 live
stop_mirror
is "$(equal_but_links)" "" "equal"
done_testing
