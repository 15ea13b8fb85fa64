#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A user of this machine whom no share lets in without keys is sent away before
# there is a receiver for him, whatever he asks for; with a key he is let in.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-keys.sh"

need_nobody
mkdir -m 777 "$T/a" "$T/one" "$T/two"
echo x >"$T/a/f"
as_nobody() { runs_with 5 "$1" "${nobody[@]}" "$ZCSYNC" "${@:2}"; }
connected() { grep -c 'has shaken hands, plain' "$serve_log.err"; }
tries() # what he tries, at $1
{
    as_nobody "push" push "$T/a" "$1/one"
    one_sentence "$2" "says why"
    as_nobody "-n" push -n "$T/a" "$1/one"
    as_nobody "pull" pull "$1/one" "$T/b"
    one_sentence "$2" "says why"
    as_nobody "ls" ls "$1/one"
    as_nobody "a share that is not there" push "$T/a" "$1/none"
}

start_serve -vv --readable one="$T/one"
tries "zcsync://$addr" "share one does not let in user nobody"
is "$(connected)" 0 "no receiver was started for him"
ok "it is in the log" grep -q "refused: share one does not let in user nobody" \
    "$serve_log.err"
many=()
for _ in 1 2 3 4 5 6 7 8; do
    background many "${nobody[@]}" "$ZCSYNC" push "$T/a" "zcsync://$addr/one"
    many+=("$pid")
done
pushes "root among them" "$T/a" "zcsync://$addr/one"
for pid in "${many[@]}"; do reap "$pid"; done
is "$(connected)" 1 "is the only one who has had one"
stop_serve

start_serve -vv --readable one="$T/one" two="$T/two"
tries "zcsync://$addr" "the shares do not let in user nobody"
is "$(connected)" 0 "several shares: no receiver"
stop_serve

# one of several lets him in: a receiver has to ask which it is
ctl=$T/control
listen=127.0.0.1:0
make_keys server client
conf "identity = $T/keys/server" \
    "[peer p]" "public key = ${key[client]}" \
    "[share keyed]" "path = $T/one" "peers = p" \
    "[share plain]" "path = $T/two" "plain users = daemon"
start_daemon
chmod 755 "$T/keys" && chown nobody "$T/keys/client"
as_nobody "nobody, without a key" push "$T/a" "zcsync://127.0.0.1:$port/plain"
one_sentence "share plain does not let in user nobody" "says why"
client=(--identity "$T/keys/client" --peer-key "${key[server]}" --no-ktls)
runs_with "0|23" "with one" "${nobody[@]}" "$ZCSYNC" push "${client[@]}" "$T/a" \
    "zcsync://127.0.0.1:$port/keyed"
ok "is let in" cmp "$T/a/f" "$T/one/f"
runs_with "0|23" "who is named" runuser -u daemon -- "$ZCSYNC" push "$T/a" \
    "zcsync://127.0.0.1:$port/plain"
ok "is let in" cmp "$T/a/f" "$T/two/f"
stop_daemon
done_testing
