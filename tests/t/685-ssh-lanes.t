#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is pushed through SSH over a link that takes its time goes over several
# channels; over one where the server allows no more, or starts something else; and a
# cut ends all of them.
. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"
. "$here/lib-net.sh"
. "$here/lib-process.sh"

need_root
need_sshd
need_tools delay-link
make_hosts
b=${on_b[-1]} a=${on_a[-1]}
background link "$built/delay-link" 70 "ta$$" "tb$$"
link_pid=$pid
wait_until 10 grep -qs ready "$T/log/link.out" || skip_all "no TAP devices"
ip link set "ta$$" netns "$a" && ip link set "tb$$" netns "$b" &&
    ip -n "$a" addr add 10.78.0.1/24 dev "ta$$" &&
    ip -n "$b" addr add 10.78.0.2/24 dev "tb$$" &&
    ip -n "$a" link set "ta$$" mtu 9000 txqueuelen 10000 up &&
    ip -n "$b" link set "tb$$" mtu 9000 txqueuelen 10000 up ||
    skip_all "no link with a delay"
sshd_as=("${on_b[@]}")
sshd_address=10.78.0.2
start_sshd || skip_all "no sshd"
ssh_config
known >"$ssh_dir/known_hosts"
options=(-v --ssh-data=tunnel --ssh-config="$ssh_dir/config"
    --remote-command="$ZCSYNC")
z() { # NAME SRC DEST [OPTION...]: without trouble
    runs_with 0 "$1" "${on_a[@]}" "$ZCSYNC" push "${options[@]}" "${@:4}" "$2" "$3"
}
mkdir "$T/a" "$T/little"
random_bytes 1000001 >"$T/a/odd"
for i in {1..300}; do echo "$i" >"$T/a/$i"; done
echo little >"$T/little/file"

# A busy machine may take long to start what they are for.
for size in 25000000 50000000 100000000; do
    rm -rf "$T/b"
    random_bytes $size >"$T/a/big"
    z "a tree" "$T/a" "far:$T/b"
    [[ $err = *"over 1 channel"* ]] || break
done
like "$err" 'far: sent over [234] channels of SSH' "goes over several channels"
ok "arrives" same_tree "$T/a" "$T/b"
z "a little one" "$T/little" "far:$T/b2"
unlike "$err" 'sent over' "needs no more of them"
ok "arrives" same_tree "$T/little" "$T/b2"

# --- where there are no more ---
for line in "MaxSessions 1" "ForceCommand $ZCSYNC serve --stdio"; do
    start_sshd "$line" || skip_all "no sshd"
    ssh_config
    known >>"$ssh_dir/known_hosts"
    rm -r "$T/b" "$T/a/big"
    random_bytes 3000000 >"$T/a/big"
    z "$line" "$T/a" "far:$T/b"
    like "$err" 'far: sent over 1 channel of SSH' "one channel will do"
    ok "arrives" same_tree "$T/a" "$T/b"
    unlike "$err" '^([^z]|z[^c])' "nothing else is heard of it"
done

# --- a cut ---
start_sshd || skip_all "no sshd"
ssh_config
known >>"$ssh_dir/known_hosts"
named() # WORD: those of the sshd
{
    local p
    for p in $(below "$sshd_pid"); do
        tr '\0' ' ' <"/proc/$p/cmdline" | grep -q -- "$1" && echo "$p"
    done 2>/dev/null
}
have_joined() { [ "$(named 'serve --stdio --lane$\|serve --stdio --lane ' | wc -l)" -ge 3 ]; }
random_bytes 12000000 >"$T/a/big"
rm -r "$T/b"
background cut "${on_a[@]}" "$ZCSYNC" push "${options[@]}" --bwlimit=2M "$T/a" \
    "far:$T/b"
pushing=$pid
ok "others join" wait_until 30 have_joined
all=$(below "$sshd_pid") theirs=$(named serve)
for p in $all; do
    [[ " $(echo $theirs) " = *" $p "* ]] || kill -KILL "$p"
done 2>/dev/null
reap "$pushing" 30
ok "a cut ends the push ($rc)" test "$rc" -eq 10 -o "$rc" -eq 12
like "$(cat "$T/log/cut.err")" \
    'zcsync: .*(far closed the connection|lost the connection to far)' "as ever"
left() { for p in $all; do gone_or_zombie "$p" || return 0; done; return 1; }
none_left() { ! left; }
ok "and nothing goes on there" wait_until 30 none_left
done_testing
