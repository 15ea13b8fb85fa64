#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --timeout against a peer that fell silent: 30. --contimeout against an address
# that does not answer: 35.
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"

mkdir "$T/share"
make_tree "$T/a"
random_bytes 30000000 >"$T/a/large"
start_serve s="$T/share"

silent() # NAME RELAY-OPTION...
{
    local name=$1 start=$SECONDS
    shift
    start_relay "$@"
    push_exits 30 "$name" --timeout=2 "$T/a" "zcsync://$relay/s"
    one_sentence 'time|answer|silent' "one sentence"
    ok "in time" [ $((SECONDS - start)) -lt 15 ]
    stop_relay
    ok "nothing is half there" files_whole "$T/a" "$T/share"
}
silent "a peer that never says a word" --stall-down 0 --to "$addr"
silent "a peer that falls silent early" --stall-down 100 --to "$addr"
silent "a peer that stops reading" --stall-up 1000000 --to "$addr"

pushes "a slow peer is not a silent one" --timeout=2 --bwlimit=10M "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"

start_relay --blackhole
start=$SECONDS
push_exits 35 "an address that does not answer" --contimeout=2 "$T/a" "zcsync://$relay/s"
one_sentence "${relay%:*}" "one sentence"
ok "in time" [ $((SECONDS - start)) -lt 15 ]

stop_serve
ok "no staging folder left" no_litter "$T/share"
done_testing
