#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Sixteen pushes from one host at the same moment, as cron does it: all of them
# get through, also while strangers at the same address keep every place busy
# that there is for who has not shaken hands.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"

make_tree "$T/a"
mkdir "$T/to"
start_sealed s="$T/to" || exit 1

# burst NAME
burst()
{
    local k pids=() failed=0
    rm -rf "$T/to"/*
    for ((k = 0; k < 16; k++)); do
        "$ZCSYNC" push --timeout=60 "${client[@]}" "$T/a/" \
            "zcsync://$addr/s/$k" 2>"$T/log/push.$k" &
        pids+=("$!")
    done
    for k in "${!pids[@]}"; do
        wait "${pids[k]}" && continue
        failed=$((failed + 1))
        diag "$k: $(cat "$T/log/push.$k")"
    done
    is "$failed" 0 "$1: sixteen pushes at the same time"
    for k in 0 15; do
        ok "$1: $k is complete" same_tree "$T/a" "$T/to/$k"
    done
}
n=$(log_lines)
burst "a quiet net"
is "$(log_after "$n" | grep -c refused:)" 0 "nobody is refused"

hello 1 0 7 >"$T/hello"
crowd=()
for ((k = 0; k < 40; k++)); do
    "$meddle_tool" --to "$addr" --hang --send "$T/hello" >/dev/null 2>&1 &
    crowd+=("$!")
    started+=("$!")
done
ok "strangers keep all places of their address busy" \
    wait_until 10 log_has "$n" "refused: made room for another"
burst "among strangers"
kill "${crowd[@]}" 2>/dev/null
stop_serve
is "$rc" 0 "ends well"
done_testing
