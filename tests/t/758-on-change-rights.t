#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# on change user: nothing of what a zcsyncd may do that is not root's, but has
# capabilities, is left to a command that runs as somebody else.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need setpriv
[ "$(id -u)" = 0 ] || skip_all "needs root"
id daemon >/dev/null 2>&1 && id nobody >/dev/null 2>&1 ||
    skip_all "there is no user daemon, or nobody"
chmod 755 "$T"
mkdir "$T/a" "$T/share" "$T/run" "$T/state"
chown daemon "$T/share" "$T/run" "$T/state"
caps=+setuid,+setgid,+kill,+chown,+dac_override
setpriv --reuid=daemon --regid=daemon --clear-groups --inh-caps="$caps" \
    --ambient-caps="$caps" true 2>/dev/null || skip_all "no capabilities to give"
mkfifo "$T/seen"
chmod 622 "$T/seen"
ctl=$T/run/control
conf "state = $T/state" "[share s]" "path = $T/share" "plain users = any" \
    "on change = sh -c 'cat /proc/self/status >$T/seen'" "on change user = nobody"
with=(setpriv "--reuid=daemon" --regid=daemon --clear-groups "--inh-caps=$caps"
    "--ambient-caps=$caps")
start_daemon || skip_all "user daemon cannot run it here"
echo 1 >"$T/a/file"
push "$T/a/file" "zcsync://$addr/s"
seen=$(timeout 30 cat "$T/seen")
like "$seen" "Uid:[[:space:]]$(id -u nobody)[[:space:]]" "it runs as that user"
for set in CapPrm CapEff CapAmb; do
    like "$seen" "$set:[[:space:]]0000000000000000" "with nothing in $set"
done
stop_daemon
is "$rc" 0 "zcsyncd ends"
done_testing
