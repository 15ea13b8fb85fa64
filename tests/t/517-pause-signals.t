#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# SIGUSR1 has zcsync mirror let go of its destinations, so that a disk can be
# unmounted, and SIGUSR2 has it go on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_mounts
cd "$T" || exit
make_tree a
mkdir s
start_serve s="$T/s"
mount_at -t tmpfs x "$T/disk"
start_mirror -v --json a "$T/disk" "zcsync://$addr/s"
ok "one is there" mirrored a disk
ok "and the other" mirrored a s
states() { grep -c "\"state\":\"$1\"" "$mirror_log.out"; }
paused() { [ "$(states paused)" = "$1" ]; }
kill -USR1 "$mirror_pid"
ok "both are paused" wait_until 20 paused 2
ok "the disk can be unmounted" umount disk
echo more >a/more
mount_at -t tmpfs y "$T/disk"
ok "nothing is sent" [ -z "$(ls -A disk)" ]
ok "to neither" [ ! -e s/more ]
kill -USR2 "$mirror_pid"
ok "then it goes on, on another disk" mirrored a disk
ok "and at the share" mirrored a s
is "$(states paused)" 2 "it was told once of each"
kill -USR1 "$mirror_pid"
ok "paused" wait_until 20 paused 4
stop_mirror
is "$rc" 0 "it ends well while it is paused"
done_testing
