#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync pause lets go of a destination, so that its disk can be unmounted, and
# resume catches up: a local one, a share, both; through a reload, a death of the
# watcher, with wait refusing meanwhile.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mount.sh"

need perl
need_mounts
make_tree "$T/one"
mkdir "$T/keep"
ok "a disk for a local copy" make_fs tmpfs "$T/disk" 60
ok "and one for a share" make_fs tmpfs "$T/far" 60
start_serve far="$T/far"
pauses() { run "$ZCSYNC" pause --control="$ctl" "$@"; }
nothing_below() { [ -z "$(ls -A "$T/disk")$(ls -A "$T/far")" ]; }
resumes() { run "$ZCSYNC" resume --control="$ctl" "$@"; }
equal() { [ -z "$(rsync_diff "$1" "$2" --exclude=/.zcsync/)" ]; }
states() { "$ZCSYNC" status --json --control="$ctl" | grep -o '"state":"[a-z ]*"' |
    sed 's/.*:"//; s/"//' | tr '\n' ','; }
peers_are() { [ "$(states)" = "watching,$1," ]; }
mirror_conf()
{
    conf "[mirror one]" "path = $T/one" \
        "to = $T/disk/copy, zcsync://$addr0/far, $T/keep" "$@"
}
addr0=$addr
mirror_conf
start_daemon
waits --timeout=60 one
is "$rc" 0 "all is there"

pauses "one@$T/disk/copy"
is "$rc $out$err" "0 " "a local destination is paused"
ok "status says so" peers_are "paused,in sync,in sync"
ok "its disk can be unmounted at once" umount "$T/disk"
pauses one@zcsync://"$addr0"/far
is "$rc" 0 "so is a share"
ok "whose disk can be unmounted, too" wait_until 10 umount "$T/far"
pauses one@zcsync://"$addr0"/far
is "$rc" 0 "twice does no harm"

echo more >"$T/one/more"
rm "$T/one/empty"
waits --timeout=20 one
is "$rc" 23 "wait does not wait for what is paused"
one_sentence "one: $T/disk/copy is paused.*zcsync resume one@$T/disk/copy" "and says so"
waits --timeout=20 "one@$T/keep"
is "$rc" 0 "another peer has it"
ok "and nothing was put below the mount points" \
    nothing_below

kill -KILL "$(watcher one)"
ok "a watcher that died" wait_until 20 field_is one state watching
ok "is paused when it is back" wait_until 20 peers_are "paused,paused,in sync"
mirror_conf "drain = 7"
reloads
ok "a reload with another configuration" wait_until 20 peers_are "paused,paused,in sync"
mirror_conf "drain = 7"
reloads
ok "and one with the same change nothing about that" \
    wait_until 20 peers_are "paused,paused,in sync"
ok "nothing is below the mount points" \
    nothing_below

ok "another disk" mount -t tmpfs -o size=60m tmpfs "$T/disk"
resumes "one@$T/disk/copy"
is "$rc $out$err" "0 " "resume"
waits --timeout=60 "one@$T/disk/copy"
is "$rc" 0 "catches up"
ok "all is equal" equal "$T/one" "$T/disk/copy"
resumes one
is "$rc" 0 "all of a mirror's"
waits --timeout=60 one
is "$rc" 0 "are there"
ok "the share's too, on what is mounted there now" equal "$T/one" "$T/far"

# while it is busy, and while there is nobody
many_files "$T/one/many" 3000 2000 20
pauses one
is "$rc" 0 "pause all of them in the middle of it"
ok "all are paused" peers_are "paused,paused,paused"
ok "a disk can be unmounted" umount "$T/disk"
mount -t tmpfs -o size=60m tmpfs "$T/disk"
resumes one
waits --timeout=60 one
is "$rc" 0 "and it goes on"
ok "to the end" equal "$T/one" "$T/disk/copy"

pauses two
is "$rc" 1 "no such mirror"
one_sentence "there is no mirror 'two'" "is a sentence"
resumes "one@nowhere"
is "$rc" 1 "no such peer"
runs_with 1 "no mirror named" "$ZCSYNC" pause --control="$ctl"
pauses one
stop_daemon
start_daemon
ok "a daemon that is started anew begins with all" wait_until 30 \
    peers_are "in sync,in sync,in sync"
stop_daemon
is "$rc" 0 "ends well"
done_testing
