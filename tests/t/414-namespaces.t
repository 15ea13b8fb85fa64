#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two zcsyncd on two hosts (network namespaces) with keys: a tree that churns is
# mirrored sealed, and status says so; strangers who connect are refused; nothing
# in clear crosses the wire.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-daemon.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"
. "$here/lib-mirror.sh"
. "$here/lib-net.sh"
. "$here/lib-process.sh"

need_tools churn witness
seconds=$(soak_seconds 8)
make_hosts

mkdir "$T/a" "$T/share" "$T/outside" "$T/other"
make_keys web1 web2 stranger

# ---- the daemon that receives ------------------------------------------------

share_conf() # [PEER-LINE]
{
    ctl=$T/b.control
    listen=10.77.0.2:0
    conf "identity = $T/keys/web2" "[peer web1]" "public key = ${key[web1]}" \
        "[peer other]" "public key = ${key[stranger]}" \
        "[share s]" "path = $T/share" "peers = ${1:-web1}" \
        "[share not-for-web1]" "path = $T/other" "peers = other"
    cp "$T/conf" "$T/b.conf"
}
daemon() # NAME: $daemon_pid
{
    cp "$T/$1.conf" "$T/conf"
    ctl=$T/$1.control
    start_daemon
}
share_conf
with=("${on_b[@]}")
daemon b || exit 1
b_pid=$daemon_pid b_addr=$addr b_log=$daemon_log
is "$(grep -cv 'listening on' "$b_log")" 0 "there is nothing to warn of"

# ---- the one that sends, with somebody in between ------------------------------

# On host b, where the daemon is; a connects to it. What it sees is saved.
meddle_as=("${on_b[@]}")
start_meddle --listen 10.77.0.2 --save "$T/seen" --to "$b_addr"
cat >"$T/a.conf" <<CONF
[daemon]
listen = none
control = $T/a.control
identity = $T/keys/web1
[peer web2]
address = $meddle
public key = ${key[web2]}
[mirror m]
path = $T/a
to = web2::s
fsync = none
force delete = yes
CONF
with=("${on_a[@]}")
daemon a || exit 1
a_pid=$daemon_pid
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
ok "equal" mirrored "$T/a" "$T/share"

ctl=$T/a.control
status
like "$out" "AES-256-GCM|ChaCha20-Poly1305" "the sender's status says how"
short() { sed 's/+/\\+/g' <<<"${key[$1]:0:12}"; }
like "$out" "key $(short web2)\.\.\." "and with whom"
status --json
like "$out" "\"key\":\"${key[web2]//+/\\+}\"" "in JSON, too"
ctl=$T/b.control
status
like "$out" "pushes to s.*(AES-256-GCM|ChaCha20-Poly1305).* key $(short web1)\.\.\." \
    "the receiver's, too"

start_witness "$T/share"
start_churn "$T/a" "$seconds" --outside "$T/outside" --rate 300

# ---- strangers, meanwhile ------------------------------------------------------

serve_log=$T/log/strangers # where log_after looks
ln -sf "$b_log" "$serve_log.err"
at=zcsync://$b_addr
stranger_push() # CODE NAME ARGUMENTS...
{
    local code=$1 name=$2
    shift 2
    runs_with "$code" "$name" "${on_a[@]}" "$ZCSYNC" push --timeout=10 "$@"
}
mkdir "$T/evil"
echo evil >"$T/evil/evil"
six_refusals()
{
    [ "$(log_after "$1" | grep -vE ': connected|: session finished' |
        grep -c '^zcsyncd: 10\.77\.0\.1:[0-9]*: ')" = 6 ]
}
n=$(log_lines)
stranger_push 5 "in plain" --plain "$T/evil" "$at/s"
stranger_push 5 "without a key" "$T/evil" "$at/s"
stranger_push 5 "with a key that no share knows" --accept-new \
    --identity "$T/keys/web2" "$T/evil" "$at/s"
stranger_push 5 "with the key for another share" --peer-key "${key[web2]}" \
    --identity "$T/keys/stranger" "$T/evil" "$at/s"
existing=$err
stranger_push 5 "for one that does not exist" --peer-key "${key[web2]}" \
    --identity "$T/keys/stranger" "$T/evil" "$at/x"
is "${existing/named s/named x}" "$err" "which is answered the same"
stranger_push 0 "for its own share it is good" --peer-key "${key[web2]}" \
    --identity "$T/keys/stranger" "$T/evil" "$at/not-for-web1"
stranger_push 5 "web1 is a stranger there" --peer-key "${key[web2]}" \
    --identity "$T/keys/web1" "$T/evil" "$at/not-for-web1"
ok "each of the six is in the log once" wait_until 10 \
    six_refusals "$n"
for k in 1 2 3; do
    random_bytes 3000 >"$T/garbage$k"
    "${on_a[@]}" timeout 60 "$meddle_tool" --send "$T/garbage$k" --to "$b_addr" \
        >/dev/null 2>&1
done
ok "garbage as well" wait_until 10 log_has "$n" 'refused: .*zcsync protocol'

# ---- all the time the mirror has worked ------------------------------------------

churn_ends $((seconds + 60))
becomes_equal 60 "$T/a" "$T/share" "equal after churn and strangers"
witnesses_saw_whole_files
nok "nothing of a stranger" [ -e "$T/share/evil" ]

# ---- a key is taken out ------------------------------------------------------------

ctl=$T/b.control
share_conf other
sed -i "s/^listen.*/listen = $b_addr/" "$T/b.conf"
cp "$T/b.conf" "$T/conf"
daemon_pid=$b_pid daemon_log=$b_log
ok "without web1 the configuration is read again" reloads
kill -KILL "$(children "$b_pid" | head -n 1)" # its session is not ended by that
ctl=$T/a.control
is_refused() { [[ $(field m peer.text) == *"know the key"* ]]; }
ok "the mirror is refused then" wait_until 20 is_refused
diag "$(field m peer.text)"
echo late >"$T/a/late"
nok "and nothing gets there" shows_up 2 "$T/a" "$T/share"
share_conf web1
sed -i "s/^listen.*/listen = $b_addr/" "$T/b.conf"
cp "$T/b.conf" "$T/conf"
ok "with web1 again" reloads
becomes_equal 90 "$T/a" "$T/share" "the mirror goes on by itself"

daemon_ends "$a_pid" 40
daemon_ends "$b_pid" 40
ok "no staging folder left" no_litter_soon "$T/share"

# ---- what crossed ------------------------------------------------------------------

size=$(cat "$T/seen.up" "$T/seen.down" | wc -c)
ok "somebody has seen $size bytes" [ "$size" -gt 300000 ]
(cd "$T/a" && find . -type f -size +0 | head -n 50 | sed 's|.*/||') |
    awk 'length > 4' >"$T/names"
echo .alive >>"$T/names"
is "$(cat "$T/seen.up" "$T/seen.down" | grep -aoF -f "$T/names" | sort -u)" "" \
    "and no name among them"
done_testing
