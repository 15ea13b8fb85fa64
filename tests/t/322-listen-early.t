#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsyncd starts before the host has the address that it is to listen on: mirrors
# run meanwhile, and from when it is there peers get through.
. "$(dirname "$0")/lib.sh"
. "$here/lib-net.sh"
. "$here/lib-daemon.sh"

make_hosts
mkdir "$T/from" "$T/copy" "$T/share"
listen=10.77.0.9:8730
conf "security = plain" "[share s]" "path = $T/share" "plain users = any" \
    "[mirror m]" "path = $T/from" "to = $T/copy"
with=("${on_b[@]}")
ok "it starts" start_daemon
like "$(cat "$daemon_log")" \
    "listening on 10.77.0.9:8730, an address that this host does not have yet" \
    "and says what it waits for"
echo now >"$T/from/file"
ok "its mirror runs" wait_until 10 cmp -s "$T/from/file" "$T/copy/file"
runs_with "10|35" "a push from elsewhere" "${on_a[@]}" "$ZCSYNC" push --plain \
    --contimeout=2 "$T/from" zcsync://10.77.0.9/s
ip -n "zct$$b" addr add 10.77.0.9/24 dev "vzct$$b"
# Who has just asked for it in vain is not believed at once.
gets_through() { "${on_a[@]}" "$ZCSYNC" push -q --plain "$T/from" zcsync://10.77.0.9/s; }
ok "it gets through when the address is there" wait_until 20 gets_through \
    2>/dev/null
ok "with all" cmp "$T/from/file" "$T/share/file"
stop_daemon
is "$rc" 0 "it ends well"
run "${on_b[@]}" "$ZCSYNC" serve --plain --listen 10.77.0.10:8730 s="$T/share"
is "$rc" 10 "serve, which somebody waits for, does not wait"
one_sentence "10.77.0.10 port 8730: Cannot assign" "but says why"
done_testing
