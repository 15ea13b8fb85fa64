#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsyncd mirrors to a daemon that has keys only: without its [peer] named, the
# sentence says what is missing, and its address is no way around the key.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

key=$("$ZCSYNC" keygen -f "$T/key")
theirs=$("$ZCSYNC" keygen -f "$T/theirs")
mkdir "$T/share"
make_tree "$T/a"
start_serve --identity="$T/theirs" --peer-key="$key" s="$T/share"
there=$addr listen=none

conf "identity = $T/key" "[mirror m]" "path = $T/a" "to = zcsync://$there/s"
start_daemon
told() { field m peer.text | grep -qF "$1"; }
ok "a mirror to an address of which no key is known" wait_until 20 told \
    "$there does not speak plain, and no [peer] with its 'public key' is named"
is "$(ls -A "$T/share")" "" "has sent nothing"

mirror=("[mirror m]" "path = $T/a")
peer=("[peer two]" "address = $there" "public key = $theirs")
conf "identity = $T/key" "${peer[@]}" "${mirror[@]}" "to = zcsync://$there/s"
wrong="to: 'zcsync://$there/s' is [peer two], which has a public key: write \
two::s"
runs_with 1 "to an address that is a peer's" "$ZCSYNC" check-config "$T/conf"
is "$err" "zcsync: $T/conf:10: $wrong" "is refused, with what to write"
kill -HUP "$daemon_pid"
ok "by the daemon, too" wait_until 10 grep -qF "$wrong" "$daemon_log"

conf "identity = $T/key" "${peer[@]}" "${mirror[@]}" "to = two::s"
kill -HUP "$daemon_pid"
ok "written so it is in sync" wait_until 40 in_sync m
is "$(rsync_diff "$T/a" "$T/share" --exclude=/.zcsync/)" "" "all of it is there"
is "$(field m peer.key)" "$theirs" "and encrypted for that key"
stop_daemon
is "$rc" 0 "the daemon ends"
done_testing
