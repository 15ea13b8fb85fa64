#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A destination that is full for some time: a line in the log for the reason and
# one with a count, however many files wait; status says what, where, since when
# and what comes next. A source that is not there yet is waited for, and that is
# said, too. What another host says bears its name.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need_root
need perl
mkdir "$T/a" "$T/full" "$T/ro"
mount -t tmpfs -o size=1m none "$T/full" 2>"$T/log/mount" || skip_all "cannot mount"
let_go() { umount "$T/full"; }
at_exit+=(let_go)
start_serve --read-only ro="$T/ro"
conf "[mirror full]" "path = $T/a" "to = $T/full/b" \
    "[mirror ro]" "path = $T/a" "to = zcsync://$addr/ro" \
    "[mirror late]" "path = $T/later" "to = $T/late"
start_daemon
waits --timeout=60 full
for ((i = 0; i < 300; i++)); do head -c 40000 /dev/zero | tr '\0' x >"$T/a/f$i"; done
says() { "$ZCSYNC" status --control="$ctl" "$1" | grep -Eq "$2"; }
ok "status says what, since when and what comes next" wait_until 30 \
    says full 'blocked for [^ ]*: .*No space left on device.*; next try in [0-9]+ s'
ok "and how much" wait_until 30 says full 'and [0-9]+ more'
in_json() { "$ZCSYNC" status --control="$ctl" --json full | grep -Eq "$1"; }
ok "JSON has it" wait_until 30 in_json '"retry_seconds":[0-9.]+'
sleep 3
like "$(said 'No space left')" '^[1-9]$' "a few lines for hundreds of files"

ok "a source that is not there is said to be waited for" \
    says late 'source gone.*: .*No such file or directory'
ok "by its peers, too, which do not try anything" \
    says late "$T/late  waits for the source; sent"
status late
unlike "$out" 'died' "and nothing died of it"
mkdir "$T/later"
echo 1 >"$T/later/f"
ok "it begins when there is one" wait_until 20 cmp -s "$T/later/f" "$T/late/f"

ok "what the other host says bears its name" \
    says ro "${addr%:*}: share ro is read-only.*; next try in"
is "$(said 'share ro is read-only')" 1 "once in the log"
ok "it is tried again" wait_until 20 eval '[ "$(grep -c "ro is read-only" "$serve_log.err")" -gt 2 ]'
is "$(said '/ro: [0-9.:]*, plain')" 1 "and who is there is said once, too"
mount -o remount,size=40m "$T/full"
ok "when there is room again all is sent" wait_until 60 looks_equal "$T/a" "$T/full/b"
waits --timeout=60 full
is "$rc" 0 "in sync"
ok "and nothing comes next" wait_until 10 eval '! says full "next try"'
stop_daemon
done_testing
