# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios where the connection is cut, stalls or is watched; sourced after
# lib.sh.

# A relay in front of $addr that cuts, stalls, counts or alters what goes
# through (see tests/tools/relay.pl): $relay is its ADDR:PORT, $relay_pid.
start_relay()
{
    serves=$((serves + 1))
    relay_log=$T/log/relay.$serves
    perl "$tools/relay.pl" "$@" >"$relay_log" 2>&1 </dev/null &
    relay_pid=$!
    started+=("$relay_pid")
    wait_until 10 grep -q '^listening' "$relay_log" || return 1
    relay=$(sed -n 's/^listening //p' "$relay_log")
}

stop_relay()
{
    kill -TERM "$relay_pid" 2>/dev/null
    wait "$relay_pid" 2>/dev/null
}
