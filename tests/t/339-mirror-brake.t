#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# More is removed than --max-delete allows: the rest is mirrored, the log says
# why the brake holds, once; and when the names are back, all is in sync.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
make_tree a
many_files a/many 60 10
start_mirror -v --max-delete=20 a b
ok "at first" mirrored a b
mv a/many away && echo new >a/new
ok "the brake holds" wait_until 20 grep -q '^zcsync: b: .*--max-delete' "$mirror_log.err"
ok "the rest goes on" wait_until 20 [ -e b/new ]
ok "nothing is deleted" diff -r away b/many
echo newer >a/new
wait_until 20 grep -q newer b/new
ok "and on" grep -q newer b/new
mv away a/many
ok "it is back" mirrored a b
ok "in sync again" wait_until 20 eval '[ "$(grep -c "b: in sync" "$mirror_log.err")" = 2 ]'
is "$(grep -c -- --max-delete "$mirror_log.err")" 1 "the log told it once"
rm a/many/d000/*
ok "few deletions are done" mirrored a b
stop_mirror
ok "equal at the end" same_tree a b
done_testing
