#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Whoever does not prove to be a peer is refused, with one line in the log that
# names the address and the reason, and nothing else happens: no file changes,
# and the next peer is served. Likewise whoever poses as a server. Somebody on the
# path cannot make two peers use less than they would.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"

make_tree "$T/a"
mkdir "$T/share"
start_sealed s="$T/share" || exit 1
to=zcsync://$addr/s
start_meddle --save "$T/seen"
pushes "a session to be recorded" "${client[@]}" "$T/a" "zcsync://$meddle/s"
ok "equal" same_tree "$T/a" "$T/share"
stop_meddle
is "$(cat "$serve_log.err")" "" "a peer that is let in is nothing to warn of"
before=$(ctimes "$T/share")
first() { head -c "$1" "$T/seen.up" >"$T/first" && echo "$T/first"; }

# nothing_happened NAME: not to the files, and a peer gets what it wants
nothing_happened()
{
    push --timeout=10 "${client[@]}" "$T/a" "$to"
    if [ "$rc" = 0 ] && [ "$(ctimes "$T/share")" = "$before" ]; then
        pass "... and nothing happened"
    else
        fail "... and nothing happened" "exit $rc: $err
$(diff <(ctimes "$T/share") <(echo "$before"))"
    fi
}

# refused_once LINES REASON NAME: since the log had LINES lines there is one
# refusal, it names the address, and the reason matches.
refused_once()
{
    local said
    wait_until 15 log_has "$1" 'refused:'
    said=$(log_after "$1" | grep 'refused:')
    like "$said" "^zcsync: 127\.0\.0\.[0-9]+:[0-9]+: refused: [^
]*($2)[^
]*\$" "$3"
}

# ---- strangers at the server ---------------------------------------------------

# A quarter of a second after whoever was served is gone, too.
one_line() { sleep 0.25 && is "$(log_after "$1" | grep -c .)" 1 "... in one line"; }

# refuses NAME REASON FILE [OPTION...]
refuses()
{
    local n
    n=$(log_lines)
    stranger "$3" "${@:4}"
    refused_once "$n" "$2" "$1"
    one_line "$n"
    nothing_happened
}
random_bytes 4000 >"$T/garbage"
refuses "garbage" "does not speak the zcsync protocol" "$T/garbage"
is "$(wc -c <"$T/log/answer")" 0 "it is told nothing"
printf 'GET / HTTP/1.1\r\nHost: localhost\r\nAccept: */*\r\n\r\n' >"$T/http"
refuses "a browser" "does not speak the zcsync protocol" "$T/http"
: >"$T/nothing"
refuses "one that says nothing and goes" "closed the connection" "$T/nothing"
is "$(wc -c <"$T/log/answer")" 0 "silence gets silence"
refuses "half a HELLO" "closed the connection" "$(first 20)"
(hello 1 0 7 && random_bytes 3000) >"$T/file"
refuses "garbage after HELLO" "something else than a handshake" "$T/file"
(hello 1 0 7 && printf '\0\40' && head -c 32 /dev/zero) >"$T/file"
refuses "a key that is all zeros" "forged|nothing can be encrypted" "$T/file"
hello 1 0 0 >"$T/file"
refuses "one that only speaks plain" "plain" "$T/file"
(hello 1 0 8 && random_bytes 500) >"$T/file"
refuses "one with a cipher of its own" "plain|cipher" "$T/file"
hello 2 0 7 >"$T/file"
refuses "one who wants to receive, and goes" "closed the connection" "$T/file"
hello 3 0 7 >"$T/file"
refuses "one who wants neither" "does not know" "$T/file"
refuses "a handshake cut after HELLO" "closed the connection" "$(first 32)"
refuses "in the first message" "closed the connection" "$(first 50)"
refuses "after the first message" "closed the connection" "$(first 66)"
refuses "in the third message" "closed the connection" "$(first 100)"
refuses "a replay of a handshake" "forged, or changed" "$(first 132)"
refuses "a replay of a whole session" "forged, or changed" "$T/seen.up"
(first 66 >"$T/log/x" && cat "$T/first" && printf '\0\100' && random_bytes 64) >"$T/file"
refuses "a made-up third message" "forged, or changed" "$T/file"
(cat "$T/first" && printf '\377\377' && random_bytes 70000) >"$T/file"
refuses "a third message that is far too long" "something else than" "$T/file"

# ---- the wrong keys --------------------------------------------------------------

make_keys stranger other
n=$(log_lines)
push_exits 5 "a peer that the server does not know" --timeout=10 --no-ktls \
    --identity "$T/keys/stranger" --peer-key "${key[server]}" "$T/a" "$to"
one_sentence "does not know the key ${key[stranger]//+/\\+}" "is told so"
ok "the log names it" wait_until 10 log_has "$n" \
    "^zcsync: 127\.0\.0\.1:[0-9]+: refused: it has the key ${key[stranger]//+/\\+}, which"
one_line "$n"
nothing_happened

n=$(log_lines)
push_exits 5 "a server that is not who it should be" --timeout=10 --no-ktls \
    --identity "$T/keys/client" --peer-key "${key[other]}" "$T/a" "$to"
one_sentence "${key[server]//+/\\+}.*${key[other]//+/\\+}" "both keys are named"
refused_once "$n" "closed the connection" "it is not told who came"
nothing_happened

mkdir -p "$T/config/zcsync"
run "$ZCSYNC" key trust "$addr" "${key[other]}"
push_exits 5 "one whose key is not the known one" --timeout=10 \
    --identity "$T/keys/client" "$T/a" "$to"
one_sentence "has changed" "is refused as well"
push_exits 5 "and never spoken to in plain" --timeout=10 --plain "$T/a" "$to"
rm -r "$T/config/zcsync"
push_exits 5 "a peer without a key of its own" --timeout=10 "$T/a" "$to"
one_sentence "does not speak plain" "is told what is missing"
nothing_happened

# ---- somebody who poses as the server ----------------------------------------------

poses() # NAME REASON FILE
{
    start_meddle --answer "$3"
    push_exits 5 "$1" --timeout=10 "${client[@]}" "$T/a" "zcsync://$meddle/s"
    one_sentence "$2" "... and one sentence"
    stop_meddle
}
poses "a replay of what the server said" "forged, or changed" "$T/seen.down"
(head -c 32 "$T/seen.down" && printf '\0\140' && random_bytes 96) >"$T/file"
poses "a made-up answer" "forged, or changed" "$T/file"
(head -c 32 "$T/seen.down" && random_bytes 5000) >"$T/file"
poses "garbage after HELLO" "something else than a handshake" "$T/file"
hello 2 0 0 >"$T/file"
poses "a server that only speaks plain" "plain" "$T/file"
start_meddle --answer "$T/garbage"
push_exits 2 "garbage" --timeout=10 "${client[@]}" "$T/a" "zcsync://$meddle/s"
stop_meddle
: >"$T/file"
start_meddle --answer "$T/file"
push_exits 30 "silence" --timeout=2 "${client[@]}" "$T/a" "zcsync://$meddle/s"
one_sentence "time-out" "... and one sentence"
stop_meddle

# ---- somebody who makes peers use less ----------------------------------------------

# What the client or the server says of itself is not what the other hears.
through() # NAME OPTION...
{
    local n
    n=$(log_lines)
    start_meddle "${@:2}"
    push_exits 5 "$1" --timeout=10 "${client[@]}" "$T/a" "zcsync://$meddle/s"
    refused_once "$n" "" "... and one line at the server"
    stop_meddle
    nothing_happened
}
# offset 8: version, 10: oldest version, 16: features, 24: security, 25: nothing
through "a newer version" --poke up:8:0200
through "of the server" --poke down:8:0200
through "another oldest version" --poke up:10:0000
through "a feature bit" --poke up:16:08
through "of the server" --poke down:16:80
through "a feature that nobody knows" --poke up:23:80
through "a cipher taken away" --poke up:24:05
through "from both" --poke up:24:05 --poke down:24:05
through "plain added" --poke up:24:03 --poke down:24:03
through "a byte that means nothing" --poke up:31:01
through "of the server" --poke down:25:ff
through "all ciphers taken away from the server" --poke down:24:00
start_meddle --poke up:24:00 --poke down:24:00
push_exits 5 "all ciphers taken away from both" --timeout=10 "${client[@]}" \
    "$T/a" "zcsync://$meddle/s"
one_sentence "plain" "there is no way to plain"
stop_meddle
nothing_happened

ok "the server has lived through all of it" kill -0 "$serve_pid"
unlike "$(cat "$serve_log.err")" "killed by signal|died" "no child of it died"
stop_serve
is "$rc" 0 "and ends well"
done_testing
