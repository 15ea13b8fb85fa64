#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Logging in with what a person knows: a password, keyboard-interactive, and a
# key and a password where the server wants both. The sshd sees a shadow file of
# its own, in which root has a password.

. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need_root
need_sshd
need unshare openssl
[ -f /etc/shadow ] || skip_all "no /etc/shadow"
hash=$(openssl passwd -6 sesame) || skip_all "openssl makes no password"
sed "s|^root:[^:]*|root:$hash|" /etc/shadow >"$T/shadow"
chmod 600 "$T/shadow"
unshare -m mount --bind "$T/shadow" /etc/shadow 2>/dev/null ||
    skip_all "cannot mount in a namespace"
# shellcheck disable=SC2016
sshd_as=(unshare -m sh -c 'mount --bind "$0" /etc/shadow && exec "$@"'
    "$T/shadow")

start_sshd "PasswordAuthentication yes" || skip_all "no sshd"
ssh_config "IdentityAgent none"
sed -i "s,IdentityFile.*,IdentityFile $ssh_dir/none," "$ssh_dir/config"
known >"$ssh_dir/known_hosts"

run "${sshpipe[@]}" -a sesame root@far 'echo in'
is "$rc $out" "0 in" "a password" || diag "$(tail -3 "$sshd_log")"
like "$err" 'ask \(secret\) Password of root at far: ' "that is asked for"
run "${sshpipe[@]}" -a wrong -a sesame root@far 'echo in'
is "$rc $out" "0 in" "the second try"
run "${sshpipe[@]}" -a 1 -a 2 -a 3 -a sesame root@far 'echo in'
is "$rc" 5 "there are three"
like "$err" 'could not log in at far as root: tried .*a password; the server' \
    "and then it is said"
run "${sshpipe[@]}" -o NumberOfPasswordPrompts=1 -a 1 -a sesame root@far 'echo in'
is "$rc" 5 "NumberOfPasswordPrompts"
run "${sshpipe[@]}" root@far 'echo in'
is "$rc" 5 "nobody to ask"
like "$err" 'takes .*password.* and there is nobody to ask for a password' \
    "one sentence says so"
run "${sshpipe[@]}" -a "" root@far 'echo in'
is "$rc" 5 "nobody who answers"
like "$err" 'and there is nobody to ask for a password' "the same sentence"
unlike "$err" 'tried [^;]*a password' "and nothing was tried"
run "${sshpipe[@]}" -o PasswordAuthentication=no -a sesame root@far 'echo in'
is "$rc" 5 "PasswordAuthentication no"
run "${sshpipe[@]}" -i "$ssh_dir/id" -a sesame root@far 'echo in'
unlike "$err" '^ask' "a key comes first"

start_sshd "PasswordAuthentication yes" \
    "AuthenticationMethods publickey,password"
known >>"$ssh_dir/known_hosts"
ssh_config "IdentityAgent none"
run "${sshpipe[@]}" -a sesame root@far 'echo in'
is "$rc $out" "0 in" "a key and then a password"
run "${sshpipe[@]}" root@far 'echo in'
is "$rc" 5 "the key alone will not do"

if [ ! -f /etc/pam.d/sshd ]; then
    skip 5 "no /etc/pam.d/sshd"
else
    start_sshd "UsePAM yes" "KbdInteractiveAuthentication yes"
    known >>"$ssh_dir/known_hosts"
    ssh_config "IdentityAgent none"
    sed -i "s,IdentityFile.*,IdentityFile $ssh_dir/none," "$ssh_dir/config"
    run "${sshpipe[@]}" -a sesame root@far 'echo in'
    is "$rc $out" "0 in" "keyboard-interactive"
    like "$err" 'ask \(secret\) \(root@far\) Password: ' \
        "asks what the server asks"
    run "${sshpipe[@]}" -a wrong -a sesame root@far 'echo in'
    is "$rc $out" "0 in" "the second try"
    run "${sshpipe[@]}" -a wrong root@far 'echo in'
    is "$rc" 5 "no more answers"
    like "$err" 'tried .*keyboard-interactive' "and it is said what was tried"
fi

done_testing
