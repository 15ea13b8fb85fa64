#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A push that was interrupted, and waits for its receiver, says so on the terminal; one
# more Ctrl-C ends it.
. "$(dirname "$0")/lib.sh"

need script pgrep
mkdir "$T/a"
random_bytes 5000000 >"$T/a/f"
cat >"$T/tty.sh" <<EOF
echo \$\$ >$T/pid
exec env --default-signal=INT $(printf '%q ' "$ZCSYNC" push --bwlimit=200K "$T/a" "$T/b")
EOF
background tty script -qefc "bash $T/tty.sh" "$T/log/typescript"
drawn() { tr '\r' '\n' <"$T/log/typescript" | grep -qE "$1"; }
ok "a push" wait_until 30 drawn 'MiB  [0-9]+%'
push_pid=$(cat "$T/pid")
receiver=$(pgrep -P "$push_pid" | head -n 1)
kill -STOP "$receiver"
kill -INT "$push_pid"
ok "waits for a receiver that does not go on" \
    wait_until 30 drawn '^stopping: waiting for the receiver; Ctrl-C ends it at once *$'
kill -INT "$push_pid"
reap "$pid" 20
is "$rc" 20 "but not after a second Ctrl-C"
kill -CONT "$receiver" 2>/dev/null
gone() { ! kill -0 "$receiver" 2>/dev/null; }
ok "the receiver ends by itself" wait_until 30 gone
is "$(ls -A "$T/b")" "" "and leaves nothing that is not complete"
done_testing
