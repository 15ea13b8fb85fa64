#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What a push says of itself, and a dry run before it: counts, the last line, a
# DEST that is made, and what a hard link is a link to.
. "$(dirname "$0")/lib.sh"

need script
cd "$T" || exit
mkdir a
for i in 1 2 3; do echo "file $i" >a/f$i; done
ln a/f1 a/z-link
ln -s f1 a/sym

on_tty() { script -qec "$(printf '%q ' "$ZCSYNC" "$@")" /dev/null | tr -d '\r'; }
counts() # JSON: what there is to send, and what there is to make
{
    grep -o '"\(files_to_send\|bytes_to_send\|created\|replaced\|metadata_changed\)":[0-9]*' \
        <<<"$1" | tr -d '"' | paste -sd' '
}

pushes "a dry run" -n --json a b
is "$(counts "$(tail -n 1 <<<"$out")")" \
    "files_to_send:3 bytes_to_send:21 created:6 replaced:0 metadata_changed:0" \
    "counts what would be sent"
like "$(on_tty push -n a b)" 'dry run: 3 files to send, 21 B, 6 created' \
    "and says so at a terminal"
pushes "a dry run with --stats" -n --stats a b
like "$out" 'regular files transferred: 3' "counts files"
like "$out" 'transferred file size: 21 bytes' "and bytes"

pushes "the run" -i a b
like "$out" $'cd\\+\\+\\+\\+\\+\\+\\+\\+\\+ \\./' "a DEST that is made is new"
like "$out" 'hf\+\+\+\+\+\+\+\+\+ z-link => f1' "a hard link says to what"
pushes "to another DEST" --json a c
like "$out" '"hard_link_to":"f1"' "in JSON, too"
pushes "with a format" -n --out-format=%n%L a d
like "$out" 'z-link => f1' "and in a format"

like "$(on_tty push a b)" 'nothing to do, all 5 entries are equal' \
    "nothing to do is said when there is nothing"
ln -sfn f2 a/sym
like "$(on_tty push -n a b)" '1 replaced' "not when a symlink leads elsewhere"
pushes "the symlink" a b
echo "another 3" >a/f3
cp -a b keep
echo "FILE 2" >b/f2
touch -r a/f2 b/f2
like "$(on_tty push -n -c a b)" 'dry run: 2 files to send, 17 B' \
    "nor when only the content tells"

(umask 077 && exec "$ZCSYNC" push --no-perms a private) ||
    fail "without permissions"
is "$(stat -c %a private private/f1 | paste -sd' ')" "700 600" \
    "a new DEST without permissions follows the umask"
done_testing
