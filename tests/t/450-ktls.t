#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where both kernels have TLS a sealed push hands its keys to them: files are sent
# with sendfile, nothing is encrypted here. --no-ktls on either side keeps it in
# user space; a byte changed on the way ends it. (make check-ktls runs this where
# the kernel has TLS.)
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"

grep -qsw tls /proc/sys/net/ipv4/tcp_available_ulp ||
    skip_all "this kernel has no TLS, or has not loaded it"
grep -qw aes /proc/cpuinfo || skip_all "this CPU has no AES"
need strace perl

make_tree "$T/a"
many_files "$T/a/many" 200 300
random_bytes 5000000 >"$T/a/5M"
here_key=$("$ZCSYNC" keygen -f "$T/here.key")
there_key=$("$ZCSYNC" keygen -f "$T/there.key")
sealed=(--identity "$T/here.key" --peer-key "$there_key")

# serve_sealed OPTION...: a fresh directory as the share
serve_sealed()
{
    rm -rf "$T/b" && mkdir "$T/b"
    start_serve -v --identity "$T/there.key" --peer-key "$here_key" "$@" \
        data="$T/b" || skip_all "serve does not start"
}

# Of an strace -f log: bytes that sendfile moved to sockets with kernel keys.
sendfile_bytes()
{
    perl -ne '
        $keys{$1} = 1 if /setsockopt\((\d+), (?:SOL_TLS|0x11a[^,]*), (?:TLS_TX|1|0x1 [^,]*),.* = 0$/;
        $bytes += $2 if /sendfile\((\d+),.* = (\d+)$/ and $keys{$1};
        END { print $bytes + 0 }' "$1"
}

kernel='AES-256-GCM, kernel TLS'
serve_sealed
run strace -f -qq -o "$T/log/strace" -e trace=setsockopt,sendfile \
    "$ZCSYNC" push -vv "${sealed[@]}" "$T/a" "zcsync://$addr/data"
is "$rc" 0 "push with kernel TLS"
like "$err" "$kernel" "it says so"
like "$(cat "$serve_log.err")" "$kernel" "and so does serve"
ok "equal" same_tree "$T/a" "$T/b"
sent=$(sendfile_bytes "$T/log/strace")
ok "sendfile sent the big files: $sent bytes" [ "$sent" -ge 5000000 ]
pushes "a second run" "${sealed[@]}" "$T/a" "zcsync://$addr/data"

start_relay --to "$addr"
rm -rf "${T:?}/b"/*
pushes "through a relay" -vv "${sealed[@]}" "$T/a" "zcsync://$relay/data"
like "$err" "$kernel" "a relay changes nothing about that"
stop_relay
for at in 600 5000 1000000 4000000; do
    rm -rf "${T:?}/b"/*
    start_relay --poke-up $at:000102030405060708090a0b0c0d0e0f --to "$addr"
    push_exits '5|10|12' "bytes changed after $at" "${sealed[@]}" "$T/a" \
        "zcsync://$relay/data"
    one_sentence . "one clear sentence"
    ok "the receiver says why" \
        wait_until 10 grep -q 'was changed on the way' "$serve_log.err"
    : >"$serve_log.err"
    ok "nothing wrong under a final name" files_whole "$T/a" "$T/b"
    stop_relay
    pushes "run again" "${sealed[@]}" "$T/a" "zcsync://$addr/data"
    ok "equal" same_tree "$T/a" "$T/b"
done
rm -rf "${T:?}/b"/*
start_relay --poke-down 400:0001020304050607 --to "$addr"
push_exits '5|10|12' "answers changed on the way" "${sealed[@]}" "$T/a" \
    "zcsync://$relay/data"
one_sentence 'was changed on the way' "one clear sentence"
stop_relay
stop_serve

user='AES-256-GCM, user space'
serve_sealed
run strace -f -qq -o "$T/log/strace" -e trace=setsockopt,sendfile \
    "$ZCSYNC" push -vv --no-ktls "${sealed[@]}" "$T/a" "zcsync://$addr/data"
is "$rc" 0 "push --no-ktls"
like "$err" "$user" "it is done in user space"
unlike "$(cat "$serve_log.err")" "kernel TLS" "on both sides"
is "$(sendfile_bytes "$T/log/strace")" 0 "without sendfile"
ok "equal" same_tree "$T/a" "$T/b"
stop_serve

serve_sealed --no-ktls
pushes "serve --no-ktls" -vv "${sealed[@]}" "$T/a" "zcsync://$addr/data"
like "$err" "$user" "it is done in user space"
unlike "$(cat "$serve_log.err")" "kernel TLS" "on both sides"
ok "equal" same_tree "$T/a" "$T/b"
stop_serve

done_testing
