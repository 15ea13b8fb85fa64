#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The link between two hosts goes silent under churn, for some seconds, and comes
# back: the mirror notices, waits, and makes all equal without help.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"

need_mirror
[ "${ZC_SANITIZE:-no}" = no ] || skip_all "takes long with sanitizers"
need_root
need ip nft
need_tools churn witness
cut=$((BIG ? 30 : 7))
a=zct$$a b=zct$$b
remove_links()
{
    ip netns del "$a"
    ip netns del "$b"
} 2>/dev/null
trap 'cleanup; remove_links' EXIT
{ ip netns add "$a" && ip netns add "$b" &&
    ip link add "v$a" netns "$a" type veth peer name "v$b" netns "$b"; } \
    2>"$T/log/ip" || skip_all "cannot make network namespaces"
ip -n "$a" link set lo up && ip -n "$a" addr add 10.77.0.1/24 dev "v$a"
ip -n "$b" link set lo up && ip -n "$b" addr add 10.77.0.2/24 dev "v$b"
ip -n "$a" link set "v$a" up && ip -n "$b" link set "v$b" up
cut_link()
{
    ip netns exec "$b" nft -f - <<'NFT'
table inet cut {
    chain input { type filter hook input priority 0; policy drop; }
    chain output { type filter hook output priority 0; policy drop; }
}
NFT
}
heal_link() { ip netns exec "$b" nft delete table inet cut; }
ok "the link can be cut and healed" eval 'cut_link && heal_link'

mkdir "$T/a" "$T/share"
serve_as=(ip netns exec "$b")
start_serve --plain --listen 10.77.0.2:0 s="$T/share"
mirror_as=(ip netns exec "$a")
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
ip netns exec "$b" nft -f - <<'NFT'
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
