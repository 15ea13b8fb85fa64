#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The connection breaks after any number of bytes in either direction, by reset
# or by close: exit 10 or 12 with one sentence, nothing half written, and the
# next run completes it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"
. "$here/lib-relay.sh"

make_tree "$T/a"
many_files "$T/a/many" 100 3000
mkdir "$T/share"
start_serve s="$T/share"

start_relay --to "$addr"
pushes "a whole session" "$T/a" "zcsync://$relay/s"
wait_until 5 grep -q '^down' "$relay_log"
up=$(sed -n 's/^up //p' "$relay_log")
down=$(sed -n 's/^down //p' "$relay_log")
stop_relay
diag "a session is $up bytes up, $down down"

cuts=0 bad=0
cut_at() # up|down BYTES
{
    local how=()
    ((cuts++ % 2)) && how=(--fin)
    start_relay "--cut-$1" "$2" "${how[@]}" --to "$addr"
    push --fsync=none --timeout=20 "$T/a" "zcsync://$relay/s"
    stop_relay
    # who got the last answer before the cut may call it done, if it is
    [ "$rc" = 0 ] && same_tree "$T/a" "$T/share" >/dev/null && return
    if ! [[ $rc =~ ^1[02]$ ]] || [ "$(grep -c . <<<"$err")" != 1 ] ||
        ! [[ $err =~ ^zcsync ]]; then
        bad=$((bad + 1))
        diag "cut $1 at $2 ${how[*]}: exit $rc, $err"
    fi
}
empty_share() { find "$T/share" -mindepth 1 -delete; }

for n in 0 1 16 31 32 33 40 48 64 100 200 500; do
    empty_share
    cut_at up $n
    [ $n -lt "$down" ] && cut_at down $n
done
for n in $(seq 12); do
    empty_share
    cut_at up $((RANDOM * RANDOM % up))
    cut_at down $((RANDOM * RANDOM % down))
    if ((n % 4 == 0)); then
        ok "nothing half written" files_whole "$T/a" "$T/share"
    fi
done
empty_share
cut_at up $((up - 1))
cut_at down $((down - 1))
is "$bad" 0 "$cuts cuts: exit 10 or 12 and one sentence each"

ok "no session hangs on" wait_until 20 no_children "$serve_pid"
ok "no staging folder left, even before the next run" no_litter "$T/share"
pushes "the next run" "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
ok "no staging folder left" no_litter "$T/share"
done_testing
