#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync wait: 0 when all that was written before is durable there, 30 and what
# is missing when the time is over, through deaths and reloads.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
make_tree "$T/one"
mkdir "$T/two" "$T/far"
# a peer that can be made to be there
start_serve far="$T/far"
far=$addr
stop_serve
conf "[mirror one]" "path = $T/one" "to = $T/to, $T/to2" \
    "[peer far]" "address = $far" \
    "[mirror two]" "path = $T/two" "to = far::far"

runs_with 10 "no daemon" "$ZCSYNC" wait --control="$ctl"
one_sentence "no zcsyncd answers at $ctl" "is a sentence"
start_daemon
waits --timeout=60 one
is "$rc" 0 "wait for the first round"
# but for the folder that a session has for its own use
equal() { [ -z "$(rsync_diff "$1" "$2" --exclude=/.zcsync/)" ]; }
ok "it is all there" equal "$T/one" "$T/to"
ok "at both peers" equal "$T/one" "$T/to2"
for n in 1 2 3 4 5; do
    many_files "$T/one/m$n" 50 100 5
    waits --timeout=60 one
    [ "$rc" = 0 ] || break
    equal "$T/one" "$T/to" || break
    equal "$T/one" "$T/to2" || break
    rm -r "$T/one/m$n"
done
is "$n $rc" "5 0" "files that were written, then wait, then there: five times"
waits --timeout=60 "one@$T/to"
is "$rc" 0 "one peer of it"

echo x >"$T/two/x"
waits --timeout=1 two
is "$rc" 30 "a peer that is not there"
one_sentence "two: .*far::far" "is named"
waits --timeout=1
is "$rc" 30 "all of them: not all have it"
unlike "$err" "$T/to" "only those that lack something are named"
waits --timeout=1 two@far
is "$rc" 30 "the short form of its name"
waits two@near
is "$rc" 1 "a peer that is not configured"
one_sentence "mirror two has no peer 'near'" "is a sentence"
waits three
is "$rc" 1 "a mirror that is not"
one_sentence "no mirror 'three'" "is one, too"
runs_with 1 "two mirrors" "$ZCSYNC" wait one two
runs_with 1 "no time" "$ZCSYNC" wait --timeout=soon

# who waits stays through a death, and is served when the peer comes
waiting() { "$ZCSYNC" status --json --control="$ctl" | grep -q "\"waiting\":$1}"; }
background waiter "$ZCSYNC" wait --control="$ctl" two
waiter=$pid
ok "somebody waits" wait_until 20 waiting 1
two=$(watcher two)
kill -KILL "$two"
ok "its watcher dies and is started again" wait_until 20 another_watcher two "$two"
ok "who waits waits on" kill -0 "$waiter"
start_serve --listen "$far" far="$T/far"
reap "$waiter" 90
is "$rc" 0 "when the peer is there, it returns"
is "$(cat "$T/far/x")" x "and the file is there"

stop_serve
echo y >"$T/two/y"
background waiter "$ZCSYNC" wait --control="$ctl" two
waiter=$pid
background all "$ZCSYNC" wait --control="$ctl"
all=$pid
ok "two wait" wait_until 20 waiting 2
conf "[mirror one]" "path = $T/one" "to = $T/to, $T/to2"
reloads
reap "$waiter" 30
is "$rc" 1 "a mirror that goes away ends the wait for it"
like "$(cat "$T/log/waiter.err")" 'two is not configured any more' "with a sentence"
reap "$all" 30
is "$rc" 0 "and is not waited for by who waits for all"

# a client that goes is forgotten
conf "[peer far]" "address = $far" "[mirror two]" "path = $T/two" "to = far::far"
reloads
for n in 1 2 3; do waits --timeout=1 two; done
is "$rc" 30 "waits that were given up"
ok "are forgotten" wait_until 20 waiting 0
stop_daemon
is "$rc" 0 "ends well"
done_testing
