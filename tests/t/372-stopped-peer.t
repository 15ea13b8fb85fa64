#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One of three peers stops for some time (SIGSTOP of all its processes) under
# churn: the others stay current, the mirror's memory is bounded, and the third
# becomes equal when it goes on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_tools churn
stopped=$((BIG ? 30 : 6))
mkdir -p "$T/a/churn"
dests=()
for n in 1 2 3; do
    mkdir "$T/share$n"
    start_serve s="$T/share$n"
    dests+=("zcsync://$addr/s")
    [ $n = 2 ] && second=$serve_pid
done
start_mirror --fsync=none "$T/a" "${dests[@]}"
for n in 1 2 3; do
    ok "peer $n comes up" shows_up 20 "$T/a" "$T/share$n"
done
rss() # KiB of the mirror and all below it
{
    local p sum=0
    for p in $(family "$mirror_pid"); do
        sum=$((sum + $(sed -n 's/^RssAnon:[^0-9]*\([0-9]*\).*/\1/p' \
            "/proc/$p/status" 2>/dev/null || echo 0)))
    done
    echo $sum
}
before=$(rss)
# shellcheck disable=SC2046
kill -STOP $(family "$second")
start_churn "$T/a/churn" $stopped
many_files "$T/a/many" $((BIG ? 50000 : 4000)) 500 50
current=0 tries=0
while churning; do
    tries=$((tries + 1))
    shows_up 5 "$T/a" "$T/share1" && shows_up 5 "$T/a" "$T/share3" &&
        current=$((current + 1))
    sleep 0.3
done
is "$current" "$tries" "the others were current at each of $tries looks"
churn_ends 30
becomes_equal 30 "$T/a" "$T/share1" "the first peer is equal"
becomes_equal 30 "$T/a" "$T/share3" "the third peer is equal"
after=$(rss)
diag "memory of the mirror: $before KiB before, $after KiB after"
[ "${ZC_SANITIZE:-}" = yes ] && after=$before
ok "in bounded memory" [ "$after" -lt $((before + 65536)) ]
# shellcheck disable=SC2046
kill -CONT $(family "$second")
becomes_equal 60 "$T/a" "$T/share2" "the one that was stopped becomes equal"
ok "and follows again" shows_up 20 "$T/a" "$T/share2"
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
for n in 1 2 3; do
    ok "no staging folder left at peer $n" no_litter_soon "$T/share$n"
done
done_testing
