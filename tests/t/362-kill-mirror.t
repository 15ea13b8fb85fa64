#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of the mirror, of its embedded receiver, of the session at the server
# and of the server, in turns, under churn: all that is left to do by others is
# to start again what was killed and has no parent to do it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_tools churn witness
kills=$((BIG ? 100 : 16))
mkdir "$T/a" "$T/b" "$T/share"
start_serve s="$T/share"
at=$addr
# half of the tree may well be deleted while nobody looks: that is meant here
mirror() { start_mirror --fsync=none --force-delete "$T/a" "$T/b" "zcsync://$at/s"; }
again_at_port()
{
    start_serve --listen "$at" s="$T/share" 2>/dev/null
}
mirror
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
start_witness "$T/b" "$T/share"
start_churn "$T/a" 600

up_again=0
for ((n = 0; n < kills; n++)); do
    perl -e 'select undef, undef, undef, 0.2 + rand 0.5'
    # shellcheck disable=SC2046
    case $((n % 4)) in
    0) kill -KILL $(children "$serve_pid") ;;
    1) kill -KILL $(leaves "$mirror_pid") ;;
    2)
        kill_family "$mirror_pid" "the mirror"
        mirror
        ;;
    3)
        kill -KILL "$serve_pid" $(children "$serve_pid")
        reap "$serve_pid"
        wait_until 20 again_at_port || fail "the server comes up again"
        ;;
    esac 2>/dev/null
    if ((n % 8 == 7)); then
        shows_up 40 "$T/a" "$T/share" && shows_up 40 "$T/a" "$T/b" &&
            up_again=$((up_again + 1))
        mirror_runs || fail "the mirror still runs" "$(mirror_said)"
    fi
done
is "$up_again" $((kills / 8)) "after $kills kills it always came to work again"
kill -TERM "$churn_pid"
churn_ends 30
becomes_equal 60 "$T/a" "$T/b" "the local copy is equal"
becomes_equal 60 "$T/a" "$T/share" "the server's copy is equal"
witnesses_saw_whole_files
stop_mirror
ok "no staging folder left" no_litter_soon "$T/b"
ok "nor at the server" no_litter_soon "$T/share"
ok "no session hangs on" wait_until 20 no_children "$serve_pid"
done_testing
