#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A progress line on a terminal, none in a pipe unless asked.
. "$(dirname "$0")/lib.sh"

need script
mkdir "$T/a"
random_bytes 6000000 >"$T/a/f"
many_files "$T/a/small" 200 1000

on_terminal() # COMMAND...
{
    runs=$((runs + 1))
    timeout 60 script -qec "$(printf '%q ' "$@")" /dev/null \
        >"$T/log/tty.$runs" 2>&1 </dev/null
    rc=$?
    out=$(tr '\r' '\n' <"$T/log/tty.$runs")
}
on_terminal "$ZCSYNC" push --bwlimit=3M "$T/a" "$T/b"
is "$rc" 0 "push on a terminal"
ok "equal" same_tree "$T/a" "$T/b"
ok "a line is drawn again and again" [ "$(grep -c . <<<"$out")" -gt 2 ]
like "$out" '[0-9]%' "with a percentage"
like "$out" '/s' "and a rate"
on_terminal "$ZCSYNC" push -q --bwlimit=5M "$T/a" "$T/c"
is "$out" "" "-q is quiet even there"

pushes "in a pipe" --bwlimit=5M "$T/a" "$T/d"
is "$out$err" "" "nothing"
for option in --progress --info=progress2 -P; do
    rm -rf "$T/d"
    pushes "$option in a pipe" $option --bwlimit=5M "$T/a" "$T/d"
    like "$out$err" '[0-9]%' "progress when asked for"
done
done_testing
