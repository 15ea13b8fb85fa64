#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What somebody who is not a peer can do to a zcsyncd with keys: wait, for a
# second or ten; fill the places that there are, in all and for one address; ask
# for shares. He learns nothing about which there are, and gets none of them in
# plain, while who is in plain by right goes on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-keys.sh"
. "$here/lib-meddle.sh"

make_tree "$T/a"
mkdir "$T/keyed" "$T/open" "$T/others"
make_keys server client other stranger
conf "identity = $T/keys/server" "max unauthenticated = 5" \
    "max unauthenticated per address = 3" \
    "[peer client]" "public key = ${key[client]}" \
    "[peer other]" "public key = ${key[other]}" \
    "[share keyed]" "path = $T/keyed" "peers = client" \
    "[share others]" "path = $T/others" "peers = other" \
    "[share plain]" "path = $T/open"
start_daemon || exit 1
serve_log=$T/log/daemon # where log_after looks
ln -s "$daemon_log" "$serve_log.err"
as() # NAME: how that one connects
{
    client=(--timeout=20 --identity "$T/keys/$1" --peer-key "${key[server]}"
        --no-ktls)
}
served() # NAME: a peer gets what it wants
{
    as client
    pushes "$1" "${client[@]}" "$T/a" "zcsync://$addr/keyed"
}
served "a peer is served"
ok "equal" same_tree "$T/a" "$T/keyed"

# ---- time ----------------------------------------------------------------------

: >"$T/nothing"
hello 1 0 7 >"$T/hello"
(cat "$T/hello" && printf '\0\40' && random_bytes 32) >"$T/first"
between() { [ "${1:-0}" -ge "$2" ] && [ "$1" -le "$3" ]; }

all_closed() # NAME...
{
    local n=$#
    [ "$(cd "$T/log" && cat "$@" | grep -c '^closed')" = "$n" ]
}
waits() # NAME OPTION...
{
    "$meddle_tool" --to "$addr" --hang "${@:2}" >"$T/log/$1.got" 2>"$T/log/$1" &
    started+=("$!")
}
after() # NAME FROM TO
{
    local ms
    ms=$(sed -n 's/^closed after \([0-9]*\) ms/\1/p' "$T/log/$1")
    ok "$1: let go after $ms ms" between "$ms" "$2" "$3"
}

# Five seconds for HELLO.
n=$(log_lines)
waits silent --send "$T/nothing"
waits dripping --send "$T/hello" --drip 250
ok "both are let go" wait_until 20 all_closed silent dripping
after silent 4500 9000
after dripping 4500 9000
is "$(wc -c <"$T/log/silent.got")" 0 "who is silent has heard nothing"
is "$(log_after "$n" | grep -c 'refused: .*in time')" 2 "two lines in the log"

# Ten seconds for all of it, whatever comes meanwhile.
n=$(log_lines)
waits quiet --send "$T/first"
(cat "$T/hello" && printf '\0') >"$T/almost"
waits almost --send "$T/almost"
# In plain hands are shaken at once; then ten seconds for OPEN, 2 KB of which come
# a byte at a time.
(hello 1 0 0 && perl -e 'print pack("VvvQ<", 2000, 1, 0, 1), "\0" x 2000') >"$T/open-me"
waits slow --send "$T/open-me" --drip 10 --from 127.0.0.8
served "meanwhile peers are served"
ok "all are let go" wait_until 20 all_closed quiet almost slow
for name in quiet almost slow; do
    after $name 9000 16000
done
is "$(log_after "$n" | grep -c 'refused: .*in time')" 2 "two lines in the log"

# ---- places --------------------------------------------------------------------

unauthenticated()
{
    "$ZCSYNC" status --json --control="$ctl" |
        perl -MJSON::PP -ne 'my $o = decode_json($_);
            print $o->{unauthenticated} if defined $o->{unauthenticated}'
}
unauthenticated_is() { [ "$(unauthenticated)" = "$1" ]; }
declare -a crowd=()
come() # ADDRESS: one who has sent HELLO and then waits
{
    "$meddle_tool" --to "$addr" --from "$1" --hang --send "$T/hello" \
        >/dev/null 2>&1 &
    crowd+=("$!")
    started+=("$!")
}
ok "nobody is waiting" wait_until 10 unauthenticated_is 0
n=$(log_lines)
come 127.0.0.1 && come 127.0.0.1 && come 127.0.0.1
ok "three of one address have a place" wait_until 5 unauthenticated_is 3
made_room() { [ "$(log_after "$n" | grep -c "$1:[0-9]*: refused: made room for another")" = "$2" ]; }
come 127.0.0.1
ok "a fourth gets the place of the first" wait_until 5 made_room 127.0.0.1 1
ok "there are still three" wait_until 5 unauthenticated_is 3
as client
start_meddle --from 127.0.0.9
pushes "a peer with another address gets in" "${client[@]}" "$T/a" \
    "zcsync://$meddle/keyed"
come 127.0.0.2 && come 127.0.0.3
ok "five in all" wait_until 5 unauthenticated_is 5
pushes "a peer gets in all the same" "${client[@]}" "$T/a" \
    "zcsync://$meddle/keyed"
ok "in place of the oldest of the address that has the most" \
    wait_until 5 made_room 127.0.0.1 2
stop_meddle
kill "${crowd[@]}" 2>/dev/null # some have been closed
ok "who goes leaves a place" wait_until 5 unauthenticated_is 0
served "which a peer can have"

# A flood leaves a few lines.
n=$(log_lines)
for ((k = 0; k < 300; k++)); do
    echo "GET / HTTP/1.0" >"/dev/tcp/127.0.0.1/$port"
done 2>/dev/null
ok "the flood is over" wait_until 30 unauthenticated_is 0
said=$(($(log_lines) - n))
ok "300 connections, $said lines" [ "$said" -lt 150 ]
served "and peers are served"

# ---- which shares there are ------------------------------------------------------

# asks WHO SHARE: what he is told ($err), and how many bytes of answer that was
asks()
{
    local share=$2
    start_meddle --save "$T/seen.$1.$share"
    case $1 in
    plain) client=(--timeout=20) ;;
    *) as "$1" ;;
    esac
    push_exits 5 "$1 asks for '$share'" "${client[@]}" "$T/a" \
        "zcsync://$meddle/$share"
    stop_meddle
    answer=$(sed "s/$meddle/ADDR/g; s/named $share/named SHARE/" <<<"$err")
    size=$(stat -c %s "$T/seen.$1.$share.down")
}
for who in stranger other plain; do
    asks $who keyed
    exists=$answer there=$size
    asks $who keyxx # as long a name
    is "$exists" "$answer" "the answer does not tell whether it exists"
    is "$there" "$size" "nor does its size"
    if [ $who = plain ]; then
        sed 's/keyed/keyxx/' "$T/seen.plain.keyed.down" >"$T/as-if"
        ok "in plain not a byte differs" cmp "$T/as-if" "$T/seen.plain.keyxx.down"
    fi
done
asks client plain
exists=$answer there=$size
asks client plaix
is "$exists" "$answer" "nor for who is known, and asks for an open one"
before=$(ctimes "$T/keyed")
as client
pushes "where there is no key, plain is served" --timeout=20 "$T/a" \
    "zcsync://$addr/plain"
ok "equal" same_tree "$T/a" "$T/open"
push_exits 5 "but not the share with keys" --timeout=20 --plain --delete "$T/others" \
    "zcsync://$addr/keyed"
one_sentence "no share named keyed" "one sentence"
is "$(ctimes "$T/keyed")" "$before" "nothing has happened to it"
is "$(ls -A "$T/others")" "" "nor to the other one"
unlike "$(cat "$daemon_log")" "killed by signal|died" "no child of the daemon died"
stop_daemon
is "$rc" 0 "which ends well"
done_testing
