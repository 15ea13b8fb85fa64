#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A mirror whose process was killed in the middle of its first copy copies nothing
# until there is another, and status does not say that it does.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need perl
need_mirror
mkdir "$T/a"
random_bytes 3000000 >"$T/a/f"
conf "[mirror one]" "path = $T/a" "to = $T/b" "bwlimit = 50K"
start_daemon
# says TEXT: status --json, which is in $out then
says() { status --json && [[ $out == *"$1"* ]]; }
ok "it copies" wait_until 20 says '"progress":{'
p=$(watcher one)
[ "${p:-0}" -gt 0 ] && kill -KILL "$p"
ok "its process is gone" wait_until 20 says '"pid":0'
like "$out" '"progress":null' "and copies nothing"
stop_daemon
done_testing
