#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Is the host the right one? Known, unknown, changed and revoked keys, of several
# kinds, by names hashed or not, and what StrictHostKeyChecking makes of them.

. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need_sshd
new_key "$ssh_dir/host-ecdsa" ecdsa
new_key "$ssh_dir/host-rsa" rsa
new_key "$ssh_dir/another"
new_key "$ssh_dir/another-ecdsa" ecdsa
start_sshd "HostKey $ssh_dir/host-ecdsa" || skip_all "no sshd"
ssh_config "IdentityAgent none"
known=$ssh_dir/known_hosts
name="[127.0.0.1]:$sshd_port"
print=$(ssh-keygen -lf "$ssh_dir/host.pub" | cut -d ' ' -f 2)
shown=${print//+/\\+} # in a pattern

go() { run "${sshpipe[@]}" "$@" far 'echo in'; }
goes() # NAME [OPTION...]
{
    go "${@:2}"
    is "$rc $out" "0 in" "$1" || diag "$err"
}
refused() # NAME REGEX [OPTION...]
{
    go "${@:3}"
    is "$rc" 5 "$1"
    if [ "$(grep -c '^sshpipe:' <<<"$err")" = 1 ] && [[ $err =~ $2 ]]; then
        pass "$1: one sentence"
    else
        fail "$1: one sentence" "$err"
    fi
}

# --- unknown ---
refused "an unknown host, and nobody to ask" \
    "the key of far \(ssh-ed25519 $shown\) is not known, and there is nobody"
nok "nothing is noted" test -e "$known"
refused "StrictHostKeyChecking" "StrictHostKeyChecking is on" \
    -o StrictHostKeyChecking=yes -a yes
refused "the answer no" "$shown\) was not accepted" -a no
refused "no answer that counts" "was not accepted" -a y
refused "no answer at all" "there is nobody to ask" -a ""
refused "BatchMode" "there is nobody to ask" -o BatchMode=yes -a yes
goes "the answer yes" -a yes
like "$err" "ask The key of far \(\[127.0.0.1\]:$sshd_port\) is not known:" \
    "the question names the host"
like "$err" "$shown" "and its key"
ok "and is noted" ssh-keygen -F "$name" -f "$known"
goes "from then on it is known"
rm "$known"
goes "the fingerprint for an answer" -a "$print"
rm "$known"
goes "accept-new" -o StrictHostKeyChecking=accept-new
goes "notes it"
rm "$known"
goes "the option that means the same" -N
goes "notes it"
rm "$known"
goes "no checks" -o StrictHostKeyChecking=no
goes "notes it"
rm "$known"
goes "HashKnownHosts" -N -o HashKnownHosts=yes
like "$(cat "$known")" '^\|1\|' "hides the name"
ok "which ssh-keygen finds" ssh-keygen -F "$name" -f "$known"
goes "and we"
rm -r "$known"
goes "several files" -N -o "UserKnownHostsFile $T/new/one $T/two"
ok "the first gets the key" grep -q ed25519 "$T/new/one"
is "$(stat -c %a "$T/new" "$T/new/one")" $'700\n600' "which is for nobody else"
goes "a key that cannot be noted is accepted all the same" -N \
    -o "UserKnownHostsFile $T/no/such/directory"
like "$err" 'say could not note the key of far' "and told of"

# --- known ---
known "$name" >"$T/two"
goes "the second file" -o "UserKnownHostsFile $T/one $T/two"
goes "the system's file" -o "UserKnownHostsFile none" \
    -o "GlobalKnownHostsFile $T/two"
known "*.0.0.1,!10.0.0.1,[127.0.*]:*" >"$known"
goes "a pattern"
known 127.0.0.1 >"$known"
goes "a host that is known without its port"
known alias >"$known"
goes "HostKeyAlias" -o HostKeyAlias=Alias
known "$name" "$ssh_dir/host-ecdsa" >"$known"
goes "a key of another kind, which is asked for"
{
    echo "$name ssh-ed25519 nonsense"
    echo "$name sk-new@example.com AAAA"
    known "$name"
} >"$known"
goes "lines that make no sense are passed over"

# --- changed ---
{ echo "# one"; known "$name" "$ssh_dir/another"; } >"$known"
refused "another key" "far has shown another key \(ssh-ed25519 $shown\) than \
the one in $known:2" -a yes
refused "whatever is accepted" "$known:2" -N
refused "or not checked" "$known:2" -o StrictHostKeyChecking=no -a yes
known "$name" "$ssh_dir/host" >>"$known"
goes "one of two keys"
ssh-keygen -q -H -f "$known" >"$T/log/hash" 2>&1
goes "one of two that are hashed"
known "$name" "$ssh_dir/another" >"$known"
ssh-keygen -q -H -f "$known" >"$T/log/hash" 2>&1
refused "another key, by a hashed name" "$known:1"

# --- revoked, certificates ---
{ known "$name"; echo "@revoked $(known '*')"; } >"$known"
refused "a revoked key" "that $known:2 revokes" -a yes
echo "@cert-authority $(known "$name" "$ssh_dir/another")" >"$known"
refused "a host known by its authority" "authority only \($known:1\)" -a yes
known "$name" >>"$known"
goes "and by its own key"

# --- kinds ---
known "$name" "$ssh_dir/another-ecdsa" >"$known"
refused "another key of a kind that is asked for" "$known:1" -a yes
start_sshd
ssh_config "IdentityAgent none"
name="[127.0.0.1]:$sshd_port"
known "$name" "$ssh_dir/host-ecdsa" >"$known"
refused "a kind that the host no longer has" "of another kind \(ssh-ed25519 \
$shown\) than the one in $known:1" -N
goes "which may be accepted" -a yes
like "$err" 'There is one of another kind in' "by whoever has been told"
goes "once"

done_testing
