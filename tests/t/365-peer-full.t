#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The peer's disk is full: what fits goes on, what does not is named, nothing is
# shown half written, and with room again all becomes equal without help.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_mounts
need_tools churn witness
make_fs tmpfs "$T/share" 10
make_fs tmpfs "$T/c" 10
mkdir "$T/a"
start_serve s="$T/share"
start_mirror --fsync=none "$T/a" "zcsync://$addr/s" "$T/c"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
"$churn" --seed 1 --ops 300 --rate 0 --entries 200 "$T/a" >"$T/log/ops"
becomes_equal 30 "$T/a" "$T/share" "equal, to begin with"

start_witness "$T/share" "$T/c"
"$churn" --rewrite "$T/a/too-big" --size 20000000 --ops 1 >"$T/log/ops"
ok "the mirror says so" wait_until 20 grep -q 'too-big.*No space left' "$mirror_log.err"
ok "small things go on" shows_up 15 "$T/a" "$T/share"
ok "at the other peer, too" shows_up 15 "$T/a" "$T/c"
nok "nothing of it under the name" [ -s "$T/share/too-big" ]
"$churn" --seed 2 --ops 300 --rate 0 --entries 200 "$T/a" >"$T/log/ops"
sleep 1
ok "the mirror lives" mirror_runs
for peer in share c; do
    mount -o remount,size=100m "$T/$peer"
done
becomes_equal 90 "$T/a" "$T/share" "with room again it becomes equal"
becomes_equal 90 "$T/a" "$T/c" "so does the other peer"
witnesses_saw_whole_files
ok "few words" [ "$(wc -l <"$mirror_log.err")" -lt 200 ]
stop_mirror
ok "no staging folder left" no_litter_soon "$T/share"
ok "nor here" no_litter_soon "$T/c"
done_testing
