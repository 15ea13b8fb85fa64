#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync status on a terminal: no line is wider than it, colours unless NO_COLOR says
# otherwise, --watch in place; in a pipe a line a peer, without colours. Ctrl-C is how
# --watch ends.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need script
closed=$(free_port)
mkdir "$T/a"
conf "[mirror one]" "path = $T/a" \
    "to = $T/a rather long name of a directory, zcsync://127.0.0.1:$closed/x"
start_daemon
ok "in sync" wait_until 30 in_sync one
lost() { "$ZCSYNC" status --control="$ctl" | grep -q "127.0.0.1:$closed/x .*disconnected"; }
ok "one of two peers is not there" wait_until 30 lost

status
like "$out" "a rather long name of a directory +in sync for [^$'\n']*; sent 0 files" \
    "in a pipe a peer has one line"
unlike "$out" $'\033' "without colours"

on_terminal() # [NAME=VALUE...]: what status says there
{
    env TERM=xterm "$@" script -qec "$(printf '%q ' "$ZCSYNC" status --control="$ctl")" \
        /dev/null </dev/null | tr -d '\r'
}
text=$(on_terminal NO_COLOR=)
like "$text" $'\033\\[32m''in sync'$'\033\\[0m' "what is well is green on a terminal"
like "$text" $'\033\\[31m''disconnected' "what is not is red"
text=$(on_terminal NO_COLOR=1)
unlike "$text" $'\033' "not with NO_COLOR"
is "$(grep -v "$T" <<<"$text" | grep -cE '.{80}')" 0 "no line is wider than the terminal"
like "$text" $'\n    [^ ]' "what does not fit goes on in the next, further in"
unlike "$(on_terminal NO_COLOR= TERM=dumb)" $'\033' "nor where the terminal has none"

interrupted() # FILE: --watch, whose output that is, ends by Ctrl-C
{
    wait_until 30 eval "[ \"\$(grep -c 'watched by' '$1')\" -ge 2 ]" || return
    kill -INT "$(cat "$T/pid")"
    reap "$pid" 20
}
watch="echo \$\$ >$T/pid; exec env --default-signal=INT TERM=xterm $(
    printf '%q ' "$ZCSYNC" status --watch=1 --control="$ctl")"
background tty script -qefc "bash -c $(printf %q "$watch")" "$T/log/typescript"
ok "--watch goes on until Ctrl-C" interrupted "$T/log/typescript"
is "$rc" 0 "which is how it ends"
like "$(cat "$T/log/typescript")" $'\033\\[H''one ' "in place"
stop_daemon
done_testing
