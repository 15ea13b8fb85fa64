#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SSH keys that are more than a key: with a certificate of an authority, beside the
# file, named, or in the agent; and on a security key, whose agent signs. What
# cannot be used is named, with the way out.
. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need_sshd
need ssh-agent ssh-add
need_tools sk-agent
new_key "$ssh_dir/ca"
start_sshd "TrustedUserCAKeys $ssh_dir/ca.pub" || skip_all "no sshd"
known >"$ssh_dir/known_hosts"
rm "$ssh_dir/id"
mkdir "$T/there"
echo hello >"$T/there/hello"

# settings LINE...: of ssh_config, and nobody is let in by a key of his own
settings()
{
    {
        printf '%s\n' "$@" "Host *" " HostName 127.0.0.1" " Port $sshd_port" \
            " User $(id -un)" " UserKnownHostsFile $ssh_dir/known_hosts" \
            " GlobalKnownHostsFile /dev/null"
    } >"$ssh_dir/config"
    : >"$ssh_dir/authorized_keys"
}

# both CODE WHAT [ARG...]: as ssh -G reads the settings, and as we do
both()
{
    local code=$1 what=$2 where
    shift 2
    for where in "$PATH" "$T/bin"; do
        rm -rf "$T/got"
        runs_with "$code" "$what" env PATH="$where" "$ZCSYNC" pull \
            --ssh-config="$ssh_dir/config" --remote-command="$ZCSYNC" "$@" \
            "far:$T/there" "$T/got"
        [ "$code" != 0 ] || is "$(cat "$T/got/hello")" hello "and pulls"
    done
}
mkdir "$T/bin" # no ssh(1) here

# certify KEY: KEY-cert.pub
certify()
{
    ssh-keygen -q -s "$ssh_dir/ca" -I "${1##*/}" -n "$(id -un)" "$1.pub" ||
        skip_all "ssh-keygen makes no certificates"
}

# ---- certificates ----------------------------------------------------------------

for type in ed25519 ecdsa; do
    new_key "$ssh_dir/$type" "$type"
    settings "IdentityFile $ssh_dir/$type"
    both 5 "$type without a certificate"
    certify "$ssh_dir/$type"
    both 0 "$type with a certificate beside it"
    mv "$ssh_dir/$type-cert.pub" "$ssh_dir/other.pub"
    settings "IdentityFile $ssh_dir/$type" "CertificateFile $ssh_dir/other.pub"
    both 0 "$type with a CertificateFile"
    rm "$ssh_dir/other.pub"
done

new_key "$ssh_dir/locked" ed25519 secret
certify "$ssh_dir/locked"
settings "IdentityFile $ssh_dir/locked"
both 5 "a certificate of a locked key"
one_sentence "locked-cert.pub .its passphrase is needed" "says so"

new_key "$ssh_dir/rsa" rsa
certify "$ssh_dir/rsa"
settings "IdentityFile $ssh_dir/rsa"
both 5 "an RSA certificate"
one_sentence "rsa-cert.pub .an RSA certificate.*'-e ssh'" "says the way out"
runs_with 0 "which" "$ZCSYNC" pull -e "ssh -F $ssh_dir/config" \
    --remote-command="$ZCSYNC" "far:$T/there" "$T/e"

settings "IdentityFile $ssh_dir/ed25519" "CertificateFile $ssh_dir/ca.pub"
both 5 "a CertificateFile that is none"
one_sentence "ca.pub .no certificate" "is named"
certify "$ssh_dir/ed25519"
mv "$ssh_dir/ed25519" "$ssh_dir/elsewhere"
settings "IdentityFile none" "CertificateFile $ssh_dir/ed25519-cert.pub"
both 5 "a certificate without its key"
one_sentence "ed25519-cert.pub .its private key is nowhere" "is named"

eval "$(ssh-agent -s)" >/dev/null
zc_agent=$SSH_AGENT_PID
trap 'kill "$zc_agent"; cleanup' EXIT
mv "$ssh_dir/elsewhere" "$ssh_dir/ed25519"
ssh-add -q "$ssh_dir/ed25519"
settings "IdentityFile none"
both 0 "a certificate in the agent"
ssh-add -q -D
mv "$ssh_dir/ed25519-cert.pub" "$ssh_dir/other.pub"
ssh-add -q "$ssh_dir/ed25519"
settings "CertificateFile $ssh_dir/other.pub"
both 0 "a certificate for a key of the agent"
rm "$ssh_dir/ed25519"
settings "IdentitiesOnly yes" "IdentityFile $ssh_dir/ed25519"
cp "$ssh_dir/ed25519.pub" "$ssh_dir/authorized_keys"
both 0 "a key of the agent of which the public half is named"
both 0 "and by its own file" --ssh-option="IdentityFile $ssh_dir/ed25519.pub"
ssh-add -q -D
both 5 "it is gone"
one_sentence "ed25519 .its private key is nowhere" "and that is said"

# ---- security keys ---------------------------------------------------------------

for type in ed25519 ecdsa; do
    new_key "$ssh_dir/chip" "$type"
    rm -f "$T/sk" "$ssh_dir/token.pub"
    background sk-agent "$built/sk-agent" "$T/sk" "$ssh_dir/chip" \
        "$ssh_dir/token.pub"
    export SSH_AUTH_SOCK=$T/sk
    wait_until 10 test -s "$ssh_dir/token.pub"
    settings "IdentityFile none"
    both 5 "sk-$type that nobody knows"
    cp "$ssh_dir/token.pub" "$ssh_dir/authorized_keys"
    both 0 "sk-$type in the agent"
    certify "$ssh_dir/token"
    settings "IdentityFile none" "CertificateFile $ssh_dir/token-cert.pub"
    both 0 "sk-$type with a certificate"
    unset SSH_AUTH_SOCK
    settings "IdentityFile $ssh_dir/token.pub"
    both 5 "sk-$type without an agent"
    one_sentence "token-cert.pub .on a security key: 'ssh-add' it, or '-e ssh'" \
        "says what to do"
    kill "$pid"
    reap "$pid"
done
done_testing
