#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A connection that something on the way drops without a word, while nothing is
# sent or in the middle of it: both ends notice within the time-out, and a new
# one brings what was written meanwhile.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-net.sh"

need_mirror
need nft
need ss
make_hosts
mkdir "$T/a" "$T/share"
echo 1 >"$T/a/f"
serve_as=("${on_b[@]}")
start_serve -v --plain --timeout=4 --listen 10.77.0.2:0 s="$T/share"
mirror_as=("${on_a[@]}")
start_mirror -v --plain --timeout=4 "$T/a" "zcsync://$addr/s"
in_sync() { [ "$(grep -c 'in sync' "$mirror_log.err")" = "$1" ]; }
ok "in sync" wait_until 20 in_sync 1

port() { "${on_a[@]}" ss -tnH state established dst 10.77.0.2 |
        awk '{ sub(/.*:/, "", $3); print $3 }'; }
# Drops what belongs to the connection there is now, both ways; others pass.
drop()
{
    local port
    port=$(port)
    like "$port" '^[0-9]+$' "there is one connection"
    "${on_b[@]}" nft "add table inet t$port
        add chain inet t$port i { type filter hook input priority 0; }
        add chain inet t$port o { type filter hook output priority 0; }
        add rule inet t$port i tcp sport $port drop
        add rule inet t$port o tcp dport $port drop"
}
lost() { [ "$(grep -c 'disconnected:' "$mirror_log.err")" = "$1" ]; }

drop
echo 2 >"$T/a/g"
ok "a change on a dead connection gets there" \
    wait_until 30 cmp -s "$T/a/g" "$T/share/g"
ok "the log says what happened" grep -q 'disconnected: .*no answer' "$mirror_log.err"

wait_until 20 in_sync 2
drop
ok "a dead connection is noticed although nothing is sent" wait_until 30 lost 2
ok "in sync again" wait_until 20 in_sync 3
is "$(port | wc -l)" 1 "by one connection"
stop_mirror
is "$rc" 0 "it ends well"
ok "nothing is left at the receiver" no_litter_soon "$T/share"
done_testing
