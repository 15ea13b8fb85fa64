#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Reading the source leaves its atimes alone (but for symlinks, which cannot be
# read without).
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
many_files "$T/a/small" 50 500
# relatime would update these, as they lie before mtime and a day back
find "$T/a" ! -type l -print0 >"$T/entries"
xargs -0 touch -a -d '2000-01-01 00:00:00.123456789' <"$T/entries"
atimes() { xargs -0 stat -c '%n %x' <"$T/entries"; }
before=$(atimes)
pushes "push" "$T/a" "$T/b"
is "$(atimes)" "$before" "atimes of files and directories are as they were"
pushes "push -c" -c "$T/a" "$T/b"
is "$(atimes)" "$before" "and after -c"
done_testing
