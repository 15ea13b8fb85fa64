#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All places of a zcsyncd are taken by some who have said HELLO and nothing more:
# they make room for one who says what he wants; those who are at work do not.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"

make_tree "$T/a"
mkdir "$T/open"
conf "max connections = 4" "[share plain]" "path = $T/open"
start_daemon -v || exit 1
hello 1 0 0 >"$T/hello"
come()
{
    "$meddle_tool" --to "$addr" --hang --send "$T/hello" >/dev/null 2>&1 &
    started+=("$!")
}
said() { [ "$(grep -c "$1" "$daemon_log")" -ge "$2" ]; }
for i in 1 2 3 4; do come; done
ok "four are there" wait_until 10 said ': has shaken hands, plain' 4
pushes "a push" "$T/a" "zcsync://$addr/plain"
ok "arrives" same_tree "$T/a" "$T/open"
ok "one has made room" said 'refused: made room for another' 1

# Those that are at work are left alone.
for i in 1 2 3 4; do
    background "m$i" "$ZCSYNC" mirror -v "$T/a" "zcsync://$addr/plain/m$i"
    pids[i]=$pid
done
in_sync() { for i in 1 2 3 4; do grep -q 'in sync' "$T/log/m$i.err" || return; done; }
ok "four mirrors take the places of the others" wait_until 30 in_sync
runs_with "10|12" "a fifth" "$ZCSYNC" push "$T/a" "zcsync://$addr/plain"
ok "is told so in the log" wait_until 5 said 'refused: 4 connections are open already' 1
echo more >"$T/a/more"
all_have() { for i in 1 2 3 4; do [ -e "$T/open/m$i/more" ] || return; done; }
ok "and the mirrors go on" wait_until 30 all_have
for i in 1 2 3 4; do
    kill -TERM "${pids[i]}"
    reap "${pids[i]}"
done
done_testing
