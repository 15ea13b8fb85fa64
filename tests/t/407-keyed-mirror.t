#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Two zcsyncd, one mirroring to the other with keys: status tells who is there
# and how it is encrypted; a share with keys is not there for anybody else; what
# a reload does when keys change.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl

k1=$("$ZCSYNC" keygen -f "$T/key1") k2=$("$ZCSYNC" keygen -f "$T/key2")
k3=$("$ZCSYNC" keygen -f "$T/key3")
suite='(AES-256-GCM|ChaCha20-Poly1305)'
mkdir "$T/share" "$T/open"
make_tree "$T/a"

# ---- the receiving one -----------------------------------------------------------

receiver=$T/receiver
printf '%s\n' "[daemon]" "listen = 127.0.0.1:0" "control = $receiver" \
    "identity = $T/key2" "[peer one]" "public key = $k1" "[share www]" \
    "path = $T/share" "peers = one" "[share open]" "path = $T/open" >"$T/conf"
ctl=$receiver start_daemon
there=$addr receiver_pid=$daemon_pid receiver_log=$daemon_log
cp "$T/conf" "$T/receiver.conf"

# ---- the sending one ---------------------------------------------------------------

sender() # KEY-FILE PEER-KEY
{
    conf "identity = $1" "[peer two]" "address = $there" "public key = $2" \
        "[mirror m]" "path = $T/a" "to = two::www" \
        "[mirror local]" "path = $T/a" "to = $T/local"
}
listen=none
mkdir "$T/local"
sender "$T/key1" "$k2"
start_daemon
ok "the mirror is in sync" wait_until 30 in_sync m
waits --timeout=30
is "$rc" 0 "zcsync wait"
is "$(rsync_diff "$T/a" "$T/share" --exclude=/.zcsync/)" "" "all of it is there"
like "$(field m peer.security)" "^$suite(, kernel TLS)?\$" "status --json: the suite"
is "$(field m peer.key)" "$k2" "and the key"
is "$(field local peer.security)" plain "a local destination is plain"
is "$(field local peer.key)" null "without a key"
# SHORT: a key as status shows it, for a regex
short() { echo "$(sed 's/+/\\+/g' <<<"${1:0:12}")\.\.\."; }
status
like "$out" "two::www .*; $suite, (user space|kernel TLS), key $(short "$k2")" \
    "status tells it"
status --metrics
like "$out" "zcsync_peer_security\{mirror=\"m\",peer=\"two::www\",security=\"$suite" \
    "status --metrics, too"
ctl=$receiver status
like "$out" "127.0.0.1:[0-9]+ pushes to www for [0-9:]+; $suite, (user space|kernel \
TLS), key $(short "$k1")" "the receiver's status"
ctl=$receiver status --json
ok "in JSON" grep -qF "\"key\":\"$k1\"" <<<"$out"
ctl=$receiver status --metrics
like "$out" "zcsync_receivers_security\{security=\"$suite(, kernel TLS)?\"\} 1" \
    "in metrics"
like "$(cat "$daemon_log")" "two::www: $there, $suite(, kernel TLS)?, key ${k2//+/\\+}" \
    "the sender has logged it"

# ---- who has the private key -------------------------------------------------------

# has_key PID FILE: the private key in FILE is in the memory of PID
has_key()
{
    perl -MMIME::Base64 - "$1" "$2" <<'EOF'
my ($pid, $file) = @ARGV;
open my $f, '<', $file or exit 2;
my ($key) = map { /^zcsync-private-key-v1:(.*)/ ? decode_base64($1) : () } <$f>;
open my $maps, '<', "/proc/$pid/maps" or exit 2;
open my $mem, '<:raw', "/proc/$pid/mem" or exit 2;
my $read;
while (<$maps>) {
    /^([0-9a-f]+)-([0-9a-f]+) r/ or next;
    my ($at, $end) = (hex $1, hex $2);
    next if $end - $at > 1 << 28;
    sysseek $mem, $at, 0 or next;
    defined(my $n = sysread $mem, my $bytes, $end - $at) or next;
    $read += $n;
    exit 0 if index($bytes, $key) >= 0;
}
exit($read ? 1 : 2);
EOF
}
# children PID: their pids
children() { cat /proc/"$1"/task/*/children 2>/dev/null; }
if [ "$(id -u)" = 0 ] && [ "$ZC_SANITIZE" != yes ]; then
    runs_key() # RC PID FILE NAME
    {
        has_key "$2" "$3"
        is "$?" "$1" "$4"
    }
    runs_key 0 "$daemon_pid" "$T/key1" "the daemon has its private key"
    runs_key 0 "$(watcher m)" "$T/key1" "the watcher that connects with it, too"
    runs_key 1 "$(watcher local)" "$T/key1" "one with local destinations has not"
    n=0
    for pid in $(children "$(watcher local)"); do
        for p in $pid $(children "$pid"); do
            runs_key 1 "$p" "$T/key1" "nor has $(cat "/proc/$p/comm")"
            n=$((n + 1))
        done
    done
    is "$n" 2 "a forker and a receiver"
    session=$(children "$receiver_pid")
    runs_key 1 "${session// /}" "$T/key2" "nor has the receiver of the other host"
else
    skip 7 "needs root to look into other processes"
fi

# ---- others ----------------------------------------------------------------------

said=()
for share in www xyz; do
    push --plain "$T/a" "zcsync://$there/$share"
    said+=("$rc ${err//$share/SHARE}")
done
is "${said[0]}" "${said[1]}" "in plain the share with keys is not there"
like "${said[0]}" "^5 .*there is no share named SHARE" "says the sentence"
pushes "the one without is" --plain "$T/a" "zcsync://$there/open"
push_exits 5 "but not for who shows a key" --identity="$T/key1" \
    --peer-key="$k2" "$T/a" "zcsync://$there/open"
one_sentence "there is no share named open" "for him there is no such share"
push_exits 5 "a stranger" --identity="$T/key3" --peer-key="$k2" "$T/a" \
    "zcsync://$there/www"
one_sentence "does not know the key ${k3//+/\\+}" "is refused"
ok "which is logged" wait_until 5 grep -qF "$k3" "$receiver_log"

# ---- reload ----------------------------------------------------------------------

watcher_was=$(watcher m) local_was=$(watcher local)
reloads
is "$(watcher m)" "$watcher_was" "a reload without changes leaves the mirror alone"
chmod 644 "$T/key1"
reloads
like "$(tail -n 3 "$daemon_log")" "$T/key1.*; going on as before" \
    "an identity that cannot be read is logged"
is "$(watcher m)" "$watcher_was" "and all goes on"
chmod 600 "$T/key1"

# a key of the peer that is not its key
sender "$T/key1" "$k3"
reloads
refused() { field m peer.text | grep -qF "has the key $k2"; }
ok "another key for the peer: the mirror is started anew, and refuses" \
    wait_until 20 refused
is "$(field m peer.state)" disconnected "it is not connected"
is "$(field m peer.security)" null "nor secured in any way"
is "$(watcher local)" "$local_was" "the other mirror has not been touched"
echo changed >"$T/a/changed"
sender "$T/key1" "$k2"
reloads
ok "with the right one again it goes on" wait_until 20 in_sync m
ok "all of it is there" wait_until 10 cmp -s "$T/a/changed" "$T/share/changed"

# our own key changes, in the same file
cp -p "$T/key3" "$T/key1.new" && mv "$T/key1.new" "$T/key1"
reloads
unknown() { field m peer.text | grep -qF "does not know the key $k3"; }
ok "another identity is used after a reload" wait_until 20 unknown
is "$(watcher local)" "$local_was" "the other mirror has not been touched"
sed "s|$k1|$k3|" "$T/receiver.conf" >"$T/conf"
kill -HUP "$receiver_pid"
ok "and let in when the receiver knows it" wait_until 40 in_sync m

# ---- keys are taken away -----------------------------------------------------------

session=$(children "$receiver_pid")
like "$session" '^[0-9]+ $' "the receiver has one session"
cat "$T/receiver.conf" >"$T/conf"
kill -HUP "$receiver_pid"
ok "a key that is taken out ends the session that it opened" \
    wait_until 20 gone "${session// /}"
ok "which is logged" grep -q "its share is gone, or no longer for it" "$receiver_log"
ok "and the mirror is not let in again" wait_until 20 unknown
sed "s|$k1|$k3|" "$T/receiver.conf" >"$T/conf"
kill -HUP "$receiver_pid"
ok "until its key is back" wait_until 80 in_sync m

# ---- plain is for this machine -----------------------------------------------------

conf "[mirror m]" "path = $T/a" "to = zcsync://$there/www"
reloads
no_share() { field m peer.text | grep -q 'no share named www'; }
ok "without keys the share is not there for the mirror" wait_until 20 no_share
stop_daemon
is "$rc" 0 "the sender ends"
kill -TERM "$receiver_pid"
reap "$receiver_pid" 40
is "$rc" 0 "the receiver, too"
chmod 640 "$T/key2"
cp "$T/receiver.conf" "$T/conf"
runs_with 5 "a daemon whose key others can read" "$ZCSYNCD" --config="$T/conf"
one_sentence "$T/key2 .*open to others" "does not start"
done_testing
