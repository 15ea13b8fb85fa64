#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsyncd mirrors over SSH, with a real sshd: by HOST:PATH and by ssh://; survives a
# restart of sshd; says in log and status what it would have asked; and a reload takes
# new keys. On the command line ssh:// is a place, too; and what -e starts is not
# waited for for ever.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-ssh.sh"
need_no_sanitizers "takes long with sanitizers"

need_sshd
start_sshd || skip_all "no sshd"
known >"$ssh_dir/known_hosts"
mkdir "$T/a"
echo one >"$T/a/one"
there() { [ "$(cat "$T/$1/$2" 2>/dev/null)" = "$2" ]; }

mirror_conf() # TO [LINE...]
{
    local to=$1
    shift
    printf '%s\n' "[daemon]" "listen = none" "control = $ctl" \
        "[mirror m]" "path = $T/a" "to = $to" "ssh config = /dev/null" \
        "ssh command = $ZCSYNC" \
        "ssh option = UserKnownHostsFile=$ssh_dir/known_hosts" "$@" >"$T/conf"
}
url=ssh://$(id -un)@127.0.0.1:$sshd_port

# ---- the command line ------------------------------------------------------------

options=(--remote-command="$ZCSYNC" --ssh-config=/dev/null
    --ssh-option=UserKnownHostsFile="$ssh_dir/known_hosts"
    --ssh-option="IdentityFile $ssh_dir/id")
runs_with 0 "a push to ssh://" "$ZCSYNC" push "${options[@]}" "$T/a/" \
    "$url$T/pushed"
ok "arrives" there pushed one
runs_with 0 "a pull from ssh://" "$ZCSYNC" pull "${options[@]}" "$url$T/pushed" \
    "$T/pulled"
ok "arrives" there pulled one
runs_with 1 "a port and -e" "$ZCSYNC" pull -e ssh "$url$T/pushed" "$T/x"
one_sentence "with -e that is for its command to say" "is refused"
start=$SECONDS
runs_with 2 "-e of something that never ends" "$ZCSYNC" pull \
    -e "sh -c 'head -c 100000 /dev/zero; exec sleep 300'" host:x "$T/x"
ok "is ended" test $((SECONDS - start)) -lt 60

# ---- zcsyncd ---------------------------------------------------------------------

mirror_conf "$(id -un)@127.0.0.1:$T/live, $url$T/live2" \
    "ssh option = Port=$sshd_port" "ssh identity = $ssh_dir/id"
start_daemon || skip_all "zcsyncd did not start"
ok "a mirror over SSH" wait_until 30 there live one
ok "and by ssh://" wait_until 30 there live2 one
echo two >"$T/a/two"
ok "follows" wait_until 30 there live two
runs_with 0 "wait" "$ZCSYNC" wait --control="$ctl" --timeout=30 m
ok "tells that all is there" there live2 two

kill -KILL "$sshd_pid"
for child in $(pgrep -P "$sshd_pid"); do
    kill -KILL "$child"
done
background sshd.again "$sshd" -D -e -f "$ssh_dir/sshd_config.$sshds"
sshd_pid=$pid
sshd_log=$T/log/sshd.again.err
wait_until 10 sshd_settled
echo three >"$T/a/three"
ok "survives a restart of sshd" wait_until 60 there live three
ok "in both" wait_until 60 there live2 three

# ---- nobody to ask ---------------------------------------------------------------

says() { grep -q "$1" "$daemon_log"; }
status_says()
{
    "$ZCSYNC" status --control="$ctl" 2>/dev/null | grep -q "$1"
}
: >"$ssh_dir/none"
mirror_conf "$url$T/live3" "ssh identity = $ssh_dir/id" \
    "ssh option = UserKnownHostsFile=$ssh_dir/none"
sed -i "\\#UserKnownHostsFile=$ssh_dir/known_hosts#d" "$T/conf"
kill -HUP "$daemon_pid"
ok "an unknown host is said in the log" wait_until 30 says \
    'live3: disconnected: the key of .* is not known, and there is nobody to ask'
ok "and in status" wait_until 30 status_says 'known'
new_key "$ssh_dir/locked" ed25519 secret
cat "$ssh_dir/locked.pub" >>"$ssh_dir/authorized_keys"
mirror_conf "$url$T/live3" "ssh identity = $ssh_dir/locked"
kill -HUP "$daemon_pid"
ok "a passphrase that nobody can be asked for, too" \
    wait_until 30 says 'locked (its passphrase is needed)'
mirror_conf "$url$T/live3" "ssh identity = $ssh_dir/id"
kill -HUP "$daemon_pid"
ok "and a reload mends it" wait_until 30 there live3 three
stop_daemon
is "$rc" 0 "zcsyncd ends well"
done_testing
