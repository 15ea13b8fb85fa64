#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# on change that comes with a reload, or gets other patterns, is for what mirrors
# send that are connected by then, too; sessions with other shares go on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/a" "$T/b" "$T/c"
tport=$(free_port)
there() # LINE...: of the share s
{
    printf '%s\n' "[daemon]" "listen = 127.0.0.1:$tport" \
        "control = $T/there" "[share other]" "path = $T/c" "[share s]" \
        "path = $T/b" "$@" >"$T/there.conf"
}
there
background_daemon there
there_pid=$pid there_log=$T/log/there.$daemons.err
there_rereads() { daemon_pid=$there_pid daemon_log=$there_log reloads; }
listen=none conf "[mirror m]" "path = $T/a" \
    "to = zcsync://127.0.0.1:$tport/s, zcsync://127.0.0.1:$tport/other"
start_daemon
connects()
{
    "$ZCSYNC" status --json --control="$ctl" | perl -MJSON::PP -ne '
        my $p = decode_json($_)->{peers} // next;
        print join " ", map { "$_->{connects} $_->{state}" } @$p'
}
connects_are() { [ "$(connects)" = "$1" ]; }
ok "in sync" wait_until 30 connects_are "1 in sync 1 in sync"

ran=("on change = sh -c 'tr \"\\0\" \" \" <\$ZCSYNC_CHANGES >>$T/ran'"
    "on change interval = 0")
there "${ran[@]}" "on change pattern = *.x"
there_rereads
ok "a share has got a command: its session is made anew" \
    wait_until 30 connects_are "2 in sync 1 in sync"
echo 1 >"$T/a/1.x"
ok "it runs" wait_until 20 grep -q '1\.x' "$T/ran"
there "${ran[@]}" "on change pattern = *.y"
there_rereads
ok "with other patterns, too" wait_until 30 connects_are "3 in sync 1 in sync"
echo 1 >"$T/a/1.y"
ok "it runs for these" wait_until 20 grep -q '1\.y' "$T/ran"
there "${ran[@]}" "on change pattern = *.y" "on change timeout = 7"
there_rereads
echo 2 >"$T/a/2.y"
ok "it runs on" wait_until 20 grep -q '2\.y' "$T/ran"
is "$(connects)" "3 in sync 1 in sync" "and otherwise nothing is made anew"
stop_daemon
done_testing
