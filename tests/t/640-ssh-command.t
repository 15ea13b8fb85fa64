#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A command on another host over SSH: its output, its stderr line by line, its
# exit status or signal, and much data both ways at once.

. "$(dirname "$0")/lib.sh"
. "$here/lib-ssh.sh"

need_sshd
start_sshd || skip_all "no sshd"
ssh_config
known >"$ssh_dir/known_hosts"

runs_with 0 "a command runs" "${sshpipe[@]}" far 'echo "$0 is here"; echo "  "'
like "$out" 'is here' "its output comes"
like "$err" '^at 127\.0\.0\.1' "the address that was reached is told"

runs_with 7 "its exit status comes" "${sshpipe[@]}" far \
    'echo one >&2; printf "two\nthree" >&2; exit 7'
is "$(grep '^remote ' <<<"$err")" "remote one
remote two
remote three" "its stderr comes line by line"
like "$err" 'last said: one' "and is kept for a sentence"

runs_with 98 "a command that a signal ends has no status" "${sshpipe[@]}" far \
    'kill -TERM $$'
like "$err" 'signal TERM' "the signal is told"

runs_with 127 "a command that is not there" "${sshpipe[@]}" far no-such-thing
like "$err" 'remote .*no-such-thing' "says so"

run "${sshpipe[@]}" far 'cat; echo end' </dev/null
is "$out" end "end of input reaches the command"

runs_with 0 "a command that never reads" "${sshpipe[@]}" far 'exec 0<&-; echo x'
is "$out" x "is done all the same"

random_bytes 20000000 >"$T/bytes"
timeout 120 "${sshpipe[@]}" far cat <"$T/bytes" >"$T/back" 2>"$T/log/both.err"
is $? 0 "20 MB there and back at once"
ok "are the same" cmp "$T/bytes" "$T/back"

timeout 120 "${sshpipe[@]}" far "sleep 1; sha256sum; cat $T/bytes" \
    <"$T/bytes" >"$T/back" 2>"$T/log/there.err"
is $? 0 "20 MB to a command that is late to read"
is "$(head -n 1 "$T/back")" "$(sha256sum <"$T/bytes")" "are what was sent"
ok "and 20 MB from it" cmp "$T/bytes" <(tail -n +2 "$T/back")

# Whoever reads is slow: what is sent the other way is not held up.
mkfifo "$T/slow"
(
    timeout 60 "${sshpipe[@]}" far \
        "cat >$T/put; echo done >$T/put.done; cat $T/bytes" \
        <"$T/bytes" >"$T/slow" 2>"$T/log/slow.err"
) &
exec 5<"$T/slow"
ok "what is sent arrives while nobody reads" wait_until 60 test -s "$T/put.done"
ok "whole" cmp "$T/bytes" "$T/put"
ok "and what comes back waits" cmp "$T/bytes" - <&5
exec 5<&-

# A text before the login, another address, what a login prints.
printf 'Keep out\nor else\n' >"$ssh_dir/banner"
if ! ip -6 addr show dev lo 2>/dev/null | grep -q ::1/128; then
    skip 2 "no IPv6 here"
else
    sshd_address=::1 start_sshd "Banner $ssh_dir/banner" "PrintMotd yes"
    sshd_address=::1 ssh_config
    echo "[::1]:$sshd_port $(cut -d ' ' -f 1,2 "$ssh_dir/host.pub")" \
        >>"$ssh_dir/known_hosts"
    run "${sshpipe[@]}" far 'echo in'
    is "$rc $out" "0 in" "IPv6, and a banner"
    like "$err" '^at ::1' "the address is told"
fi

# New keys for the connection again and again. libssh2 loses its copy of the host
# key each time, which the sanitizer is not to tell of.
echo "leak:libssh2.so" >"$T/lsan"
export LSAN_OPTIONS="suppressions=$T/lsan print_suppressions=0"
start_sshd "RekeyLimit 2M"
ssh_config
known >>"$ssh_dir/known_hosts"
timeout 120 "${sshpipe[@]}" far "cat $T/bytes & cat >$T/put; wait" \
    <"$T/bytes" >"$T/back" 2>"$T/log/rekey.err"
is $? 0 "20 MB both ways, with new keys all the time"
ok "what was sent is the same" cmp "$T/bytes" "$T/put"
ok "and what came" cmp "$T/bytes" "$T/back"

done_testing
