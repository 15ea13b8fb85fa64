#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# on change of a share and of a mirror: run after what touches the patterns, with
# what has changed, never twice at once, as the user that is named; what goes wrong
# is shown; after a crash it is run once more.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
mkdir "$T/share" "$T/a" "$T/b"
chmod 755 "$T"
book=$T/book
: >"$book"
chmod 666 "$book"

# What it was given, as lines.
cat >"$T/note" <<END
#!/bin/sh
{
    echo "run \$ZCSYNC_KIND \$ZCSYNC_NAME \$ZCSYNC_PATH all=\$ZCSYNC_ALL \$(id -un) \$*"
    tr '\\0' '\\n' <"\$ZCSYNC_CHANGES"
} >>$book
END
chmod 755 "$T/note"
me=$(id -un)
user=$me
[ "$(id -u)" != 0 ] || ! id nobody >/dev/null 2>&1 || user=nobody

state=$T/state
share() # LINE...
{
    conf "state = $state" "[share s]" "path = $T/share" "$@"
}
# told TEXT: that is all that was noted since the last time; with wait_until
told() { [ "$(cat "$book")" = "$1" ]; }
runs_are() # NAME TEXT
{
    ok "$1" wait_until 20 told "$2" || diag "$(cat "$book")"
    : >"$book"
}

share "on change = $T/note 'two words' x" "on change pattern = *.conf" \
    "on change pattern = /web/" "on change pattern = + *.tmp" \
    "on change user = $user" "on change interval = 0"
start_daemon
head="run share s $T/share all=0 $user two words x"

# ---- what has changed ----------------------------------------------------------------

mkdir -p "$T/a/web/sub" "$T/a/etc"
echo 1 | tee "$T/a/etc/x.conf" "$T/a/etc/y.conf" "$T/a/etc/z" \
    "$T/a/web/sub/page" >"$T/a/other"
pushes "a first push" "$T/a/" "zcsync://$addr/s"
runs_are "what matches, each once, in order" "$head
etc/x.conf
etc/y.conf
web
web/sub
web/sub/page"
pushes "the same again" "$T/a/" "zcsync://$addr/s"
echo 2 >"$T/a/other"
pushes "something else" "$T/a/" "zcsync://$addr/s"
chmod 600 "$T/a/etc/x.conf"
ln "$T/a/etc/x.conf" "$T/a/web/link"
ln -s nowhere "$T/a/web/sub/symlink"
touch -d yesterday "$T/a/web" "$T/a/web/sub"
rm "$T/a/etc/y.conf"
head -c 3000000 /dev/urandom >"$T/a/web/big"
pushes "metadata, links, a big file, and a deletion" --delete "$T/a/" \
    "zcsync://$addr/s"
runs_are "are changes, and the others made it run for nothing" "$head
etc/x.conf
etc/y.conf
web
web/big
web/link
web/sub
web/sub/symlink"
push -n --delete "$T/b/" "zcsync://$addr/s"
is "$(cat "$book")" "" "a dry run changes nothing"
stop_daemon
is "$(ls "$T/state" 2>/dev/null)" "" "nothing is left behind in the state directory"

# ---- a mirror to it, at both ends ------------------------------------------------------

cat >"$T/slow" <<END
#!/bin/sh
mkdir $T/at-work || echo twice >>$book
sleep 0.2
rmdir $T/at-work
echo done >>$book
END
chmod 755 "$T/slow"
share "on change = $T/slow" "on change interval = 0"
start_daemon
there=$addr there_pid=$daemon_pid there_ctl=$ctl
ctl=$T/control2
listen=none conf "state = $T/state2" "[mirror m]" "path = $T/a" \
    "to = zcsync://$there/s" "on change = $T/note" "on change interval = 0" \
    "on change pattern = *.conf"
start_daemon
ok "a mirror" wait_until 20 in_sync m
waits --timeout=20
: >"$book"
echo 3 >"$T/a/etc/x.conf"
noted() { grep -qx "$1" "$book"; }
ok "what it sends is told here, too" wait_until 20 noted "etc/x.conf"
ok "of the mirror" noted "run mirror m $T/a all=0 $me *"
ok "once it is there" cmp -s "$T/a/etc/x.conf" "$T/share/etc/x.conf"
mv "$T/a/etc/x.conf" "$T/a/etc/moved.conf"
ok "a rename" wait_until 20 noted "etc/moved.conf"
for i in 1 2 3 4 5 6 7 8; do
    echo "$i" >"$T/a/file.$i"
    waits --timeout=20
done
ok "the share's has run" wait_until 20 noted done
nok "but never twice at once" noted twice
: >"$book"
rm "$T/a/etc/moved.conf"
ok "a deletion" wait_until 20 noted "etc/moved.conf"
stop_daemon
daemon_pid=$there_pid ctl=$there_ctl
stop_daemon

# ---- what goes wrong -------------------------------------------------------------------

state=$T/state3
# once LINE...: a daemon with that, and one push of a change
once()
{
    share "on change interval = 0" "$@"
    start_daemon
    echo "$RANDOM$RANDOM" >"$T/b/file"
    pushes "a push" "$T/b/file" "zcsync://$addr/s"
}
shows() { "$ZCSYNC" status --control="$ctl" | grep -qE "$1"; }
once "on change = sh -c 'exit 3'"
ok "a failure is shown" wait_until 20 shows \
    "on change of share s: 1 run, 1 failed; the last one ended with exit code 3"
ok "and logged" grep -q "on change of share s: its command ended with exit code 3" \
    "$daemon_log"
status --json
like "$out" '"on_change":"s","kind":"share","state":"idle","runs":1,"failures":1,' \
    "in JSON"
status --metrics
like "$out" 'zcsync_on_change_failures_total\{share="s"\} 1' "in metrics"
stop_daemon
once "on change = $T/is-not-there"
ok "a command that is not there" wait_until 20 shows "ended with exit code 127"
ok "is named" grep -q "on change of share s: $T/is-not-there: No such file" \
    "$daemon_log"
stop_daemon
once "on change = sh -c 'trap \"\" TERM; sleep 600 & echo \$! >$T/deaf; trap - TERM; wait'" \
    "on change timeout = 1"
ok "one that takes too long is ended" wait_until 20 shows "was ended after 1 seconds"
ok "with what it has started" wait_until 5 gone_or_zombie "$(cat "$T/deaf")"
stop_daemon

# ---- stops, and crashes ----------------------------------------------------------------

once "on change = sh -c 'echo \$\$ >>$T/pid; sleep 600'" "on change timeout = 0"
wait_until 20 test -s "$T/pid"
stop_daemon
is "$rc" 0 "a stop"
ok "stops the command" gone "$(cat "$T/pid")"
: >"$book"
share "on change = $T/note"
start_daemon
runs_are "which is run again at the next start" "run share s $T/share all=1 $me "
stop_daemon

share "on change = $T/note" "on change interval = 3000"
start_daemon
echo x >"$T/b/one"
pushes "a first change" "$T/b/one" "zcsync://$addr/s"
runs_are "is told" "run share s $T/share all=0 $me 
one"
echo y >"$T/b/one"
pushes "a second one" "$T/b/one" "zcsync://$addr/s"
ok "waits for its time" wait_until 20 shows "on change of share s: 1 run; is due"
kill -KILL "$daemon_pid"
reap "$daemon_pid"
start_daemon
runs_are "a daemon that was killed: it is run at the next start" \
    "run share s $T/share all=1 $me "
stop_daemon
start_daemon
stop_daemon
is "$(cat "$book")" "" "once"
done_testing
