#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# Connections that are cut, peers that fall silent, hosts that do not answer, and
# a user who does not want to wait.

. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"
. "$here/lib-relay.sh"

need_sshd
start_sshd || skip_all "no sshd"
ssh_config "IdentityAgent none"
known >"$ssh_dir/known_hosts"

# Processes of the sshd that serve a connection, and what they have started.
children()
{
    local p
    for p in $(cat /proc/"$1"/task/*/children 2>/dev/null); do
        echo "$p"
        children "$p"
    done
}
signal_session() # SIGNAL
{
    local p
    for p in $(children "$sshd_pid"); do
        kill "-$1" "$p"
    done 2>/dev/null
}

begin() # NAME [OPTION...]: a command that goes on, in the background
{
    rm -f "$T/up"
    background "$1" timeout -k 5 60 "${sshpipe[@]}" "${@:2}" far \
        "touch $T/up; exec sleep 50"
    wait_until 20 test -e "$T/up"
}
ends() # NAME CODE REGEX WHAT
{
    reap "$pid" 30
    is "$rc" "$2" "$4"
    if [ "$(grep -c '^sshpipe:' "$T/log/$1.err")" = 1 ] &&
        grep -qE "$3" "$T/log/$1.err"; then
        pass "$4: one sentence"
    else
        fail "$4: one sentence" "$(cat "$T/log/$1.err")"
    fi
}

begin cut
signal_session KILL
ends cut 10 'sshpipe: .*(far closed the connection|lost the connection to far)' \
    "a connection that is cut"

# What has come before is not lost.
background tail timeout -k 5 60 bash -c '"$@" | { sleep 2; wc -c; }' - \
    "${sshpipe[@]}" far "head -c 5000000 /dev/zero; touch $T/tail; sleep 50"
wait_until 20 test -e "$T/tail"
sleep 0.5
signal_session KILL
reap "$pid" 30
is "$(cat "$T/log/tail.out")" 5000000 "what came before the cut is passed on"

begin stopped -t 2
signal_session STOP
ends stopped 30 'sshpipe: no sign of life from far for 2 s' \
    "a peer that is stopped"
signal_session CONT

begin alive -o ServerAliveInterval=1 -o ServerAliveCountMax=2
signal_session STOP
ends alive 30 'sshpipe: no sign of life from far for 2 s' "ServerAliveInterval"
signal_session CONT

begin quiet -t 2
nok "a peer that has nothing to say is not lost" \
    wait_until 5 gone_or_zombie "$pid"
kill "$pid"

# Nobody takes what comes, for longer than the time-out: silence is ours then.
run timeout 60 bash -c '"$@" -t 2 far "head -c 30000000 /dev/zero" |
    { sleep 5; wc -c; }; exit "${PIPESTATUS[0]}"' - "${sshpipe[@]}"
is "$rc $out" "0 30000000" "a reader that sleeps loses nothing"

background given-up timeout -k 5 60 "${sshpipe[@]}" -w 1 far \
    'exec 1>&- 2>&-; sleep 50'
reap "$pid" 20
is "$rc" 98 "a command that does not end is not waited for for ever"

# --- slow lines and readers ---
# follow PID: $most is the memory it needs, in KiB
follow()
{
    local now p
    most=0
    while ! gone_or_zombie "$1"; do
        for p in "$1" $(children "$1"); do
            now=$(sed -n 's/^VmHWM:[^0-9]*\([0-9]*\).*/\1/p' "/proc/$p/status")
            [ "${now:-0}" -gt "$most" ] && most=$now
        done 2>/dev/null
        sleep 0.1
    done
}
if [ "${ZC_SANITIZE:-no}" != no ]; then
    skip 4 "memory is not what it is with sanitizers"
else
    start_relay --rate 20000000 --to "127.0.0.1:$sshd_port"
    head -c 60000000 /dev/zero >"$T/bytes"
    timeout 60 "${sshpipe[@]}" -o HostKeyAlias="[127.0.0.1]:$sshd_port" \
        -p "${relay##*:}" far 'wc -c' <"$T/bytes" >"$T/count" 2>"$T/log/slow" &
    follow $!
    is "$(cat "$T/count")" 60000000 "60 MB over a slow line arrive"
    ok "and are not kept in memory meanwhile ($most KiB)" [ "$most" -lt 32768 ]
    stop_relay
    mkfifo "$T/slow"
    timeout 60 "${sshpipe[@]}" far 'head -c 100000000 /dev/zero' \
        </dev/null >"$T/slow" 2>"$T/log/slow2" &
    pid=$!
    { sleep 2; wc -c; } <"$T/slow" >"$T/count" &
    follow "$pid"
    wait $!
    is "$(cat "$T/count")" 100000000 "100 MB for a slow reader arrive"
    ok "and are not kept in memory, either ($most KiB)" [ "$most" -lt 49152 ]
fi

# --- opening ---
perl -e 'use IO::Socket::INET; my $s = IO::Socket::INET->new(Listen => 5,
    LocalAddr => "127.0.0.1:0") or die; print "listening ", $s->sockport, "\n";
    $| = 1; print ""; sleep 100' >"$T/mute" 2>&1 &
started+=($!)
wait_until 10 grep -q listening "$T/mute"
mute=$(sed 's/listening //' "$T/mute")
runs_with 35 "a host that accepts and says nothing" "${sshpipe[@]}" -c 1 \
    -p "$mute" 127.0.0.1 true
like "$err" 'sshpipe: 127.0.0.1 did not answer in time while shaking hands' \
    "one sentence"
runs_with 35 "ConnectTimeout" "${sshpipe[@]}" -o ConnectTimeout=1 \
    -p "$mute" 127.0.0.1 true
runs_with 20 "a user who does not want to wait" "${sshpipe[@]}" -S 300 \
    -p "$mute" 127.0.0.1 true
like "$err" 'sshpipe: interrupted while shaking hands with 127.0.0.1' \
    "one sentence"
runs_with 5 "no cipher that both have" "${sshpipe[@]}" -n \
    -o Ciphers=no-such far true
like "$err" 'sshpipe: far: libssh2 has no cipher that Ciphers of ssh_config' \
    "one sentence"
runs_with 0 "a cipher, and the like, that are not our first choice" \
    "${sshpipe[@]}" -o Ciphers=aes256-ctr -o MACs=hmac-sha2-512 \
    -o KexAlgorithms=ecdh-sha2-nistp256 far true
runs_with 0 "more of them" "${sshpipe[@]}" -n -o Ciphers=+aes128-cbc far true
runs_with 5 "a kind of host key that the host has not" "${sshpipe[@]}" \
    -o HostKeyAlgorithms=ecdsa-sha2-nistp256 far true
like "$err" 'sshpipe: far: shaking hands failed' "one sentence"
runs_with 10 "nobody listens" "${sshpipe[@]}" -p 1 127.0.0.1 true
like "$err" 'sshpipe: could not connect to 127.0.0.1 port 1: ' "one sentence"
runs_with 10 "a host that does not exist" "${sshpipe[@]}" no-such.invalid true
like "$err" 'sshpipe: could not connect to no-such.invalid port 22' \
    "one sentence"
runs_with 1 "no name at all" "${sshpipe[@]}" -- -x true
background chatter perl -e 'use IO::Socket::INET;
    my $s = IO::Socket::INET->new(Listen => 5, LocalAddr => "127.0.0.1:0")
    or die; $| = 1; print "listening ", $s->sockport, "\n";
    while (my $c = $s->accept) { print $c "220 mail\r\n" x 3; close $c }'
wait_until 10 grep -q listening "$T/log/chatter.out"
runs_with '5|10' "a server of another kind" "${sshpipe[@]}" -p \
    "$(sed 's/listening //' "$T/log/chatter.out")" 127.0.0.1 true
like "$err" 'sshpipe: .*127.0.0.1.* while shaking hands|shaking hands failed' \
    "one sentence"

done_testing
