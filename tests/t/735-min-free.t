#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# min free: what comes stops before the disk is full, in bytes or in inodes; both
# ends say so, deletions go on, and with room again so does all else.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mount.sh"

need perl
need_mounts
mkdir "$T/a"
make_fs tmpfs "$T/share" 20 || skip_all "no tmpfs"
mount_at -t tmpfs -o size=20m,nr_inodes=200 tmpfs "$T/few"

# mib_free DIR: as df has it; blob FILE KIB
mib_free() { echo $(($(stat -f -c '%a * %S / 1048576' "$1"))); }
blob() { head -c "$(($2 * 1024))" /dev/urandom >"$1"; }

here_ctl=$ctl ctl=$T/there
conf "[share s]" "path = $T/share" "min free = 5M" \
    "[share few]" "path = $T/few" "min free = 10%" \
    "[share all]" "path = $T/share"
start_daemon
ctl=$here_ctl
there=$addr there_log=$daemon_log
listen=none conf "[mirror m]" "path = $T/a" "to = zcsync://$there/s"
start_daemon
ok "in sync" wait_until 20 in_sync m

# ---- small and big files -----------------------------------------------------------

for i in $(seq 120); do blob "$T/a/small.$i" 64; done
for i in $(seq 5); do blob "$T/a/big.$i" 2048; done
ok "the mirror is blocked" wait_until 30 field_is m peer.state blocked
what="could not write it and leave free what 'min free' of its share says: \
[4-7]\.[0-9]+ MiB free"
says() { field m peer.text | grep -qE "$what"; }
ok "and says why, with what is free" wait_until 10 says
there_says() { "$ZCSYNC" status --control="$T/there" | grep -qE "$1"; }
ok "so does the receiver" wait_until 10 there_says \
    "pushes to s .*; not all is written: [4-7]\.[0-9]+ MiB free, too little for more by 'min free'"
ok "in its log, with the share" grep -qE "share s: [4-7]\.[0-9]+ MiB free, too \
little for more by 'min free': what does not fit is not written" "$there_log"
ctl=$T/there status --json
like "$out" '"room":"[4-7]\.' "in JSON"
ctl=$T/there status --metrics
like "$out" "zcsync_receivers_short_of_room 1" "in metrics"
free=$(mib_free "$T/share")
ok "there is as much left ($free MiB)" [ "$free" -ge 4 ]
nok "and not much more" [ "$free" -ge 8 ]
waits --timeout=1
is "$rc" 30 "zcsync wait waits"

some=$(cd "$T/share" && ls small.* | head -n 1)
rm "$T/a/$some"
echo x >"$T/a/tiny"
nowhere() { [ ! -e "$1" ]; }
ok "deletions go on" wait_until 20 nowhere "$T/share/$some"
mv "$T/a/small.2" "$T/a/moved.2"
[ ! -e "$T/share/small.2" ] || ok "and renames" wait_until 20 nowhere "$T/share/small.2"

# ---- room again ----------------------------------------------------------------------

mount -o remount,size=60m "$T/share"
ok "with more room it goes on by itself" wait_until 90 in_sync m
is "$(rsync_diff "$T/a" "$T/share" --exclude=/.zcsync/)" "" "all of it is there"
no_room_line() { ! there_says "not all is written"; }
ok "the receiver says nothing of that any more" wait_until 10 no_room_line
ok "but in its log" grep -q "share s: there is room again" "$there_log"
stop_daemon
is "$rc" 0 "the mirror ends"

# ---- a push, inodes, and what has no limit -------------------------------------------

mkdir "$T/many"
for i in $(seq 250); do echo "$i" >"$T/many/$i"; done
push "$T/many" "zcsync://$there/few"
is "$rc" 23 "a push to where there are few inodes"
like "$err" "as many inodes free as 'min free' of its share says: [0-9]+ inodes free" \
    "says so"
left=$(stat -f -c %d "$T/few")
ok "a tenth of them is left ($left)" [ "$left" -ge 18 ]
nok "and not much more" [ "$left" -gt 60 ]
mkdir "$T/one"
blob "$T/one/blob" 60000
push --delete --force-delete "$T/one/" "zcsync://$there/s"
is "$rc" 23 "a file that does not fit"
nok "is not there" [ -e "$T/share/blob" ]
pushes "where nothing is said there is no such limit" --delete --delete-before --force-delete \
    "$T/one/" "zcsync://$there/all"
done_testing
