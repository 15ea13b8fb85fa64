# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2034,SC2154
#
# For scenarios with a real sshd; sourced after lib.sh. Nothing of the user's own
# ~/.ssh is used: every key, known_hosts and configuration is in $T/ssh, and
# "${sshpipe[@]}" is tests/tools/sshpipe with those.

ssh_dir=$T/ssh
export HOME=$T/home
unset SSH_AUTH_SOCK SSH_ASKPASS SSH_ASKPASS_REQUIRE DISPLAY

need_sshd()
{
    local tool
    need ssh ssh-keygen
    for tool in "$(command -v sshd)" /usr/sbin/sshd; do
        [ -x "$tool" ] && sshd=$tool
    done
    [ -n "${sshd:-}" ] || skip_all "sshd is not installed (openssh-server)"
    need_tools sshpipe
    mkdir -p "$ssh_dir" "$HOME"
    chmod 700 "$ssh_dir"
    [ "$(id -u)" != 0 ] || mkdir -p /run/sshd
    new_key "$ssh_dir/host"
    new_key "$ssh_dir/id"
    cat "$ssh_dir/id.pub" >"$ssh_dir/authorized_keys"
    sshpipe=("$built/sshpipe" -F "$ssh_dir/config")
}

# new_key FILE [TYPE [PASSPHRASE]]
new_key()
{
    rm -f "$1" "$1.pub"
    ssh-keygen -q -t "${2:-ed25519}" -N "${3:-}" -C "${1##*/}" -f "$1" ||
        skip_all "ssh-keygen makes no ${2:-ed25519} key"
}

sshds=0
declare -a sshd_as=()

# start_sshd [LINE...]: $sshd_port, $sshd_pid and $sshd_log; LINEs of
# sshd_config go before what is usual here. SHLVL keeps bash from reading the ~/.bashrc
# of whoever runs the tests, as it does for commands over SSH: it may say something, or
# take long.
start_sshd()
{
    local try conf pid
    sshds=$((sshds + 1))
    conf=$ssh_dir/sshd_config.$sshds
    sshd_log=$T/log/sshd.$sshds.err
    for try in {1..20}; do
        sshd_port=$((20000 + (RANDOM * 32768 + RANDOM + $$) % 12000))
        {
            printf '%s\n' "$@"
            printf '%s\n' "ListenAddress ${sshd_address:-127.0.0.1}" \
                "Port $sshd_port" "HostKey $ssh_dir/host" "PidFile none" \
                "AuthorizedKeysFile $ssh_dir/authorized_keys" "UsePAM no" \
                "StrictModes no" "PermitRootLogin yes" "MaxStartups 100" "SetEnv SHLVL=2" \
                "PasswordAuthentication no" "KbdInteractiveAuthentication no"
        } >"$conf"
        background "sshd.$sshds" "${sshd_as[@]}" "$sshd" -D -e -f "$conf"
        sshd_pid=$pid
        wait_until 10 sshd_settled
        grep -q '^Server listening' "$sshd_log" && return
    done
    diag "sshd did not come up: $(cat "$sshd_log")"
    return 1
}

sshd_settled()
{
    grep -q '^Server listening' "$sshd_log" || gone_or_zombie "$sshd_pid"
}

# ssh_config [LINE...]: what "${sshpipe[@]}" goes by; the host is called "far".
ssh_config()
{
    {
        printf '%s\n' "$@"
        printf '%s\n' "Host far" " HostName ${sshd_address:-127.0.0.1}" \
            " Port $sshd_port" "Host *" " User $(id -un)" \
            " IdentityFile $ssh_dir/id" \
            " UserKnownHostsFile $ssh_dir/known_hosts" \
            " GlobalKnownHostsFile /dev/null" " ConnectTimeout 20"
    } >"$ssh_dir/config"
}

# known [HOST [KEY]]: writes a line for the sshd that was started last
known()
{
    echo "${1:-[${sshd_address:-127.0.0.1}]:$sshd_port}" \
        "$(cut -d ' ' -f 1,2 "${2:-$ssh_dir/host}.pub")"
}
