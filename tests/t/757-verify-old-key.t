#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A verification that was begun with a key that is then taken out ends at the
# reload, too, where the mirror itself goes on with another key of the peer.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-keys.sh"
. "$here/lib-relay.sh"

need perl pgrep
make_keys sender one other
make_tree "$T/a"
mkdir "$T/b"
port=$(free_port)
cp -p "$T/keys/one" "$T/id"
printf '%s\n' "[daemon]" "listen = 127.0.0.1:$port" "control = $T/there" \
    "identity = $T/id" "[share x]" "path = $T/b" "peers = s" \
    "[peer s]" "public key = ${key[sender]}" >"$T/there.conf"
background_daemon there
there_pid=$pid there_log=$T/log/there.$daemons.err
touch "$T/go"
start_relay --hold-down "700:$T/go" --to "127.0.0.1:$port"
sender() # KEY...
{
    listen=none conf "identity = $T/keys/sender" "[peer p]" "address = $relay" \
        "$(for k; do echo "public key = ${key[$k]}"; done)" \
        "[mirror m]" "path = $T/a" "to = p::x"
}
sender one other
start_daemon
ok "in sync" wait_until 30 in_sync m

# The connection of the verification hangs for good.
rm "$T/go"
"$ZCSYNC" verify --control="$ctl" m
ok "it is verified" wait_until 30 grep -q holding "$relay_log"
pkill -STOP -n -P "$relay_pid"
touch "$T/go"

cp -p "$T/keys/other" "$T/new" && mv "$T/new" "$T/id"
daemon_pid=$there_pid daemon_log=$there_log reloads
other_key() { field_is m peer.key "${key[other]}"; }
ok "the peer has another key" wait_until 30 other_key
ok "in sync" wait_until 30 in_sync m
sender other
reloads
ended="verify: the key ${key[one]} is no longer that of p::x: the session ends"
ok "the verification ends" wait_until 20 grep -qF "$ended" "$daemon_log"
ok "and the mirror does not" in_sync m
pkill -CONT -n -P "$relay_pid"
stop_daemon
is "$rc" 0 "zcsyncd ends"
done_testing
