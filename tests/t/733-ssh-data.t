#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Data beside SSH: over a connection of its own between two hosts, sealed; through
# SSH where that is filtered, within a second and unasked; through a jump host; and
# what --ssh-data insists on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"
. "$here/lib-net.sh"

need_sshd
make_hosts
sshd_as=("${on_b[@]}")
sshd_address=10.77.0.2
start_sshd || skip_all "no sshd"
ssh_config "Host jumped" " HostName $sshd_address" " Port $sshd_port" \
    " ProxyJump far"
known >"$ssh_dir/known_hosts"
options=(-v --ssh-config="$ssh_dir/config" --remote-command="$ZCSYNC")
z() { # z NAME COMMAND ARGS...: on a, without trouble
    local name=$1 command=$2
    shift 2
    runs_with 0 "$name" "${on_a[@]}" "$ZCSYNC" "$command" "${options[@]}" "$@"
}
mkdir "$T/a"
random_bytes 5000000 >"$T/a/big"
for i in {1..50}; do echo "$i" >"$T/a/$i"; done

z "a push" push "$T/a" "far:$T/there"
like "$err" 'far: 10\.77\.0\.2:[0-9]+, (AES|ChaCha)' \
    "goes over a connection of its own, sealed"
ok "arrives" same_tree "$T/a" "$T/there"
z "a pull" pull "far:$T/there" "$T/back"
like "$err" 'far: 10\.77\.0\.2:[0-9]+, (AES|ChaCha)' "too"
ok "arrives" same_tree "$T/a" "$T/back"
z "--ssh-data=tunnel" pull --ssh-data=tunnel "far:$T/there" "$T/back2"
unlike "$err" '(AES|ChaCha)' "stays inside"
ok "arrives" same_tree "$T/a" "$T/back2"

z "a jump host" pull "jumped:$T/there" "$T/back3"
like "$err" 'jumped: through SSH' "leaves nothing to connect to"
ok "arrives" same_tree "$T/a" "$T/back3"
runs_with 10 "--ssh-data=direct" "${on_a[@]}" "$ZCSYNC" pull "${options[@]}" \
    --ssh-data=direct "jumped:$T/there" "$T/x"
like "$err" 'no direct connection.*through another host' "insists"

if command -v nft >/dev/null && "${on_b[@]}" nft "add table inet f; add chain \
inet f in { type filter hook input priority 0; }; add rule inet f in tcp dport \
!= $sshd_port ip saddr 10.77.0.1 ct state new drop" 2>"$T/log/nft"; then
    z "a filtered port" push "$T/a" "far:$T/there2"
    like "$err" 'far: through SSH' "leaves SSH"
    ok "arrives" same_tree "$T/a" "$T/there2"
    runs_with 35 "--ssh-data=direct" "${on_a[@]}" "$ZCSYNC" pull \
        "${options[@]}" --ssh-data=direct "far:$T/there" "$T/x"
    like "$err" 'no direct connection' "insists"
else
    skip 5 "no nft"
fi
ok "and nothing is made" test ! -e "$T/x"
done_testing
