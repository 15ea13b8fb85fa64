#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Power fails under a mirror with fsync=behind and load: when it is back, whatever
# the disk has kept becomes equal. On ext4 it is seen, too, that without the marker
# it does not. CUTS=100 with `make check-cuts`.

if [ -z "${ZC_OWN_MOUNTS:-}" ] && unshare -m true 2>/dev/null; then
    ZC_OWN_MOUNTS=1 exec unshare -m "$0"
fi
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"
. "$here/lib-process.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_mounts
need xfs_io
cuts=${CUTS:-1}

# Files come, are replaced and go, for so long; each third ends in a hole, of which
# ext4 knows the size before it has the bytes. With ALIKE some have the size and the
# time that they had before.
load() # DIR SECONDS [ALIKE]
{
    perl -MTime::HiRes=time,sleep -e '
        my ($d, $end) = ($ARGV[0], time + $ARGV[1]);
        for (my $k = 0; time < $end; $k++) {
            my $f = "$d/f" . int rand 300;
            open my $h, ">", "$f.new" or die;
            my $size = $ARGV[2] && $k % 2 ? 5000 : rand 30000;
            syswrite $h, sprintf("%08d", $k) . chr(97 + rand 26) x $size;
            truncate $h, 65536 if $k % 3 == 0;
            close $h;
            utime 1e9, 1e9, "$f.new" if $ARGV[2] && $k % 2;
            utime 1e9 + $k, 1e9 + $k, "$f.new" if $k % 7 == 0;
            rename "$f.new", $f;
            unlink "$d/f" . int rand 300 if $k % 5 == 0;
            sleep 0.001;
        }' "$@"
}
# Somebody else on that disk, with an fsync(2) now and then, which brings names and
# sizes there.
syncs()
{
    background syncs perl -MIO::Handle -e '
        open my $h, ">", $ARGV[0] or die;
        while (syswrite $h, "x") { $h->sync or exit; select undef, undef, undef, 0.1 }
    ' "$1"
    syncs_pid=$pid
}
cut_power() # DIR PID...: who is at work there dies, then it is mounted again
{
    local source image
    source=$(findmnt -no SOURCE "$1")
    image=$(losetup -nO BACK-FILE "$source")
    xfs_io -x -c shutdown "$1" 2>"$T/log/shutdown"
    # shellcheck disable=SC2046
    kill -KILL $(for pid in "${@:2}" "$syncs_pid"; do family "$pid"; done) 2>/dev/null
    for pid in "${@:2}" "$syncs_pid"; do reap "$pid" 20; done
    wait_until 20 umount "$1"
    mount -o loop "$image" "$1"
}
once() # TYPE: all that is left is the disk
{
    rm -rf "$T/a"
    mkdir "$T/a"
    syncs "$T/$1/other"
    start_mirror --fsync=behind --force-delete "$T/a" "$T/$1/b"
    load "$T/a" "$(perl -e 'print 1.2 + rand')"
    cut_power "$T/$1" "$mirror_pid"
}
differs() { [ -n "$(rsync -rlptgoD --checksum -n -i --delete --exclude=.zcsync "$T/a/" "$1/")" ]; }

again_at_port() { start_serve --listen "$at" s="$T/$1/b" 2>/dev/null; }
goes_on() # TYPE: only the receiving host goes down, and comes back
{
    rm -rf "$T/a"
    mkdir "$T/a"
    syncs "$T/$1/other"
    start_serve s="$T/$1/b"
    at=$addr
    start_mirror --fsync=behind --force-delete "$T/a" "zcsync://$at/s"
    load "$T/a" "$(perl -e 'print 1.2 + rand')" alike
    cut_power "$T/$1" "$serve_pid"
    wait_until 20 again_at_port "$1" && wait_until 60 equals "$T/$1/b"
    local r=$?
    [ $r = 0 ] || diag "$(rsync -rlptgoD --checksum -n -i --delete "$T/a/" "$T/$1/b/")"
    stop_mirror
    stop_serve
    return $r
}
equals() { ! differs "$1" || { sleep 0.2 && false; }; }

for type in ext4 xfs; do
    if ! make_fs $type "$T/$type" 400 || ! xfs_io -x -c "help shutdown" 2>/dev/null |
        grep -q shutdown; then
        skip 1 "no $type, or no way to cut its power"
        continue
    fi
    mkdir "$T/$type/b"
    bad=0 was=0
    for ((n = 0; n < cuts; n++)); do
        once $type
        ! differs "$T/$type/b" || was=$((was + 1))
        push --delete --force-delete "$T/a" "$T/$type/b" && [ "$rc" = 0 ] &&
            ! differs "$T/$type/b" && no_litter "$T/$type/b" || bad=$((bad + 1))
    done
    for ((n = 0; n < cuts; n++)); do
        goes_on $type || bad=$((bad + 1))
    done
    diag "$type: $was of $cuts cuts left something behind the source"
    is "$bad" 0 "$type: equal after each of 2 * $cuts power cuts"
done

# The disk may be lucky, too.
without_marker()
{
    once ext4
    rm -rf "$T/ext4/b/.zcsync"
    push --delete --force-delete "$T/a" "$T/ext4/b"
    differs "$T/ext4/b"
}
if mountpoint -q "$T/ext4"; then
    shown=no
    for ((n = 0; n < 5 && ${#shown} < 3; n++)); do
        ! without_marker || shown=yes
    done
    diag "ext4: without the marker it took $n cuts"
    is "$shown" yes "ext4: without the marker, something is believed that broke"
fi
done_testing
