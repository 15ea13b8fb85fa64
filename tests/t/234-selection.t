#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -c finds what size and time hide, -u leaves newer files alone, -x stays on one
# file system.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

make_tree "$T/a"
pushes "first" "$T/a" "$T/b"
printf 'ONE b\n' >"$T/b/b/one"
touch -r "$T/a/b/one" "$T/b/b/one"
before=$(ctimes "$T/b")
pushes "same size and time" "$T/a" "$T/b"
is "$(cat "$T/b/b/one")" "ONE b" "is taken for equal, as in rsync"
is "$(ctimes "$T/b")" "$before" "nothing touched"
inode=$(stat -c %i "$T/b/big")
pushes "-c" -c -i "$T/a" "$T/b"
is "$out" "<fc........ b/one" "finds it, and only it"
ok "equal" same_tree "$T/a" "$T/b"
is "$(stat -c %i "$T/b/big")" "$inode" "an equal file is not sent again"
touch "$T/a/big"
pushes "-c and only the time differs" -c -i "$T/a" "$T/b"
is "$out" ".f..t...... big" "only the time is set"
is "$(stat -c %i "$T/b/big")" "$inode" "on the same file"

echo newer one >"$T/b/b/one" && touch -d '+1 hour' "$T/b/b/one"
echo changed >"$T/a/a/one"
pushes "-u" -u "$T/a" "$T/b"
is "$(cat "$T/b/b/one")" "newer one" "the newer file stays"
is "$(cat "$T/b/a/one")" changed "the older one is replaced"
touch -r "$T/a/b/one" "$T/b/b/one"
pushes "-u with equal times and other sizes" -u "$T/a" "$T/b"
ok "is replaced" cmp "$T/a/b/one" "$T/b/b/one"

if [ "$(id -u)" = 0 ] && mount_at -t tmpfs tmpfs "$T/a/mnt"; then
    echo inside >"$T/a/mnt/f"
    pushes "-x" -x "$T/a" "$T/c"
    ok "the mount point is there" [ -d "$T/c/mnt" ]
    nok "its content is not" [ -e "$T/c/mnt/f" ]
    mkdir -p "$T/d/mnt" && echo old >"$T/d/mnt/old"
    pushes "-x with --delete" -x --delete "$T/a" "$T/d"
    is "$(cat "$T/d/mnt/old")" old "what lies below the mount point is left alone"
    pushes "without -x" "$T/a" "$T/c"
    is "$(cat "$T/c/mnt/f")" inside "the content comes along"
    umount "$T/a/mnt"
else
    skip 7 "cannot mount"
fi
done_testing
