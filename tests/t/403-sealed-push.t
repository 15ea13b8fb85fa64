#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Pushes to `zcsync serve` with keys: all that a file system can hold arrives, -v
# tells who is there and how it is encrypted, and strangers are refused.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"
. "$here/lib-nasty.sh"

key=$("$ZCSYNC" keygen)
theirs=$("$ZCSYNC" keygen -f "$T/theirs")
stranger=$("$ZCSYNC" keygen -f "$T/stranger")
"$ZCSYNC" keygen -f "$T/second" >"$T/second.pub"
mkdir "$T/share"
make_nasty_tree "$T/a"
random_bytes 20000000 >"$T/a/big"
make_mutable "$T/a/mutable"

"$ZCSYNC" key trust laptop "$(cat "$T/second.pub")"
start_serve -v --identity="$T/theirs" --peer-key="$key" --peer-key=laptop \
    s="$T/share"
at=zcsync://$addr/s
"$ZCSYNC" key trust "$addr" "$theirs"

pushes "a push" --delete "$T/a" "$at"
is "$err" "" "says nothing of keys"
ok "arrives as it is" same_tree "$T/a" "$T/share"
before=$(ctimes "$T/share")
pushes "a second one" --delete "$T/a" "$at"
is "$(ctimes "$T/share")" "$before" "changes nothing"
mutate "$T/a/mutable"
pushes "one after changes" --delete --force-delete "$T/a" "$at"
ok "makes it equal" same_tree "$T/a" "$T/share"
runs_with 0 "diff" "$ZCSYNC" diff --delete "$T/a" "$at"
is "$out" "" "sees no difference"
ok "no staging folder left" no_litter "$T/share"

# ---- who is there ------------------------------------------------------------

suite='(AES-256-GCM|ChaCha20-Poly1305)'
how="$suite, (user space|kernel TLS)"
pushes "push -v" -v "$T/a" "$at"
one_sentence "^zcsync: $at: $addr, $how, key ${theirs//+/\\+}\$" \
    "tells who is there, and how it is encrypted"
pushes "push -v --no-ktls" -v --no-ktls "$T/a" "$at"
one_sentence ", $suite, user space, key" "is never the kernel"
like "$(cat "$serve_log.err")" "connected, $suite(, kernel TLS)?, key ${key//+/\\+}" \
    "serve -v tells it, too"
background mirror "$ZCSYNC" mirror -v "$T/a" "$at"
mirror_pid=$pid
told() { grep -qE "$at: $addr, $how, key " "$T/log/mirror.err"; }
ok "and mirror -v" wait_until 30 told
kill -TERM "$mirror_pid"
reap "$mirror_pid"

# ---- who is let in -------------------------------------------------------------

pushes "another one whose key was given by name" --identity="$T/second" "$T/a" \
    "$at"
before=$(ctimes "$T/share")
echo stranger >"$T/a/stranger"
push_exits 5 "a stranger" --identity="$T/stranger" "$T/a" "$at"
one_sentence "does not know the key ${stranger//+/\\+}" "is told the key to ask for"
ok "who it was is logged" grep -qF "$stranger" "$serve_log.err"
declare -a said=()
for share in s nonsense; do
    push_exits 5 "a stranger that asks for $share" --identity="$T/stranger" \
        "$T/a" "zcsync://$addr/$share"
    said[${#said[@]}]=$err
done
is "${said[0]}" "${said[1]}" "does not learn whether it is there"
mv "$XDG_CONFIG_HOME/zcsync/identity.key" "$T/mine"
push_exits 5 "somebody without a key, to a host whose key is known" "$T/a" "$at"
one_sentence "has a key, but we have none of our own.*zcsync keygen" \
    "is told to make one"
"$ZCSYNC" key forget "$addr"
push_exits 5 "without that" "$T/a" "$at"
one_sentence "$addr does not speak plain, and there is no identity here" \
    "the other side refuses"
push_exits 5 "with --plain" --plain "$T/a" "$at"
one_sentence "$addr does not speak plain, and --plain was asked for" \
    "as well, and --plain is to blame"
like "$(cat "$serve_log.err")" "127.0.0.1:[0-9]+: refused: .*plain" \
    "and logs address and reason"
is "$(ctimes "$T/share")" "$before" "nothing has changed in the share"

# ---- the other way round -------------------------------------------------------

mv "$T/mine" "$XDG_CONFIG_HOME/zcsync/identity.key"
stop_serve
start_serve s="$T/share"
"$ZCSYNC" key trust "$addr" "$theirs"
push_exits 5 "a receiver without keys, where one is known" "$T/a" \
    "zcsync://$addr/s"
one_sentence "$addr speaks plain only, and plain is not allowed" "is refused"
push_exits 5 "also with --plain" --plain "$T/a" "zcsync://$addr/s"
one_sentence "has a key, in $XDG_CONFIG_HOME/zcsync/known_peers:2, and is not \
spoken to in plain" "which names the line"
is "$(ctimes "$T/share")" "$before" "nothing was sent"
"$ZCSYNC" key forget "$addr"
pushes "on this machine, with no key known for it, it may be plain" \
    "$T/a" "zcsync://$addr/s"
push_exits 1 "--plain with --peer-key" --plain --peer-key="$key" "$T/a" "$at"
one_sentence "plain.*does not go with --peer-key" "is a slip"
push_exits 1 "--plain with --identity" --plain --identity="$T/theirs" "$T/a" "$at"
one_sentence "plain.*does not go with --identity" "is one, too"
push_exits 1 "--peer-key that is none" --peer-key=nonsense "$T/a" "$at"
one_sentence "'nonsense' is not a public key, and no name in" "is named"
runs_with 1 "--peer-key and two DESTs" "$ZCSYNC" mirror --peer-key="$key" \
    "$T/a" "$at" "${at}2"
one_sentence "peer-key is for one DEST" "is a slip"
done_testing
