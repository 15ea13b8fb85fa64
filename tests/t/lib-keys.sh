# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios with keys, and somebody on the path; sourced after lib.sh.

"$ZCSYNC" keygen --help >/dev/null 2>&1 || skip_all "this zcsync has no keys"

declare -A key=()

# make_keys NAME...: $T/keys/NAME is a private key, ${key[NAME]} its public one
make_keys()
{
    local name
    mkdir -p "$T/keys"
    for name; do
        key[$name]=$("$ZCSYNC" keygen -f "$T/keys/$name") || return 1
    done
}

# start_sealed [OPTION...] NAME=PATH...: as start_serve, with the key "server",
# for a peer with the key "client". What such a peer needs is in ${client[@]}.
start_sealed()
{
    [ -n "${key[server]:-}" ] || make_keys server client || return 1
    client=(--identity "$T/keys/client" --peer-key "${key[server]}" --no-ktls)
    start_serve --identity "$T/keys/server" --peer-key "${key[client]}" "$@"
}
declare -a client=()

# ---- somebody on the path ----------------------------------------------------

meddle_tool=${TOP_BUILDDIR:-$here/../../build}/tests/tools/meddle

need_meddle()
{
    [ -x "$meddle_tool" ] || skip_all "meddle is not built (make check-programs)"
}

# start_meddle OPTION...: in front of $addr, unless the options say otherwise.
# $meddle is its ADDR:PORT, $meddle_pid, $meddle_log.
start_meddle()
{
    [[ " $* " == *" --to "* || " $* " == *" --answer "* ]] ||
        set -- --to "$addr" "$@"
    serves=$((serves + 1))
    meddle_log=$T/log/meddle.$BASHPID.$serves # also in subshells
    "$meddle_tool" "$@" >"$meddle_log" 2>&1 </dev/null &
    meddle_pid=$!
    started+=("$meddle_pid")
    wait_until 10 grep -q '^listening' "$meddle_log" || return 1
    meddle=$(sed -n 's/^listening //p' "$meddle_log")
}

stop_meddle()
{
    kill -TERM "$meddle_pid" 2>/dev/null
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

# refused_once LINES REASON NAME: since the log had LINES lines there is one
# refusal, it names the address, and the reason matches.
refused_once()
{
    local said
    wait_until 15 log_has "$1" 'refused:'
    said=$(log_after "$1" | grep 'refused:')
    like "$said" "^zcsync: 127\.0\.0\.[0-9]+:[0-9]+: refused: [^
]*($2)[^
]*\$" "$3"
}
