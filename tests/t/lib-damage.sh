# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash
#
# For scenarios with files that are damaged on their disk; sourced after lib.sh.

# damage FILE [OFFSET]: another byte, with the size and the times of before
damage()
{
    local at=${2:-0} old
    touch -r "$1" "$T/times"
    old=$(od -An -tu1 -j "$at" -N 1 "$1")
    # shellcheck disable=SC2059
    printf "\\x$(printf %x $((old ^ 1)))" |
        dd of="$1" bs=1 seek="$at" conv=notrunc status=none
    touch -r "$T/times" "$1"
}
