#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# `zcsync push A HOST::SHARE` and zcsync://HOST:PORT/SHARE/SUB mirror over TCP; a
# second run costs few bytes.
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"

make_tree "$T/a"
many_files "$T/a/many" 500 300
mkdir "$T/one" "$T/two"
start_serve one="$T/one" two="$T/two" || skip_all "serve does not start"

pushes "push to a share" "$T/a" "zcsync://$addr/one"
is "$out$err" "" "silent"
ok "equal" same_tree "$T/a" "$T/one"
ok "no staging folder left" no_litter "$T"
is "$(ls -A "$T/two")" "" "the other share was left alone"

start_relay --to "$addr"
before=$(ctimes "$T/one")
pushes "second run" "$T/a" "zcsync://$relay/one"
is "$(ctimes "$T/one")" "$before" "the second run touched nothing"
wait_until 5 grep -q '^down' "$relay_log"
up=$(sed -n 's/^up //p' "$relay_log")
entries=$(find "$T/a" | wc -l)
ok "it cost $up bytes for $entries entries" [ "${up:-999999}" -lt $((entries * 100)) ]
pushes "-v tells the same" -v "$T/a" "zcsync://$addr/one"
like "$out" 'sent [0-9,]+ bytes  received [0-9,]+ bytes  [0-9,.]+ bytes/sec' \
    "the closing line is rsync's"

mkdir -p "$T/two/sub"
pushes "push below a share" "$T/a" "zcsync://$addr/two/sub/dir"
ok "equal" same_tree "$T/a" "$T/two/sub/dir"

echo new >"$T/a/new"
rm "$T/a/empty"
pushes "update with --delete" --delete "$T/a" "zcsync://$addr/one/"
ok "equal" same_tree "$T/a" "$T/one"

pids=()
for n in 1 2 3 4; do
    "$ZCSYNC" push "$T/a" "zcsync://$addr/two/par$n" 2>"$T/log/par$n" &
    pids+=($!)
done
for n in 1 2 3 4; do
    wait "${pids[n - 1]}"
    is $? 0 "session $n of four at once"
    ok "equal" same_tree "$T/a" "$T/two/par$n"
done

stop_serve
is "$rc" 0 "serve ends with 0"
ok "no staging folder left" no_litter "$T"

# the default port, where nobody has it already
if start_serve --listen 127.0.0.1:8730 one="$T/one" 2>/dev/null; then
    echo newer >"$T/a/new"
    pushes "HOST::SHARE" "$T/a" 127.0.0.1::one
    ok "equal" same_tree "$T/a" "$T/one"
    pushes "HOST::SHARE/SUB" "$T/a" localhost::one/again
    ok "equal" same_tree "$T/a" "$T/one/again"
else
    skip 4 "port 8730 is taken"
fi
done_testing
