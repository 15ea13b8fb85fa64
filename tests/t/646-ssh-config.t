#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# ssh_config: our own reader, which is used where there is no ssh(1), makes of it
# what `ssh -G` does.

. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need ssh
need_tools sshpipe
mkdir -p "$ssh_dir/d"
config=$ssh_dir/config
cat >"$ssh_dir/d/one.conf" <<'EOF'
Host incl*
  Port 4001
Host *
  ServerAliveInterval 7
EOF
echo "Port 4002" >"$ssh_dir/d/two.conf"
cat >"$config" <<EOF
# all that is common
Host web web? !webx
    HostName web.example.com
    Port 2222
    User me
    IdentityFile ~/.ssh/web
    IdentityFile "/keys/with a blank"
    IdentitiesOnly yes
    StrictHostKeyChecking accept-new
    UserKnownHostsFile ~/.ssh/kh_x /etc/kh2
    GlobalKnownHostsFile /etc/gkh
Host jump
    ProxyJump one,two@three:4
    ProxyCommand never
Host cmd
    ProxyCommand nc -X 5 %h %p
    ProxyJump never
    HostKeyAlias other
    IdentityAgent ~/agent
Host none
    ProxyJump none
    ConnectTimeout none
    AddressFamily inet6
Host incl*
    Include $ssh_dir/d/*.conf $ssh_dir/d/none.conf
    User after
Match host m.example.com
    Port 4003
Match originalhost m
    HostName m.example.com
Match host *.example.com
    User matched
Match !host zzz originalhost zzz,yyy
    User yyy
Match all
    Compression yes
Host=eq
    hostname = eq.example.com
    USER="with quotes"
    Port=99
	BatchMode	yes
    ServerAliveInterval 4
    HashKnownHosts no
Host timed
    ConnectTimeout 1m5
    ServerAliveInterval 10
    ServerAliveCountMax 9
    NumberOfPasswordPrompts 1
    PubkeyAuthentication no
    PasswordAuthentication no
    KbdInteractiveAuthentication no
    StrictHostKeyChecking off
Host esc
    User "a \"b\" c"
    HostName %h.example.com
    IdentityFile none
Host *
    ConnectTimeout 33
    StrictHostKeyChecking yes
EOF

# What only one of the two knows: the usual identity files differ in kinds that
# nobody uses with us, and ssh -G has replaced what stands for the home.
plain()
{
    sed -e "s,${home:-$(getent passwd "$(id -u)" | cut -d : -f 6)}/,~/," \
        -e '/^identityfile ~\/.ssh\/id_/d' \
        -e 's/^\(identityagent\|proxyjump\|proxycommand\) none$/\1 -/'
}
alike() # HOST [OPTION...]
{
    local ours theirs
    run "${sshpipe[@]}" "${@:2}" -G "$1"
    theirs="$rc $(plain <<<"$out")"
    run "${sshpipe[@]}" "${@:2}" -n -G "$1"
    ours="$rc $(plain <<<"$out")"
    is "$ours" "$theirs" "$*"
}
sshpipe=("$built/sshpipe" -F "$config")
for host in web web1 webx jump cmd none incl inclx m m.example.com eq timed \
    esc yyy zzz plain 192.0.2.1 2001:db8::1 me@web you@plain; do
    alike "$host"
done
alike web -p 7
alike web -o Port=7 -o "User you" -o ProxyJump=j
touch "$T/k" "$T/l" # ssh(1) drops those that are not there
alike plain -J a,b -i "$T/k" -i "$T/l"
alike plain -N
alike web -N
alike web -o IdentityFile="$T/k" -i "$T/l"
run "${sshpipe[@]}" -i "$T/none" -G web
like "$err" "say $T/none: No such file" "a key that is not there is told of"
run "${sshpipe[@]}" -n -G web
like "$out" 'hostname web.example.com.*port 2222.*user me' "they say something"
like "$(grep -c . <<<"$out")" '^2[0-9]$|^1[5-9]$' "of all keys"

wrong() # WHAT: refused by both, with the line
{
    local how
    printf 'Host a\n%s\n' "$1" >"$config"
    for how in "" -n; do
        # shellcheck disable=SC2086
        run "${sshpipe[@]}" $how -G a
        is "$rc" 1 "refused ${how:-by ssh}: $1"
        like "$err" "sshpipe: .*(line 2|:2):" "and the line is named"
    done
}
wrong "Port 99999"
wrong "Port"
wrong "StrictHostKeyChecking perhaps"
wrong 'User "me'
wrong "ConnectTimeout soon"
echo "Include $config" >"$config"
run "${sshpipe[@]}" -n -G a
is "$rc" 1 "a file that includes itself is refused"
like "$err" 'sshpipe: .*included more than 16 deep' "with a sentence"
echo "Match exec false" >"$config"
echo "Port 5" >>"$config"
run "${sshpipe[@]}" -n -G a
like "$out" 'port 22' "what our reader cannot judge does not count"
like "$err" "say .*config:1: passed over, as \"Match exec\" is" "and is told of"
rm "$config"
run "${sshpipe[@]}" -n -G a
is "$rc" 1 "a file that is not there"
like "$err" "sshpipe: $config: No such file" "is named"
sshpipe=("$built/sshpipe" -F none)
alike a

# --- another ssh, or none ---
printf 'User someone\nPort 5\n' >"$config"
sshpipe=("$built/sshpipe" -F "$config")
mkdir "$T/bin"
printf '#!/bin/sh\necho "Dropbear SSH client v2022.83" >&2\nexit 1\n' \
    >"$T/bin/ssh"
chmod +x "$T/bin/ssh"
run env PATH="$T/bin:$PATH" "${sshpipe[@]}" -G a
like "$out" 'port 5.user someone' "a program that is not OpenSSH is not asked"
rm "$T/bin/ssh"
run env PATH="$T/bin" "${sshpipe[@]}" -G a
like "$out" 'port 5.user someone' "nor one that is not there"

# --- the user's and the system's own files ---
if [ "$(id -u)" != 0 ] ||
    ! unshare -m mount --bind "$T" "$T" 2>/dev/null; then
    skip 4 "cannot mount in a namespace"
else
    home=$T/home
    mkdir -p "$home/.ssh" "$T/etc"
    chmod 700 "$home/.ssh"
    sed "s,^root:\([^:]*:[^:]*:[^:]*:[^:]*\):[^:]*:,root:\1:$T/home:," \
        /etc/passwd >"$T/passwd"
    printf 'Host a\n User own\nInclude more\n' >"$T/home/.ssh/config"
    printf 'Host *\n ConnectTimeout 3\n' >"$T/home/.ssh/more"
    printf 'Host *\n User system\n Port 77\nInclude more\n' >"$T/etc/ssh_config"
    printf 'Host *\n ServerAliveInterval 8\n' >"$T/etc/more"
    # shellcheck disable=SC2016
    sshpipe=(unshare -m sh -c 'mount --bind "$0/passwd" /etc/passwd &&
        mount --bind "$0/etc" /etc/ssh && exec "$@"' "$T" "$built/sshpipe")
    alike a
    like "$out" 'port 77.*user own.*connecttimeout 3.alive 8' "the user's first"
    alike b
    chmod 666 "$T/home/.ssh/config"
    run "${sshpipe[@]}" -n -G a
    is "$rc" 1 "a file that others can write is not obeyed"
fi

done_testing
