#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# serve: ready when it says so, loopback unless --plain, ends on SIGTERM with a
# session running.
. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"

mkdir "$T/share" "$T/other"
make_tree "$T/a"

start_serve s="$T/share"
ok "it says where it listens" [ -n "$addr" ]
like "$addr" '^127\.0\.0\.1:[0-9]+$' "on loopback, with the port it got"
pushes "ready when it says so" "$T/a" "zcsync://$addr/s"
stop_serve
is "$rc" 0 "SIGTERM ends it with 0"
is "$(cat "$serve_log.err")" "" "without complaint"

runs_with 1 "no share at all" "$ZCSYNC" serve
runs_with 1 "a share without a path" "$ZCSYNC" serve name
runs_with 1 "two shares of one name" "$ZCSYNC" serve s="$T/share" s="$T/other"
runs_with '1|3' "a share that is not there" "$ZCSYNC" serve \
    --listen 127.0.0.1:0 s="$T/nowhere"
like "$err" "$T/nowhere" "names the path"
runs_with '1|3' "a share that is a file" "$ZCSYNC" serve \
    --listen 127.0.0.1:0 s="$T/a/big"
like "$err" "$T/a/big" "names the path"
runs_with 1 "an address that others can reach needs --plain" "$ZCSYNC" serve \
    --listen 0.0.0.0:0 s="$T/share"
one_sentence 'plain' "and the sentence names --plain"
start_serve --plain --listen 0.0.0.0:0 s="$T/share"
like "$addr" '^0\.0\.0\.0:' "with --plain it listens there"
stop_serve

start_serve s="$T/share"
runs_with 10 "an address in use" "$ZCSYNC" serve --listen "$addr" s="$T/share"
one_sentence "$port" "names the address"

random_bytes 30000000 >"$T/a/slow"
background push "$ZCSYNC" push --bwlimit=3M "$T/a" "zcsync://$addr/s"
push_pid=$pid
staging() { [ -d "$T/share/.zcsync" ]; }
ok "a session is running" wait_until 10 staging
child=$(children "$serve_pid" | head -n 1)
ok "in a child process of its own" [ -n "$child" ]
stop_serve
is "$rc" 0 "SIGTERM ends serve in the middle of a session"
ok "and its child" wait_until 5 gone "$child"
reap "$push_pid"
like "$rc" '^(10|12)$' "the sender is told ($rc)"
err=$(cat "$T/log/push.err")
like "$err" '^zcsync' "with a sentence"
ok "no staging folder left" no_litter "$T"
ok "nothing is half there" files_whole "$T/a" "$T/share"

# one bad client does not disturb the others
start_serve s="$T/share"
for n in 1 2 3 4 5; do
    random_bytes 20000 >"/dev/tcp/127.0.0.1/$port"
    : >"/dev/tcp/127.0.0.1/$port"
    printf 'GET / HTTP/1.1\r\n\r\n' >"/dev/tcp/127.0.0.1/$port"
done 2>/dev/null
pushes "a push after garbage on the port" "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
ok "serve is still the same process" kill -0 "$serve_pid"
ok "no child is left over" wait_until 10 no_children "$serve_pid"
done_testing
