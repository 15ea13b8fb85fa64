#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The verification of a mirror, while it lasts: live changes do not wait for it, it
# lets go of what is paused, and goes on where it was after a restart.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-damage.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"
. "$here/lib-verify.sh"

need_mirror
need strace
need_no_sanitizers "cannot be traced with them"
cd "$T" || exit 1
mkdir a
many_files a/d 1500 100 3
mkdir a/e
echo slow >a/e/slow
many_files a/f 40 100
pushes "made" --fsync=none a b
conf "[mirror m]" "path = $T/a" "to = $T/b" "fsync = none" "verify repair = no"

# Whoever reads that file of DEST's takes his time.
with=(strace -D -f -qq -o /dev/null -P "$T/b/e/slow"
    -e inject=pread64:delay_enter=6000000)
at_slow() { [ "$(verify_of m 0 files_so_far)" -ge 900 ]; }
begin()
{
    start_daemon
    ok "in sync" wait_until 20 in_sync m
    run "$ZCSYNC" verify --control="$ctl" m
    ok "a verification begins" wait_until 30 at_slow
}

# ---- live -----------------------------------------------------------------------

begin
for n in 1 2 3; do
    echo "$n" >a/live
    ok "a change comes" wait_until 10 cmp -s a/live b/live
done
ok "while it goes on" [ "$(verify_of m 0 began)" != null ]

# ---- paused ---------------------------------------------------------------------

run "$ZCSYNC" pause --control="$ctl" m
is "$rc" 0 "it can be paused"
open_in_b() { find /proc/[0-9]*/fd -lname "$T/b*" 2>/dev/null | grep -q .; }
nok "and nobody has anything of DEST open" open_in_b
is "$(verify_of m 0 files)" 0 "the verification is not over"
run "$ZCSYNC" resume --control="$ctl" m
ok "and goes on when that is over" wait_until 30 verify_is m 0 began null
is "$(verify_of m 0 found)" 0 "and found nothing"
stop_daemon

# ---- stopped --------------------------------------------------------------------

begin
kill -TERM "$daemon_pid"
reap "$daemon_pid" 20
is "$rc" 0 "the daemon ends in the middle of one"
ok "what is known of it is in a small file" [ "$(stat -c %s state/verify-m)" -lt 1000 ]
damage b/d/d000/f000003
damage b/f/d009/f000039
rm -r a/e b/e
with=()
start_daemon
ok "it goes on" wait_until 30 verify_is m 0 began null
is "$(verify_of m 0 found)" 1 "where it was: what comes later is found"
ok "and named" said 'verify: f/d009/f000039 has other content'
is "$(said 'f000003')" 0 "what had been compared was not again"
verify_now m 1
is "$(verify_of m 0 found)" 2 "but it is the next time"
kill -KILL "$daemon_pid"
reap "$daemon_pid"

# ---- damaged --------------------------------------------------------------------

for text in "" garbage "zcsync verify 1" "$(head -c 2000000 /dev/zero | tr '\0' x)"; do
    printf '%s' "$text" >state/verify-m
    start_daemon
    ok "a state of ${#text} bytes is no harm" wait_until 20 in_sync m
    stop_daemon
done
rm -r state
echo file >state
start_daemon
verify_now m 1
is "$(verify_of m 0 found)" 2 "it is done where nothing can be written"
is "$(said 'will not be known after a restart')" 1 "which is said once"
stop_daemon
done_testing
