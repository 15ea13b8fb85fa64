#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The clock jumps by an hour, either way, under a mirror and its server: it goes
# on as if nothing had happened, and connects again without waiting for an hour.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"

need_mirror
need_no_sanitizers "libfaketime and sanitizers do not mix"
need_tools churn
faketime=$(find /usr/lib /usr/local/lib -name 'libfaketimeMT.so.1' 2>/dev/null | head -n 1)
[ -n "$faketime" ] || skip_all "libfaketime is not installed"
jump() { echo "$1" >"$T/clock.new" && mv "$T/clock.new" "$T/clock"; }
jump +0
faked=(env LD_PRELOAD="$faketime" FAKETIME_TIMESTAMP_FILE="$T/clock"
    FAKETIME_NO_CACHE=1 DONT_FAKE_MONOTONIC=1 FAKETIME_DONT_FAKE_MONOTONIC=1
    NO_FAKE_STAT=1 FAKE_UTIME=0)
is "$("${faked[@]}" cat /dev/null && "${faked[@]}" true && echo fine)" fine \
    "programs run with their own clock"
mkdir "$T/a" "$T/share"
serve_as=("${faked[@]}")
mirror_as=("${faked[@]}")
start_serve s="$T/share"
at=$addr
start_mirror --fsync=none --timeout=5 "$T/a" "zcsync://$at/s"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
seed=6
for hour in +1h -1h +0; do
    jump "$hour"
    "$churn" --seed "$((seed += 1))" --ops 300 "$T/a" >"$T/log/ops"
    ok "$hour: changes go through" shows_up 10 "$T/a" "$T/share"
    becomes_equal 30 "$T/a" "$T/share" "$hour: equal"
done
# back-off under a clock that goes back
stop_serve
echo offline >"$T/a/offline"
sleep 1
jump -1h
start_serve --listen "$at" s="$T/share"
ok "it connects again" wait_until 60 [ -e "$T/share/offline" ]
ok "and follows" shows_up 10 "$T/a" "$T/share"
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
done_testing
