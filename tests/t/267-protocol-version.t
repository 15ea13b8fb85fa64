#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A peer of another protocol version, or of another protocol: exit 2, one
# sentence; serve survives either.
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"

make_tree "$T/a"
mkdir "$T/share"
start_serve s="$T/share"

# HELLO, both ways: 8 bytes magic, u16 version, u16 oldest version
through() # NAME WANT RELAY-OPTION...
{
    local name=$1 want=$2
    shift 2
    start_relay "$@"
    push_exits "$want" "$name" --timeout=10 "$T/a" "zcsync://$relay/s"
    one_sentence "peer|protocol|closed" "one sentence"
    stop_relay
}
through "a server from the future" 2 --poke-down 8:63006300 --to "$addr"
like "$err" '99' "names its version"
through "a client from the future" '2|12' --poke-up 8:63006300 --to "$addr"
through "a server from before version 1" 2 --poke-down 8:00000000 --to "$addr"
through "an SSH server" 2 --say 'SSH-2.0-OpenSSH_9.2p1 Debian-2+deb12u3\r\n'
through "an rsync daemon" 2 --say '@RSYNCD: 31.0\n@ERROR: protocol startup error\n'
through "a web server" 2 --say 'HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n'
through "another role" 2 --poke-down 12:01000000 --to "$addr"
through "a bad magic" 2 --poke-down 0:00 --to "$addr"
through "garbage after HELLO" 12 --poke-down 32:ffffffffffffffffffffffffffffffff --to "$addr"
through "garbage from the client" 12 --poke-up 32:ffffffffffffffffffffffffffffffff --to "$addr"
is "$(ls -A "$T/share")" "" "nothing was written"

start_relay --poke-down 8:63000100 --to "$addr"
pushes "a newer server that still speaks our version" "$T/a" "zcsync://$relay/s"
ok "equal" same_tree "$T/a" "$T/share"
done_testing
