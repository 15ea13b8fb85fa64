# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For benchmarks with an sshd of their own, which is $SSHD; sourced after lib.sh.

SSHD=${SSHD:-$(PATH=$PATH:/usr/sbin:/sbin command -v sshd)}

free_port()
{
    perl -MIO::Socket::INET -e '
        print IO::Socket::INET->new(Listen => 1, LocalAddr => "127.0.0.1")->sockport'
}

# A server of its own at $ssh_address and $ssh_port, with a key that is let in.
ssh_address=127.0.0.1
make_ssh()
{
    local name
    for name in host user; do
        ssh-keygen -q -t ed25519 -N '' -C '' -f "$work/ssh-$name" || exit 1
    done
    # it wants this folder to change its root to, and dies without
    [ "$(id -u)" = 0 ] && mkdir -p /run/sshd
    ssh_port=$(free_port)
    # the start-up files of whoever runs this are nobody's time
    echo "environment=\"HOME=$work\" $(cat "$work/ssh-user.pub")" \
        >"$work/ssh-authorized"
    cat >"$work/sshd.conf" <<CONF
ListenAddress $ssh_address:$ssh_port
HostKey $work/ssh-host
AuthorizedKeysFile $work/ssh-authorized
PidFile none
StrictModes no
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
UseDNS no
PermitUserEnvironment yes
Compression no
PrintMotd no
Ciphers aes128-gcm@openssh.com,chacha20-poly1305@openssh.com,aes128-ctr
CONF
    echo "[$ssh_address]:$ssh_port $(cat "$work/ssh-host.pub")" >"$work/ssh-known"
}
ssh_command() # CIPHER
{
    echo "ssh -F none -p $ssh_port -i $work/ssh-user -c $1" \
        "-o UserKnownHostsFile=$work/ssh-known -o BatchMode=yes" \
        "-o IdentitiesOnly=yes -o Compression=no"
}
