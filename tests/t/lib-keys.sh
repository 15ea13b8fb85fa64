# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios with keys; sourced after lib.sh.

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
