#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A key that is not known yet: shown and asked about on the terminal, refused
# without one, remembered with --accept-new; one that has changed is refused.
. "$(dirname "$0")/lib.sh"

need script setsid

known=$XDG_CONFIG_HOME/zcsync/known_peers
key=$("$ZCSYNC" keygen)
theirs=$("$ZCSYNC" keygen -f "$T/theirs")
other=$("$ZCSYNC" keygen -f "$T/other")
mkdir "$T/share"
make_tree "$T/a"
serve() { start_serve "$@" --identity="$T/theirs" --peer-key="$key" s="$T/share"; }
serve

# ---- nobody to ask -----------------------------------------------------------

nobody_there() { runs_with "$1" "$2" setsid -w "$ZCSYNC" push "${@:3}"; }
nobody_there 5 "a push to a new host without a terminal" \
    "$T/a" "zcsync://$addr/s"
one_sentence "key of \[127.0.0.1\]:$port is not known.*run 'zcsync key trust \
127.0.0.1:$port ${theirs//+/\\+}', or use --accept-new" "says what to run"
nok "nothing was remembered" [ -e "$known" ]
is "$(ls -A "$T/share")" "" "nothing was sent"
nobody_there 0 "with --accept-new" --accept-new "$T/a" "zcsync://$addr/s"
one_sentence "\[127.0.0.1\]:$port: its key, ${theirs//+/\\+}, is trusted from now on" \
    "it is, and that is said"
ok "it arrives" same_tree "$T/a" "$T/share"
is "$(cat "$known")" "[127.0.0.1]:$port $theirs" "it is remembered"
nobody_there 0 "without --accept-new the next time" "$T/a" "zcsync://$addr/s"
is "$err" "" "nothing is said"
runs_with 0 "what the sentence said to run" "$ZCSYNC" key trust \
    "127.0.0.1:$port" "$theirs"

# ---- another key -------------------------------------------------------------

stop_serve
mv "$T/theirs" "$T/first"
cp -p "$T/other" "$T/theirs"
serve --listen "$addr"
for accept in "" --accept-new; do
    # shellcheck disable=SC2086
    nobody_there 5 "another key than before ${accept:+with $accept}" $accept \
        "$T/a" "zcsync://$addr/s"
    one_sentence "key of \[127.0.0.1\]:$port has changed: it is \
${other//+/\\+} now, and in $known:1 it is ${theirs//+/\\+}" "is refused"
done
is "$(cat "$known")" "[127.0.0.1]:$port $theirs" "and not remembered"
command=$(grep -o "key trust --replace [^']*" <<<"$err")
# shellcheck disable=SC2086
runs_with 0 "what the sentence said to run" "$ZCSYNC" $command
nobody_there 0 "it is fine then" "$T/a" "zcsync://$addr/s"
nobody_there 5 "--peer-key goes before the file" --peer-key="$theirs" "$T/a" \
    "zcsync://$addr/s"
one_sentence "has the key ${other//+/\\+}, which is not the one wanted" "it says"
nobody_there 0 "--peer-key with the key" --peer-key="$other" \
    --known-peers="$T/none" "$T/a" "zcsync://$addr/s"
nok "needs no file, and makes none" [ -e "$T/none" ]

# ---- somebody to ask ---------------------------------------------------------

mkfifo "$T/answers"
shows() { grep -q "$1" "$T/log/shown"; }

# on_terminal COMMAND: COMMAND on a terminal of its own, where fd 9 types
on_terminal()
{
    : >"$T/log/shown"
    timeout -k 5 60 script -qefc "$1" /dev/null <"$T/answers" \
        >"$T/log/shown" 2>&1 &
    terminal=$!
    started+=("$terminal")
    exec 9>"$T/answers"
}

# answer TEXT: types it when it is asked for, if it is, and waits for the end;
# what was shown is in $shown
asks_or_gone() { shows 'is not known yet' || gone_or_zombie "$terminal"; }
answer()
{
    wait_until 20 asks_or_gone
    shows 'is not known yet' && printf '%s\n' "$1" >&9
    exec 9>&-
    wait "$terminal"
    rc=$?
    shown=$(tr -d '\r' <"$T/log/shown")
}

# asked ANSWER ARGUMENT...: a push
asked()
{
    on_terminal "$(printf '%q ' "$ZCSYNC" push "${@:2}")"
    answer "$1"
}
rm "$known"
# What is typed shows, as the terminal echoes it; then the push begins.
on_terminal "echo ready; until [ -e '$T/typed' ]; do sleep 0.02; done
    $(printf '%q ' "$ZCSYNC" push "$T/a" "zcsync://$addr/s")"
wait_until 20 shows ready
printf 'yes\n' >&9
ok "a yes" wait_until 20 shows yes
touch "$T/typed"
answer no
is "$rc" 5 "that was typed before the question is no answer to it"
nok "nothing is remembered" [ -s "$known" ]
asked no "$T/a" "zcsync://$addr/s"
is "$rc" 5 "no is a refusal"
like "$shown" "key of \[127.0.0.1\]:$port \(127.0.0.1:$port\) is not known yet" \
    "the question names the host"
ok "and shows the key" grep -qF "$other" "$T/log/shown"
like "$shown" "has not been trusted" "the sentence says why it ends"
nok "it is not remembered" [ -s "$known" ]
asked "" "$T/a" "zcsync://$addr/s"
is "$rc" 5 "the end of the terminal is a refusal"
like "$shown" "Please type yes, no" "and something else is asked about again"
asked "$theirs" "$T/a" "zcsync://$addr/s"
is "$rc" 5 "so is another key"
rm -rf "${T:?}/share" && mkdir "$T/share"
asked yes "$T/a" "zcsync://$addr/s"
is "$rc" 0 "yes is a yes"
is "$(cat "$known")" "[127.0.0.1]:$port $other" "it is remembered"
ok "and the push goes on" same_tree "$T/a" "$T/share"
rm "$known"
asked "$other" "$T/a" "zcsync://$addr/s"
is "$rc" 0 "the key itself is a yes"
asked no "$T/a" "zcsync://$addr/s"
is "$rc" 0 "nobody asks a second time"

# slower than the daemon waits for the handshake to end
rm "$known"
echo later >"$T/a/later"
slowly() { sleep 12; echo yes; }
slowly | timeout -k 5 60 script -qefc \
    "$(printf '%q ' "$ZCSYNC" push "$T/a" "zcsync://$addr/s")" /dev/null \
    >"$T/log/shown" 2>&1
is "$?" 0 "an answer may take longer than the daemon has patience"
ok "it is all done" same_tree "$T/a" "$T/share"

# a mirror to two shares of one host asks once
rm -rf "$known" "${T:?}/share" && mkdir "$T/share" "$T/second"
stop_serve
start_serve --identity="$T/theirs" --peer-key="$key" s="$T/share" t="$T/second"
: >"$T/log/shown"
timeout -k 5 100 script -qefc "$(printf '%q ' "$ZCSYNC" mirror "$T/a" \
    "zcsync://$addr/s" "zcsync://$addr/t")" /dev/null \
    <"$T/answers" >"$T/log/shown" 2>&1 &
started+=("$!")
exec 9>"$T/answers"
ok "a mirror asks" wait_until 20 shows 'is not known yet'
echo yes >&9
both() { same_tree "$T/a" "$T/share" && same_tree "$T/a" "$T/second"; }
quiet_both() { both >/dev/null 2>&1; }
ok "yes is for all that is on that host" wait_until 30 shows "s: in sync"
ok "and for the other" wait_until 30 shows "t: in sync"
is "$(grep -c 'is not known yet' "$T/log/shown")" 1 "it has asked once"
is "$(wc -l <"$known")" 1 "and remembered once"
printf '\003' >&9
ok "Ctrl-C ends it" wait_until 20 gone_or_zombie "${started[-1]}"
exec 9>&-
done_testing
