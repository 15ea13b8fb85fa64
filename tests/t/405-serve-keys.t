#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# serve: which options about keys go together.
. "$(dirname "$0")/lib.sh"

mkdir "$T/share"
key=$("$ZCSYNC" keygen -f "$T/key")
serve() { runs_with "$1" "serve ${*:2}" "$ZCSYNC" serve "${@:2}" s="$T/share"; }

serve 5 --peer-key="$key"
one_sentence "peer-key needs a key of our own: .*zcsync keygen" \
    "takes an identity"
serve 1 --identity="$T/key"
one_sentence "identity needs --peer-key" "is of no use alone"
serve 1 --identity="$T/key" --peer-key="$key" --plain
one_sentence "plain does not go with keys" "is one or the other"
serve 1 --stdio --identity="$T/key" --peer-key="$key"
one_sentence "stdio takes no keys" "needs none"
serve 1 --peer-key=laptop
one_sentence "'laptop' is not a public key, and no name in $XDG_CONFIG_HOME" \
    "names the file"
serve 1 --peer-key='a b'
one_sentence "'a b' is neither a public key nor the name of a peer" "is named"
echo nonsense >"$T/known"
serve 1 --peer-key=laptop --known-peers="$T/known"
one_sentence "$T/known:1: there is no key after the name" "names the line"
serve 5 --identity="$T/none" --peer-key="$key"
one_sentence "$T/none: No such file" "names the file"
"$ZCSYNC" keygen >/dev/null
start_serve --peer-key="$key" s="$T/share"
ok "the default identity will do" [ -n "$addr" ]
stop_serve
is "$rc" 0 "ends well"
done_testing
