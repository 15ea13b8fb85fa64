#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A reload with other keys: what was opened with one that is not known any more
# ends, what was not goes on, and with two keys for a peer a key is replaced
# without an outage.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-keys.sh"

need perl
make_keys sender newer one other two three
make_tree "$T/a"
mkdir "$T/at-one" "$T/at-two"
declare -A ports=() pids=() logs=()
ctl=$T/ctl-sender

# keys NAME...: a `public key` line of each
keys() { for k; do echo "public key = ${key[$k]}"; done; }

# receiver NAME KEY...: its configuration; the keys are the sender's
receiver()
{
    printf '%s\n' "[daemon]" "listen = 127.0.0.1:${ports[$1]}" \
        "control = $T/ctl-$1" "identity = $T/keys/$1" "[share x]" \
        "path = $T/at-$1" "peers = s" "[peer s]" "$(keys "${@:2}")" \
        >"$T/$1.conf"
}
# sender KEY...: its configuration; the keys are those of [peer one]
sender()
{
    printf '%s\n' "[daemon]" "listen = none" "control = $ctl" \
        "identity = $T/id" \
        "[peer one]" "address = 127.0.0.1:${ports[one]}" "$(keys "$@")" \
        "[peer two]" "address = 127.0.0.1:${ports[two]}" "$(keys two)" \
        "[mirror m]" "path = $T/a" "to = one::x, two::x" >"$T/sender.conf"
}
starts() # NAME
{
    background_daemon "$1"
    pids[$1]=$pid logs[$1]=$T/log/$1.$daemons.err
}
rereads() { daemon_pid=${pids[$1]} daemon_log=${logs[$1]} reloads; }

for name in one two; do
    ports[$name]=$(free_port)
    receiver "$name" sender
    starts "$name"
done
cp -p "$T/keys/sender" "$T/id"
sender one
starts sender

# sessions: how often each destination was connected to, and how it is
sessions()
{
    "$ZCSYNC" status --json --control="$ctl" 2>/dev/null | perl -MJSON::PP -ne '
        my $o = decode_json($_);
        print join ", ", map { "$_->{connects} $_->{state}" } @{$o->{peers}}
            if $o->{mirror}'
}
are() { [ "$(sessions)" = "$1" ]; }
ok "a mirror to two hosts" wait_until 30 are "1 in sync, 1 in sync"
was=$(watcher m)

# ---- more keys end nothing ---------------------------------------------------------

sender one other
rereads sender
receiver one sender newer
rereads one
receiver two newer sender
rereads two
sender other one
rereads sender
echo more >"$T/a/more"
waits --timeout=30
is "$rc $(sessions)" "0 1 in sync, 1 in sync" "with more keys all sessions go on"
is "$(watcher m)" "$was" "in the process of before"
ok "which sends what comes" cmp -s "$T/a/more" "$T/at-one/more"

# ---- our key is replaced -------------------------------------------------------------

cp -p "$T/keys/newer" "$T/new" && mv "$T/new" "$T/id"
rereads sender
ok "with another identity the mirror is started anew" \
    wait_until 20 another_watcher m "$was"
ok "and let in by both" wait_until 30 are "1 in sync, 1 in sync"
was=$(watcher m)
receiver one newer
rereads one
receiver two newer
rereads two
echo again >"$T/a/again"
waits --timeout=30
is "$rc $(sessions)" "0 1 in sync, 1 in sync" "without the old key, too"
nok "no session was ended there" grep -q "no longer for it" "${logs[@]}"

# ---- a peer's key is taken away ------------------------------------------------------

sender other
rereads sender
ended() { field m peer.text | grep -qF "has the key ${key[one]}"; }
ok "a key of a peer that is taken out: it is not let in" wait_until 20 ended
like "$(sessions)" '^1 disconnected, 1 in sync$' "its session has ended, and no other"
is "$(watcher m)" "$was" "of that mirror"
ok "and why is in the log" grep -qF \
    "the key ${key[one]} is no longer that of one::x: the session ends" \
    "${logs[sender]}"
sender other one
rereads sender
ok "it is back when the key is" wait_until 40 are "2 in sync, 1 in sync"

# ---- the receiver's key is replaced --------------------------------------------------

receiver one newer
sed -i "s|keys/one|keys/other|" "$T/one.conf"
rereads one
ok "another identity of a receiver ends what it has open" \
    wait_until 20 grep -q "another identity now: the session ends" "${logs[one]}"
ok "and the mirror, which knows it, comes again" \
    wait_until 40 are "3 in sync, 1 in sync"
is "$(field m peer.key)" "${key[other]}" "with the new one"
is "$(watcher m)" "$was" "in the same process"

# ---- the command -----------------------------------------------------------------------

push --config="$T/sender.conf" --identity="$T/keys/newer" "$T/a" one::x
is "$rc" 0 "zcsync push takes either key of a [peer]"
sender one three
push --config="$T/sender.conf" --identity="$T/keys/newer" "$T/a" one::x
is "$rc" 5 "and no other"
one_sentence "which is none of the 2 wanted" "says the sentence"
push --config="$T/sender.conf" --identity="$T/keys/newer" --peer-key=one "$T/a" \
    "zcsync://127.0.0.1:${ports[one]}/x"
is "$rc" 5 "nor has it to do with how it is named"
sender one other
push --config="$T/sender.conf" --identity="$T/keys/newer" --peer-key=one "$T/a" \
    "zcsync://127.0.0.1:${ports[one]}/x"
is "$rc" 0 "which does for --peer-key, too"
for name in sender one two; do
    kill -TERM "${pids[$name]}"
    reap "${pids[$name]}" 40
done
is "$(rsync_diff "$T/a" "$T/at-one" --exclude=/.zcsync/)" "" "all of it is there"
done_testing
