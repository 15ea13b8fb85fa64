#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A receiver hangs, with a version of a file still unread in its connection; the
# mirror gives up waiting and connects again. The old receiver must not wake up
# and put the old version in place when the new one has made all equal.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror

mkdir "$T/a" "$T/share"
start_serve -v s="$T/share"
start_mirror --fsync=none --timeout=2 "$T/a" "zcsync://$addr/s"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
old=$(children "$serve_pid")
kill -STOP "$old"
echo old >"$T/a/file"
echo gone >"$T/a/deleted"
second_receiver() { [ "$(children "$serve_pid" | wc -w)" -ge 2 ]; }
ok "the mirror connects again" wait_until 30 second_receiver
echo new >"$T/a/file"
rm "$T/a/deleted"
becomes_equal 40 "$T/a" "$T/share" "equal with a new receiver"
ok "the old one is gone" gone_or_zombie "$old"
kill -CONT "$old" 2>/dev/null
becomes_equal 10 "$T/a" "$T/share" "and equal it stays"
is "$(cat "$T/share/file")" new "the new version is there"
like "$(cat "$serve_log.err" 2>/dev/null)" \
    "newer connection of the same mirror" "which the receiver's log tells"

# two mirrors into one share leave each other alone
mkdir "$T/c"
start_mirror --fsync=none --no-delete "$T/c" "zcsync://$addr/s"
ok "another mirror comes up" shows_up 20 "$T/c" "$T/share"
is "$(children "$serve_pid" | wc -w)" 2 "beside the first"
done_testing
