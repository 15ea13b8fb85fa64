#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Receivers are killed, the server is killed and comes back, the process that
# starts local receivers is killed: the mirror connects again and what was
# missed is made good.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
cd "$T" || exit
make_tree a
mkdir share
start_serve s="$T/share"
at=$addr
start_mirror -v a b "zcsync://$at/s"
ok "at first" mirrored a b
ok "at the server, too" mirrored a share

# shellcheck disable=SC2046
kill -KILL $(children "$serve_pid")
echo 1 >a/after-receiver
ok "its receiver was killed: the server's copy" mirrored a share

local_receivers() { for p in $(children "$mirror_pid"); do children "$p"; done; }
ok "there is a local receiver" [ -n "$(local_receivers)" ]
# shellcheck disable=SC2046
kill -KILL $(local_receivers)
ok "its end is said" wait_until 20 grep -q '^zcsync: b: disconnected: ' "$mirror_log.err"
echo 2 >a/after-local
ok "the local receiver was killed: the local copy" mirrored a b
ok "the killing is logged" grep -q 'receiver was killed by signal 9' "$mirror_log.err"

# shellcheck disable=SC2046
kill -KILL $(children "$mirror_pid")
# shellcheck disable=SC2046
kill -KILL $(children "$serve_pid")
echo 3 >a/after-forker
rm a/empty
ok "the one that starts them was killed, and more: the local copy" mirrored a b
ok "the server's copy" mirrored a share

kill -KILL "$serve_pid"
# shellcheck disable=SC2046
kill -KILL $(children "$serve_pid") 2>/dev/null
reap "$serve_pid"
echo 4 >a/after-server
mv a/c a/d
rm -r a/b
ok "without a server, the local copy" mirrored a b
start_again() { start_serve --listen "$at" s="$T/share" 2>/dev/null; }
ok "the server is back" wait_until 20 start_again
ok "the server's copy" mirrored a share
echo 5 >a/later
ok "and it goes on" mirrored a share

stop_mirror
is "$rc" 0 "it ends"
# A receiver whose parent was killed may still be ending.
ok "no staging folder left" no_litter_soon b
ok "nor at the server" no_litter_soon share
ok "equal: local" same_tree a b
ok "equal: server" same_tree a share
done_testing
