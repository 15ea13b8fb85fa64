#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Who we are: keys of every kind in files and in an agent, passphrases, and one
# sentence where nothing will do.

. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need_sshd
need ssh-agent ssh-add
keys=$ssh_dir/keys
mkdir "$keys"
new_key "$keys/other"
for type in ed25519 ecdsa rsa; do
    new_key "$keys/$type" "$type"
    new_key "$keys/locked-$type" "$type" "open sesame"
done
ssh-keygen -q -t rsa -m PEM -N "" -f "$keys/pem-rsa"
ssh-keygen -q -t ecdsa -m PEM -N "open sesame" -f "$keys/pem-locked"
ssh-keygen -q -t rsa -m PKCS8 -N "open sesame" -f "$keys/pkcs8-locked"
ssh-keygen -q -t ecdsa -b 521 -Z aes256-cbc -N "open sesame" \
    -f "$keys/cbc-locked"
for key in "$keys"/*.pub; do
    [ "$key" = "$keys/other.pub" ] || cat "$key"
done >"$ssh_dir/authorized_keys"
start_sshd "MaxAuthTries 20" "LogLevel DEBUG1" || skip_all "no sshd"
known >"$ssh_dir/known_hosts"

# login [OPTION...]: with no key but those that the options name
login()
{
    run "${sshpipe[@]}" -o "IdentityFile $ssh_dir/none" "$@" far 'echo in'
}
logs_in() # NAME [OPTION...]
{
    login "${@:2}"
    is "$rc $out" "0 in" "$1" || diag "$err"
}
# Not the key of lib-ssh.sh, which has to be asked for.
ssh_config "IdentityAgent none"
sed -i "s,IdentityFile.*,IdentityFile $ssh_dir/none," "$ssh_dir/config"

# What the server has been asked for, in one word for each request.
methods()
{
    sed -n 's/.*userauth-request for user .* method \([a-z]*\).*/\1/p' \
        "$sshd_log" | tail -n +"$((asked + 1))" | tr '\n' ' '
}
asks() # WHAT NAME [OPTION...]
{
    asked=0
    asked=$(methods | wc -w)
    logs_in "${@:2}"
    is "$(methods)" "$1 " "... which takes no more requests than it has to"
}
for type in ed25519 ecdsa rsa pem-rsa; do
    asks "publickey publickey" "a key: $type" -i "$keys/$type"
done
asks "publickey publickey publickey" "a key that is known, after another" \
    -i "$keys/other" -i "$keys/ecdsa"
asks "none publickey publickey" "with many keys the server is asked first" \
    -i "$keys/ed25519" -i "$keys/ecdsa" -i "$keys/rsa" -i "$keys/other"
if [ -x "$(command -v strace)" ] && [ "$ZC_SANITIZE" != yes ]; then
    run strace -f -qq -o "$T/log/strace" -e trace=setsockopt \
        "${sshpipe[@]}" -i "$keys/ed25519" far 'echo in'
    grep -q 'TCP_QUICKACK, \[1\]' "$T/log/strace"
    is "$? $out" "0 in" "and what it says unasked is acknowledged at once"
fi
for key in locked-{ed25519,ecdsa,rsa} {pem,pkcs8,cbc}-locked; do
    logs_in "with a passphrase: $key" -i "$keys/$key" -a "open sesame"
    like "$err" "ask \(secret\) Passphrase for the key $keys/$key" \
        "that is asked for"
done
login -i "$keys/locked-ed25519" -a ""
like "$err" "its passphrase is needed" "a passphrase that nobody gives"
logs_in "the second try" -i "$keys/locked-ed25519" -a wrong -a "open sesame"
login -i "$keys/locked-ed25519" -a 1 -a 2 -a 3 -a "open sesame"
is "$rc" 5 "there are three"
like "$err" "its passphrase was not right" "and then it is said"
login -i "$keys/locked-ed25519"
is "$rc" 5 "nobody to ask for a passphrase"
like "$err" "^sshpipe: could not log in at far as $(id -un): tried .*$keys/\
locked-ed25519 \(its passphrase is needed\); the server takes publickey" \
    "one sentence says so"
login -i "$keys/other" -a "open sesame"
is "$rc" 5 "a key that the server does not know"
unlike "$err" '^ask' "asks for nothing"
logs_in "the second key of two" -i "$keys/other" -i "$keys/ecdsa"
rm "$keys/pem-locked.pub"
logs_in "a key whose public half is in the dark" -i "$keys/pem-locked" \
    -a "open sesame"
chmod 644 "$keys/ed25519"
login -i "$keys/ed25519"
is "$rc" 5 "a key that others can read is not used"
like "$err" "say $keys/ed25519 is not used: others can read it" "and told of"
chmod 600 "$keys/ed25519"
echo nonsense >"$keys/nonsense"
chmod 600 "$keys/nonsense"
logs_in "a file that is no key is passed over" -i "$keys/nonsense" \
    -i "$keys/ed25519"
login -o BatchMode=yes -i "$keys/locked-rsa" -a "open sesame"
is "$rc" 5 "BatchMode asks for nothing"
logs_in "a key by its place in the home" \
    -o "IdentityFile %d/$(realpath --relative-to="$(getent passwd "$(id -u)" |
        cut -d : -f 6)" "$keys/ecdsa")"

# --- the agent ---
ssh-agent -D -a "$T/agent" >"$T/log/agent" 2>&1 </dev/null &
started+=($!)
wait_until 10 test -S "$T/agent"
export SSH_AUTH_SOCK=$T/agent
sed -i /IdentityAgent/d "$ssh_dir/config"
login
is "$rc" 5 "an agent without keys"
for type in ed25519 ecdsa rsa; do
    ssh-add -q -D 2>/dev/null
    ssh-add -q "$keys/other" "$keys/$type"
    logs_in "the agent's key: $type"
done
cp "$keys/locked-rsa.pub" "$ssh_dir/only.pub"
ssh-add -q -D
SSH_ASKPASS=$T/askpass SSH_ASKPASS_REQUIRE=force
printf '#!/bin/sh\necho open sesame\n' >"$T/askpass"
chmod +x "$T/askpass"
export SSH_ASKPASS SSH_ASKPASS_REQUIRE
ssh-add -q "$keys/locked-rsa" 2>"$T/log/add"
unset SSH_ASKPASS SSH_ASKPASS_REQUIRE
logs_in "a key in the agent needs no passphrase" -i "$keys/locked-rsa" -a no
unlike "$err" '^ask' "and none is asked for"
logs_in "IdentitiesOnly: a key of the agent that is named" \
    -o IdentitiesOnly=yes -i "$keys/locked-rsa"
login -o IdentitiesOnly=yes -i "$keys/other"
is "$rc" 5 "and one that is not"
login -o IdentityAgent=none
is "$rc" 5 "IdentityAgent none"
SSH_AUTH_SOCK=$T/nobody logs_in "IdentityAgent with its path" \
    -o "IdentityAgent $T/agent"
THERE=$T/agent SSH_AUTH_SOCK='' logs_in "IdentityAgent with a variable" \
    -o 'IdentityAgent $THERE'
SSH_AUTH_SOCK=$T/nobody logs_in "an agent that is gone is passed over" \
    -i "$keys/ecdsa"
login -o PubkeyAuthentication=no
is "$rc" 5 "PubkeyAuthentication no"

unset SSH_AUTH_SOCK
start_sshd "MaxAuthTries 2"
known >>"$ssh_dir/known_hosts"
ssh_config
login -i "$keys/other" -i "$keys/other" -i "$ssh_dir/host" -i "$keys/other" \
    -i "$ssh_dir/id"
is "$rc" 5 "a server that has had enough"
like "$err" 'far closed the connection while logging in: .*[Tt]oo many' \
    "is quoted"
logs_in "the second try may be the last" -o "IdentityFile $ssh_dir/none" \
    -i "$keys/other" -i "$keys/ecdsa"

done_testing
