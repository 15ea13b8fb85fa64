# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios with somebody on the path, or with strangers at the server's
# door; sourced after lib.sh.

need_tools meddle
meddle_tool=$built/meddle

# start_meddle OPTION...: in front of $addr, unless the options say otherwise.
# $meddle is its ADDR:PORT, $meddle_pid, $meddle_log.
start_meddle()
{
    local pid listens
    [[ " $* " == *" --to "* || " $* " == *" --answer "* ]] ||
        set -- --to "$addr" "$@"
    serves=$((serves + 1))
    meddle_log=$T/log/meddle.$BASHPID.$serves # also in subshells
    start_listening "$meddle_log" "${meddle_as[@]}" "$meddle_tool" "$@" || return 1
    meddle_pid=$pid meddle=$listens
}
declare -a meddle_as=()

stop_meddle()
{
    tell_to_end "$meddle_pid"
    wait "$meddle_pid" 2>/dev/null
}

# stranger FILE [OPTION...]: connects to $addr and sends FILE; what it is answered
# is in $T/log/answer, when its peer hung up in $stranger_ms.
stranger()
{
    local file=$1
    shift
    timeout 60 "$meddle_tool" --send "$file" --to "$addr" "$@" \
        >"$T/log/answer" 2>"$T/log/stranger"
    stranger_ms=$(sed -n 's/^closed after \([0-9]*\) ms/\1/p' "$T/log/stranger")
}

# hello ROLE FEATURES SECURITY: 32 bytes of HELLO, version 1
hello()
{
    perl -e 'print "zcsync\r\n", pack "vvVQ<Cx7", 1, 1, @ARGV' "$@"
}

# ---- the server's log --------------------------------------------------------

log_lines() { wc -l <"$serve_log.err"; }
log_after() { tail -n "+$(($1 + 1))" "$serve_log.err"; }
log_has() { log_after "$1" | grep -qE "$2"; }
