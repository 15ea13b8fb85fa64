#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Ctrl-C (and SIGTERM, SIGHUP): exit 20, nothing half done, no staging folder;
# the next run completes it.
. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"

make_tree "$T/a"
many_files "$T/a/small" 200 5000
random_bytes 40000000 >"$T/a/large"
mkdir "$T/share"
start_serve s="$T/share"

interrupt() # SIGNAL DIR DEST
{
    find "$2" -mindepth 1 -delete 2>/dev/null
    # a background job has SIGINT ignored unless it asks for it: perl does
    background push perl -e '$SIG{INT} = $SIG{HUP} = "DEFAULT"; exec @ARGV' \
        "$ZCSYNC" push --bwlimit=10M "$T/a" "$3"
    push_pid=$pid
    ok "$1: a push is under way" wait_until 10 [ -d "$2/.zcsync" ]
    kill "-$1" "$push_pid"
    reap "$push_pid" 10
    is "$rc" 20 "$1: exit 20"
    err=$(cat "$T/log/push.err")
    ok "$1: at most one line" [ "$(wc -l <"$T/log/push.err")" -le 1 ]
    cleaned() { no_litter "$2" >/dev/null; }
    ok "$1: the staging folder goes" wait_until 10 cleaned "$1" "$2"
    nok "$1: no half file" [ -e "$2/large" ]
    ok "$1: what is there is whole" files_whole "$T/a" "$2"
}
for signal in INT TERM HUP; do
    interrupt $signal "$T/b" "$T/b"
    interrupt $signal "$T/share" "zcsync://$addr/s"
done
ok "no session hangs on" wait_until 10 no_children "$serve_pid"
pushes "the next run" "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
pushes "the next run, to a server" "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"

# from a terminal, the embedded receiver gets the signal, too
if command -v script >/dev/null; then
    rm -rf "$T/b"
    mkfifo "$T/keys"
    # the shell that script starts has the signal, too, and must live to tell
    perl -e '$SIG{INT} = "DEFAULT"; exec @ARGV' script -qec "trap : INT; $(printf '%q ' "$ZCSYNC" push --bwlimit=10M "$T/a" "$T/b"); \
echo \"exit: \$?\"" /dev/null <"$T/keys" >"$T/log/tty" 2>&1 &
    tty_pid=$!
    started+=("$tty_pid")
    exec 5>"$T/keys"
    wait_until 10 [ -d "$T/b/.zcsync" ]
    (printf '\003' >&5) # in a subshell, for SIGPIPE's sake
    reap "$tty_pid" 10
    exec 5>&-
    like "$(cat "$T/log/tty")" 'exit: 20' "Ctrl-C on a terminal: exit 20"
    ok "no staging folder left" no_litter "$T/b"
    nok "no half file" [ -e "$T/b/large" ]
else
    skip 3 "script is not installed"
fi
done_testing
