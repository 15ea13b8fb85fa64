#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Files and directories that vanish while the push runs: exit 24 (or 0, if seen in
# time), never 23; the rest done; the next run with --delete makes it equal.
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"

mkdir "$T/share"
start_serve s="$T/share"
seen=0
for round in {1..15}; do
    [ "$round" -gt 5 ] && [ "$seen" -gt 0 ] && break
    rm -rf "$T/a" && find "$T/share" -mindepth 1 -delete
    many_files "$T/a" 1000 8000 20
    # something is there already, so that lists go first and data later
    mkdir "$T/share/d019" && cp -p "$T/a"/d019/* "$T/share/d019"
    hold=$T/go.$round
    # answers wait while names go across: now remove what was listed
    start_relay --hold-down "$((40 + round * 150)):$hold" --to "$addr"
    background push "$ZCSYNC" push --fsync=none "$T/a" \
        "zcsync://$relay/s"
    push_pid=$pid
    # there is nothing to wait for that would show how far the sender came
    sleep "0.$(printf %03d $(((round - 1) * 25)))"
    rm -rf "$T/a/d007" "$T/a/d012" "$T/a/d000/f000000" "$T"/a/d018/*5
    touch "$hold"
    reap "$push_pid"
    stop_relay
    err=$(cat "$T/log/push.err")
    case $rc in
    0) ;;
    24)
        seen=$((seen + 1))
        [[ $err =~ d007|d012|d018|d000 ]] || fail "the sentence names what vanished" "$err"
        [ "$(wc -l <<<"$err")" -le 45 ] || fail "in few lines" "$err"
        ;;
    *) fail "round $round: exit $rc, wanted 0 or 24" "$err" ;;
    esac
    ok "round $round: the rest is there" files_whole "$T/a" "$T/share"
    is "$(find "$T/share/d003" -type f | wc -l)" 50 "complete"
    pushes "the next run" --fsync=none --delete "$T/a" "zcsync://$addr/s"
    ok "equal" same_tree "$T/a" "$T/share"
done
ok "vanishing was seen and told" [ "$seen" -gt 0 ]
ok "no staging folder left" no_litter "$T/share"

# SRC itself goes away: never a reason to delete
rm -rf "$T/b" && mkdir "$T/b"
many_files "$T/a2" 1000 2000 30
pushes "first" "$T/a2" "$T/b"
random_bytes 30000000 >"$T/a2/aaa"
background push "$ZCSYNC" push --bwlimit=20M --delete "$T/a2" "$T/b"
push_pid=$pid
wait_until 10 [ -d "$T/b/.zcsync" ]
rm -rf "$T/a2"
reap "$push_pid"
like "$rc" '^(0|23|24|25|3)$' "SRC vanishes: exit $rc"
[ "$rc" = 0 ] || ok "files stay" [ "$(find "$T/b" -name 'f*' | wc -l)" = 1000 ]
done_testing
