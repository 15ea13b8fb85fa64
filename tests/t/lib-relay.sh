# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios where the connection is cut, stalls or is watched; sourced after
# lib.sh.

# A relay in front of $addr that cuts, stalls, counts or alters what goes
# through (see tests/tools/relay.pl): $relay is its ADDR:PORT, $relay_pid.
start_relay()
{
    local pid listens
    serves=$((serves + 1))
    relay_log=$T/log/relay.$serves
    start_listening "$relay_log" perl "$tools/relay.pl" "$@" || return 1
    relay_pid=$pid relay=$listens
}

stop_relay()
{
    tell_to_end "$relay_pid"
    wait "$relay_pid" 2>/dev/null
}
