#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file that was written through a mapping, and is still mapped, arrives.
. "$(dirname "$0")/lib.sh"

need xfs_io
mkdir "$T/a"
random_bytes 3000000 >"$T/a/f"
pushes "before" "$T/a" "$T/b"

mkfifo "$T/commands"
xfs_io "$T/a/f" <"$T/commands" >"$T/log/xfs_io" 2>&1 &
started+=($!)
exec 5>"$T/commands"
echo "mmap -rw 0 3m" >&5
echo "mwrite -S 0x62 0 1000000" >&5
written() { [ "$(head -c 1 "$T/a/f")" = b ]; }
ok "a writer has the file mapped" wait_until 10 written
pushes "push while it is mapped" "$T/a" "$T/b"
ok "equal" cmp "$T/a/f" "$T/b/f"
echo quit >&5
exec 5>&-
wait_until 5 gone_or_zombie "${started[-1]}"
pushes "push after" "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
done_testing
