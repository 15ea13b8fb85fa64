#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An address that is not a loopback one: keys, or --plain written out.
. "$(dirname "$0")/lib.sh"

need_root
need ip unshare
if [ -z "${ZC_OWN_NET:-}" ]; then
    unshare -n true 2>/dev/null || skip_all "cannot make a network namespace"
    rm -rf "${T:?}"
    ZC_OWN_NET=1 exec unshare -n "$0"
fi
ip link set lo up
ip addr add 10.77.0.9/32 dev lo || skip_all "cannot add an address"

mkdir "$T/share" "$T/open"
make_tree "$T/a"
runs_with 1 "serve without keys" "$ZCSYNC" serve --listen 10.77.0.9:0 s="$T/share"
one_sentence "10.77.0.9.*--plain.*--identity FILE and --peer-key" \
    "does not listen there"
start_serve --plain --listen 10.77.0.9:0 s="$T/open"
push_exits 5 "a push without keys" "$T/a" "zcsync://$addr/s"
one_sentence "is another machine, and there are no keys: .*zcsync keygen.*zcsync \
key trust.*--plain" "is refused, and the sentence tells what to do"
is "$(ls -A "$T/open")" "" "nothing was sent"
"$ZCSYNC" keygen >"$T/key"
push_exits 5 "a push with a key to one that has none" "$T/a" "zcsync://$addr/s"
one_sentence "speaks plain only, and plain is not allowed here" "is, too"
pushes "a push with --plain" -v --plain "$T/a" "zcsync://$addr/s"
one_sentence "^zcsync: zcsync://$addr/s: $addr, plain\$" "goes, and -v tells"
ok "arrives" same_tree "$T/a" "$T/open"
background mirror "$ZCSYNC" mirror -v "$T/a" "zcsync://$addr/s"
mirror_pid=$pid
refused() { grep -q 'plain is not allowed' "$T/log/mirror.err"; }
ok "a mirror is refused as well" wait_until 20 refused
kill -TERM "$mirror_pid"
reap "$mirror_pid"
stop_serve

"$ZCSYNC" keygen -f "$T/theirs" >"$T/theirs.pub"
start_serve --listen 10.77.0.9:0 --identity="$T/theirs" \
    --peer-key="$(cat "$T/key")" s="$T/share"
pushes "with keys it needs no --plain, on either side" \
    --peer-key="$(cat "$T/theirs.pub")" "$T/a" "zcsync://$addr/s"
ok "arrives" same_tree "$T/a" "$T/share"
done_testing
