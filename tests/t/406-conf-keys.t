#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync.conf: what check-config says of keys, and of what is open without them.
. "$(dirname "$0")/lib.sh"

conf=$T/zcsync.conf
k1=$("$ZCSYNC" keygen -f "$T/1") k2=$("$ZCSYNC" keygen -f "$T/2")
keyed="[peer a]\npublic key = $k1\n"

# wrong LINE SENTENCE TEXT; fine NAME TEXT: TEXT is a format of printf
wrong()
{
    # shellcheck disable=SC2059
    printf "$3" >"$conf"
    runs_with 1 "$2" "$ZCSYNC" check-config "$conf"
    is "$err" "zcsync: $conf:$1: $2" "with one sentence"
}
fine()
{
    # shellcheck disable=SC2059
    printf "$2" >"$conf"
    runs_with 0 "$1" "$ZCSYNC" check-config "$conf"
    is "$(grep -v ' warning: ' <<<"$err")" "" "without complaint"
}

for text in nonsense "${k1%=}" "$k1 $k2" \
    AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=; do
    wrong 2 "public key: '$text' is not a public key: 44 characters of base64, \
as 'zcsync key show' prints them" "[peer a]\npublic key = $text\n"
done
eight=$keyed
for _ in 2 3 4 5 6 7 8; do eight+="public key = $k1\n"; done
fine "a peer has up to eight keys" "$eight"
wrong 10 "public key: a peer has no more than 8 of them" "${eight}public key = $k2\n"
wrong 2 "identity: 'key' is not an absolute path" '[daemon]\nidentity = key\n'
wrong 2 "ktls: 'maybe' is neither yes nor no" '[daemon]\nktls = maybe\n'
wrong 2 "max unauthenticated: 0 is not from 1 to 4096" \
    '[daemon]\nmax unauthenticated = 0\n'
wrong 2 "max unauthenticated per address: 4097 is not from 1 to 4096" \
    '[daemon]\nmax unauthenticated per address = 4097\n'

none="but this daemon has none of its own: [daemon] needs the key 'identity'"
wrong 5 "peers: [peer a] has a public key, $none" \
    "${keyed}[share s]\npath = /s\npeers = a\n"
wrong 3 "to: [peer a] has a public key, $none" \
    "[mirror m]\npath = /m\nto = a::m\n${keyed}address = h\n"
for key in 'plain users = root' 'plain users = any' 'trust = yes'; do
    wrong 3 "share: '${key% =*}' is for shares without 'peers' or 'readers': whoever has none\
 of their keys is not let in at all" \
        "[daemon]\nidentity = /x\n[share s]\npath = /s\npeers = a\n$key\n$keyed"
done
wrong 3 "peers: there is no [peer b]" "[share s]\npath = /s\npeers = b\n$keyed"
wrong 3 "peers: there is a comma too many" \
    "[share s]\npath = /s\npeers = a,\n$keyed"
wrong 7 "peers: [peer b] has no 'public key', so it cannot be told from others" \
    "${keyed}[peer b]\naddress = h\n[share s]\npath = /s\n\
peers = a, b\n[daemon]\nidentity = /k\n"
wrong 4 "peers: [peer b] has no 'public key', so it cannot be told from others" \
    "[peer b]\n[share s]\npath = /s\npeers = b\n"
wrong 3 "to: 'zcsync://127.0.0.1:18740/s' is [peer a], which has a public key: \
write a::s" "[mirror m]\npath = /m\nto = zcsync://127.0.0.1:18740/s\n${keyed}\
address = 127.0.0.1:18740\n[daemon]\nidentity = /k\n"
wrong 5 "to: [peer a] has no 'address'" \
    "${keyed}[mirror m]\npath = /m\nto = a::m\n"

fine "a peer that only pushes needs no address" \
    "[daemon]\nidentity = /k\n${keyed}[share s]\npath = /s\npeers = a\n"
fine "a peer without a key, to be mirrored to" "[peer b]\naddress = localhost\n\
[mirror m]\npath = /m\nto = b::s\n"
fine "two names for one host" "[daemon]\nidentity = /k\n${keyed}[peer b]\n\
public key = $k1\naddress = h\n[share s]\npath = /s\npeers = a, b\n\
[mirror m]\npath = /m\nto = b::m\n"
fine "all of it" "[daemon]\nidentity = /k\nktls = no\nmax unauthenticated = 1\n\
max unauthenticated per address = 4096\nlisten = 0.0.0.0:8730\n$keyed\
[share s]\npath = /s\npeers =  a  \n"

# where others can connect
open="other hosts can reach 0.0.0.0:8730, and"
listen="[daemon]\nlisten = 0.0.0.0:8730\n"
share="[share t]\npath = /t\n"
wrong 2 "listen: $open nothing is encrypted: give this daemon an 'identity' and \
each share 'peers' with keys, or write 'security = plain' to allow that" \
    "$listen$share"
wrong 2 "listen: $open [share t] is open to all of them, unencrypted: give it \
'peers' with keys, or write 'security = plain' to allow that" \
    "${listen}identity = /k\n${keyed}[share s]\npath = /s\npeers = a\n$share"
fine "security = plain allows it" "${listen}security = plain\n$share"
fine "also beside shares with keys" "${listen}security = plain\nidentity = /k\n\
${keyed}[share s]\npath = /s\npeers = a\n$share"

# what the daemon is told by check-config --help
run "$ZCSYNC" check-config --help
for word in identity 'public key' peers ktls 'max unauthenticated per address'; do
    like "$out" "  $word = " "check-config --help knows $word"
done
done_testing
