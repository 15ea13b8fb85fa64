#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What the command line says of SSH, zcsync.conf says too: how data crosses, where
# keys and known hosts are, jump hosts, ports, and what becomes of unknown hosts.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-ssh.sh"

need_sshd
start_sshd || skip_all "no sshd"
mkdir "$T/a"
echo one >"$T/a/one"
ssh_config "Host first" " HostName 127.0.0.1" " Port $sshd_port" "Host second" \
    " HostName 127.0.0.1"
sed -i "/IdentityFile/d; /KnownHosts/d" "$ssh_dir/config"
me=$(id -un)

# mirrors NAME TO [LINE...]: that is said of all SSH needs but how
mirrors()
{
    local name=$1 to=$2
    shift 2
    conf "[mirror $name]" "path = $T/a" "to = $to:$T/$name" \
        "ssh identity = $ssh_dir/id" "ssh command = $ZCSYNC" "$@"
}
there() { [ "$(cat "$T/$1/one" 2>/dev/null)" = one ]; }
crosses() { "$ZCSYNC" status --control="$ctl" 2>/dev/null | grep -qE "$1"; }
hosts=(/dev/null)
change() { kill -HUP "$daemon_pid"; }
on_port=(Port="$sshd_port" UserKnownHostsFile="$ssh_dir/known_hosts")

known >"$ssh_dir/known_hosts"
mirrors plain "$me@127.0.0.1" "ssh config = /dev/null" \
    "${on_port[@]/#/ssh option = }"
start_daemon || skip_all "zcsyncd did not start"
ok "a port and a file of known hosts" wait_until 30 there plain
ok "data crosses by itself" wait_until 10 crosses 'AES|ChaCha'
for way in tunnel auto direct; do
    rm -rf "$T/plain"
    mirrors plain "$me@127.0.0.1" "ssh config = /dev/null" \
        "${on_port[@]/#/ssh option = }" "ssh data = $way"
    change
    ok "ssh data = $way" wait_until 30 there plain
    [ "$way" = tunnel ] && want='; SSH(;|$)' || want='AES|ChaCha'
    ok "is obeyed" wait_until 10 crosses "$want"
done

mirrors new "$me@127.0.0.1" "ssh config = /dev/null" \
    "ssh option = Port=$sshd_port" "ssh option = UserKnownHostsFile=$ssh_dir/new" \
    "ssh option = StrictHostKeyChecking=accept-new"
change
ok "an unknown host that may be new" wait_until 30 there new
ok "is noted" test -s "$ssh_dir/new"

cat >>"$ssh_dir/config" <<CONFIG
Host *
 IdentityFile $ssh_dir/id
 UserKnownHostsFile $ssh_dir/known_hosts
CONFIG
mirrors jump "second" "ssh config = $ssh_dir/config" \
    "ssh option = ProxyJump=first" "ssh option = Port=$sshd_port"
change
ok "a jump host" wait_until 30 there jump
ok "has no direct way" wait_until 10 crosses '; SSH(;|$)'
stop_daemon
is "$rc" 0 "zcsyncd ends well"
done_testing
