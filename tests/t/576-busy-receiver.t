#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A receiver that is busy for longer than the time-out is waited for, by push and
# mirror: with one file's sync, and with a disk so slow that nothing can be sent.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need strace
need_no_sanitizers "strace and LeakSanitizer do not go together"
strace -f -e trace=none true 2>/dev/null || skip_all "cannot trace here"
mkdir "$T/a" "$T/share"
random_bytes 30000000 >"$T/a/large"

# What is called takes its time: CALLS, COUNT of them 5 s each.
slow_serve()
{
    serve_as=(strace -D -f -qq -o "$T/log/strace" -e "trace=$1"
              -e "inject=$1:delay_enter=5000000:when=$2")
    rm -rf "$T/share"
    mkdir "$T/share"
    start_serve --timeout=2 s="$T/share"
}

slow_serve fsync,fdatasync,syncfs 1
pushes "a sync of 5 seconds" --timeout=2 "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
stop_serve

slow_serve splice,write,pwrite64 20
pushes "a write of 5 seconds" --timeout=2 "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
start_mirror -v --timeout=2 "$T/a" "zcsync://$addr/s"
ok "in sync" wait_until 30 grep -q 'in sync' "$mirror_log.err"
sleep 3 # longer than the time-out, with nothing to say
echo more >"$T/a/more"
ok "and the mirror goes on" wait_until 20 cmp -s "$T/a/more" "$T/share/more"
nok "by the same connection" grep -q disconnected "$mirror_log.err"
stop_mirror
stop_serve
done_testing
