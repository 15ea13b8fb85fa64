#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The properties of files on btrfs go along to another btrfs, live too; where
# there is none that is said once, and is no difference.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_mounts
need btrfs getfattr setfattr
make_fs btrfs "$T/m" 300 || skip_all "cannot make a btrfs"
a=$T/m/a b=$T/m/b

property() { btrfs property get "$1" compression; }
compress() { btrfs property set "$1" compression "$2"; }

mkdir -p "$a/d/sub" "$a/plain" "$a/empty"
compress "$a/d" zstd 2>/dev/null || skip_all "no compression here"
compress "$a/empty" lzo
yes x | head -c 300000 >"$a/d/f"
compress "$a/d/f" lzo
echo small >"$a/d/small"
echo g >"$a/d/sub/g"
echo p >"$a/plain/p"
setfattr -n user.x -v y "$a/plain/p"

pushes "a push" "$a" "$b"
for name in d d/f d/small d/sub/g plain/p empty; do
    is "$(property "$b/$name")" "$(property "$a/$name")" "$name has its own"
done
push -i "$a" "$b"
is "$out" "" "the next push has nothing to do"

compress "$a/d/small" zlib
compress "$b/plain" zstd
push -i "$a" "$b"
is "$rc" 0 "a change"
like "$out" "x d/small" "is told as one of attributes"
unlike "$out" "plain" "what only the copy has is left to it"
is "$(property "$b/d/small")" "compression=zlib" "it is made"
is "$(property "$b/plain")" "compression=zstd" "what it has stays"
echo new >"$a/plain/new"
pushes "into a directory that has one of its own" "$a" "$b"
is "$(property "$b/plain/new")" "compression=zstd" "what is new takes it"
push -i "$a" "$b"
is "$out" "" "which is no difference"

start_mirror --fsync=none "$a" "$b"
echo live >"$a/live"
ok "a mirror comes up" wait_until 20 cmp "$a/live" "$b/live"
compress "$a/d/sub/g" zlib
live() { [ "$(property "$b/d/sub/g")" = compression=zlib ]; }
ok "live" wait_until 20 live
stop_mirror

pushes "without attributes" --no-xattrs "$a" "$T/m/c"
is "$(property "$T/m/c/d/f")" "" "there are none"

mkdir "$T/e"
pushes "to another file system" "$a" "$T/e"
one_sentence "not on btrfs and does not keep" "that is said once"
ok "all else is there" diff -r "$a" "$T/e"
is "$(getfattr --only-values -n user.x "$T/e/plain/p" 2>/dev/null)" y \
    "with other attributes"
push -i "$a" "$T/e"
is "$rc:$out" "0:" "and nothing is left to do"
done_testing
