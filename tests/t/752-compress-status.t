#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What compression makes of a mirror's bytes stands in status, as text, JSON and
# metrics, over sessions; and nothing of it where nothing is compressed.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

mkdir "$T/a" "$T/share"
seq 1 400000 >"$T/a/one"
start_serve s="$T/share"
to="zcsync://$addr/s"

mirrored() # LINE...
{
    conf "[mirror m]" "path = $T/a" "to = $to" "$@"
}
there() { cmp -s "$T/a/$1" "$T/share/$1"; }
status() { "$ZCSYNC" status --control="$ctl" "$@" 2>/dev/null; }
json() { status --json | grep '"mirror"' | grep -o "\"$1\":[0-9]*" | cut -d : -f 2; }
says() { status | grep -q "compressed to [0-9.]* % of "; }
done_with() { [ "$(json plain_bytes)" -gt "$1" ]; }

mirrored "compress = zstd"
start_daemon || skip_all "zcsyncd did not start"
ok "a mirror" wait_until 30 there one
size=$(stat -c %s "$T/a/one")
ok "has sent it" wait_until 10 done_with "$size"
ok "status says what became of it" says
ok "JSON too" [ "$(json wire_bytes)" -lt $((size / 2)) ]
like "$(status --metrics)" 'peer_wire_bytes_total' "metrics too"
before=$(json plain_bytes)
cp "$T/a/one" "$T/a/two"
ok "another file" wait_until 30 there two
ok "adds to it" wait_until 10 done_with $((before + size / 2))

mirrored "compress = off"
kill -HUP "$daemon_pid"
# The session of before would still send it compressed.
begun_anew() { [ "$(json plain_bytes)" -lt "$size" ]; }
ok "a new session" wait_until 20 begun_anew
cp "$T/a/one" "$T/a/three"
ok "without compression" wait_until 30 there three
ok "it has been sent" wait_until 10 done_with "$size"
nok "status says nothing of it" says
both() { [ "$(json wire_bytes)" = "$(json plain_bytes)" ]; } # one after the other
ok "both are the same" wait_until 10 both
stop_daemon
done_testing
