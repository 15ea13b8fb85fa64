#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGHUP: mirrors come and go, the others keep their processes; a bad file
# changes nothing; shares, addresses and the control socket follow.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/one" "$T/two" "$T/share" "$T/other"
make_tree "$T/a"
mirror() { printf '%s\n' "[mirror $1]" "path = $T/$1" "to = $T/to-$1" "${@:2}"; }
configure() { conf "[share s]" "path = $T/share" "$@"; }

configure "$(mirror one)"
start_notify
start_daemon
one=$(watcher one)
like "$one" '^[1-9][0-9]*$' "a watcher runs"
ok "under the mirror's name" grep -qx zcsync:one "/proc/$one/comm"

configure "$(mirror one)" "$(mirror two)"
reloads
two=$(watcher two)
like "$two" '^[1-9][0-9]*$' "a mirror that was added is started"
is "$(watcher one)" "$one" "the other one is left alone"
ok "RELOADING=1 with the time" heard 'RELOADING=1'
ok "MONOTONIC_USEC" heard 'MONOTONIC_USEC=[0-9]+'
twice_ready() { [ "$(heard_times READY=1)" = 2 ]; }
ok "and READY=1 again" wait_until 5 twice_ready

echo "nonsense = 1" >>"$T/conf"
reloads
like "$(tail -n 1 "$daemon_log")" "$T/conf:[0-9]+: .*nonsense.*going on as before" \
    "an error is said, with its line"
is "$(watcher one) $(watcher two)" "$one $two" "and changes nothing"

configure "$(mirror one)" "$(mirror two "exclude = *.tmp")"
reloads
ok "one that was changed is started anew" wait_until 20 another_watcher two "$two"
is "$(watcher one)" "$one" "the other one is left alone"
is "$(field two restarts)" 0 "which is not counted as a death"

configure "$(mirror two "exclude = *.tmp")"
reloads
ok "one that was removed ends" wait_until 20 gone "$one"
is "$(watcher one)" "" "and is not shown any more"

# ---- everything else ---------------------------------------------------------

pushes "a push to the share" "$T/a" "zcsync://$addr/s"
conf "[share t]" "path = $T/other"
old=$addr
reloads
no_mirrors() { ! "$ZCSYNC" status --json --control="$ctl" | grep -q '"mirror":"'; }
ok "all mirrors gone" wait_until 20 no_mirrors
push "$T/a" "zcsync://$old/s"
is "$rc" 5 "the share of before is not there any more"
pushes "the new one is" "$T/a" "zcsync://$old/t"

listen=127.0.0.2:0 conf "[share t]" "path = $T/other"
reloads
addr=$(sed -n 's/^zcsyncd: listening on //p' "$daemon_log" | tail -n 1)
like "$addr" '^127\.0\.0\.2:' "another address"
pushes "is served" "$T/a" "zcsync://$addr/t"
push "$T/a" "zcsync://$old/t"
is "$rc" 10 "the old one not any more"
listen=0.0.0.0:0 conf "[share t]" "path = $T/other"
reloads
ok "an address that others reach is refused" grep -q 'security = plain' "$daemon_log"
pushes "and the one of before stays" "$T/a" "zcsync://$addr/t"

first=$ctl
ctl=$T/control2
conf
reloads
ok "another control socket" answers
nok "in place of the first" [ -e "$first" ]
push "$T/a" "zcsync://$addr/t"
is "$rc" 10 "no share, no listening"
stop_daemon
is "$rc" 0 "ends well"
done_testing
