#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The link between two hosts goes silent under churn, for some seconds, and comes
# back: the mirror notices, waits, and makes all equal without help.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"
. "$here/lib-net.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need nft
need_tools churn witness
cut=$((BIG ? 30 : 7))
make_hosts
cut_link()
{
    "${on_b[@]}" nft -f - <<'NFT'
table inet cut {
    chain input { type filter hook input priority 0; policy drop; }
    chain output { type filter hook output priority 0; policy drop; }
}
NFT
}
heal_link() { "${on_b[@]}" nft delete table inet cut; }
ok "the link can be cut and healed" eval 'cut_link && heal_link'

mkdir "$T/a" "$T/share"
serve_as=("${on_b[@]}")
start_serve --plain --trust --listen 10.77.0.2:0 s="$T/share"
mirror_as=("${on_a[@]}")
start_mirror --plain --fsync=none --force-delete --timeout=3 "$T/a" \
    "zcsync://$addr/s"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
start_witness "$T/share"
start_churn "$T/a" 600
sleep 1
cut_link
start=$SECONDS
nok "nothing gets through" shows_up 2 "$T/a" "$T/share"
ok "the mirror says that it noticed" wait_until $((cut + 10)) [ -s "$mirror_log.err" ]
while [ $((SECONDS - start)) -lt $cut ]; do sleep 0.2; done
ok "the mirror lives" mirror_runs
heal_link
ok "changes go through again" shows_up 60 "$T/a" "$T/share"
kill -TERM "$churn_pid"
churn_ends 30
becomes_equal 60 "$T/a" "$T/share" "equal"
witnesses_saw_whole_files

# resets instead of silence, while much is on its way
random_bytes 40000000 >"$T/a/.big"
"${on_b[@]}" nft -f - <<'NFT'
table inet cut {
    chain input { type filter hook input priority 0; policy accept;
        tcp flags & (syn | rst) == 0 reject with tcp reset
    }
}
NFT
sleep 1
heal_link
becomes_equal 60 "$T/a" "$T/share" "equal after resets"
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
ok "no staging folder left" no_litter_soon "$T/share"
done_testing
