#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Root pushes into a directory where another user may make symlinks, and reads
# lists that lie there: nobody else's symlink says where that leads.
. "$(dirname "$0")/lib.sh"

need_root
cd "$T" || exit
make_tree a
mkdir home secret real
echo mine >secret/f
echo one >lists
chown 12345 home
own() { ln -sfn "$1" "$2" && chown -h "${3:-12345}" "$2"; }

own "$T/secret" home/sub
push_exits 3 "DEST is another user's symlink" a home/sub
like "$err" "home/sub: the symlink sub in it belongs to user 12345" "it says so"
push_exits 3 "so is one above it" a home/sub/new
push_exits 3 "for a file, too" lists home/sub/
push_exits 3 "and in a dry run" -n a home/sub
is "$(ls -A secret)" f "nothing was written there"
is "$(cat secret/f)" mine "nor changed"
"$ZCSYNC" mirror a home/sub 2>mirror.err &
mirror=$!
ok "a mirror says it, too" wait_until 10 grep -q 'symlink sub in it' mirror.err
kill $mirror
wait $mirror
is "$(ls -A secret)" f "and writes nothing"

own "$T/real" home/sub 0
pushes "root's own symlink is followed" a home/sub
ok "to where it leads" same_tree a real

own "$T/lists" home/list
push_exits 3 "a list behind one" --files-from=home/list a b
like "$err" "the symlink list in it belongs to user 12345" "is not read"
push_exits 3 "nor rules" --exclude-from=home/list a b
push_exits 3 "nor merged ones" --filter='. home/list' a b
nok "nothing was made" [ -e b ]
pushes "lists from a pipe" --files-from=<(echo empty) a b
pushes "and from standard input" --files-from=/dev/stdin a b </dev/null
done_testing
