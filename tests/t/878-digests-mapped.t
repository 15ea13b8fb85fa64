#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Where owners become others at the destination, and where a mirror's destination is
# on this machine, what both have is not listed either.
. "$(dirname "$0")/lib.sh"
. "$here/lib-digests.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need perl rsync
need_root
need_mirror
cd "$T" || exit
many_alike a
(cd a && chown daemon:bin d1 d2/s1/file1 && chown 12345:23456 d3/s3/file{1..9} &&
    chown -h 1999 d4/s4/link && chown nobody d5/s5) ||
    skip_all "there is no daemon, bin or nobody here"
mkdir share
start_serve s="$T/share"
to=zcsync://$addr/s

# ---- a push ----------------------------------------------------------------------

# wrong OPTION...: what differs there, according to rsync
wrong() { rsync -aHAX -n -i --delete "$@" a/ share/ | grep -v '/\.zcsync/'; }
changed_there() # OPTION COMMAND...
{
    (cd share && "${@:2}")
    # shellcheck disable=SC2086
    pushes "$1: ${*:2}" -i --stats $1 a/ "$to"
    is "$(grep -c '^[.<>ch]' <<<"$out")" 1 "is found, and nothing else"
    few "for that" 30000
}
# alike OPTION...: told by digests
alike()
{
    pushes "$*" "$@" a/ "$to"
    is "$(wrong "$@")" "" "owners are those of rsync"
    pushes "$* again" -i --stats "$@" a/ "$to"
    unlike "$out" '^[.<>ch]' "nothing is done"
    few "with $*"
    changed_there "$*" chown 4242 d6/s6/file6
    changed_there "$*" chgrp 4243 d1/s1
    changed_there "$*" chmod 600 d2/s1/file1
    is "$(wrong "$@")" "" "and they are so again"
}
alike --chown=1234:2345
alike --chown=:2345
alike --chown=daemon
alike '--usermap=*:77' '--groupmap=**:88,root:5'
alike --usermap=daemon:nobody,nobody:daemon --groupmap=23456:7,bin:8
# several owners here, who are one there: listed, and right
pushes "several are one" '--usermap=d*:77,*:88' '--groupmap=*:9' a/ "$to"
pushes "again" -i '--usermap=d*:77,*:88' '--groupmap=*:9' a/ "$to"
is "$out" "" "nothing is done"
is "$(wrong '--usermap=d*:77,*:88' '--groupmap=*:9')" "" "and it is right"
pushes "a mode that is made" -i --stats --chmod=F600 a/ "$to"
pushes "a mode that is made" -i --stats --chmod=F600 a/ "$to"
few "with --chmod"
stop_serve

# ---- a mirror to here --------------------------------------------------------------

rm -rf share
conf "[mirror m]" "path = $T/a" "to = $T/share" "chown = 1234:2345" \
    "watch = inotify"
starts() # NAME [BYTES]
{
    start_daemon
    waits --timeout=60 m
    is "$rc" 0 "$1: in sync"
    [ $# -eq 1 ] || ok "$1: $(field m peer.wire_bytes) bytes" \
        [ "$(field m peer.wire_bytes)" -le "$2" ]
}
starts "first"
is "$(find share -path '*/.zcsync*' -o -printf '%U:%G\n' | sort -u)" 1234:2345 \
    "all are one's"
ok "all was sent" [ "$(field m peer.wire_bytes)" -gt 100000 ]
stop_daemon
starts "nothing has happened" 3000
stop_daemon
echo 9 >a/d1/s1/new && mv a/d1/s1/new a/d1/s1/file49
chmod 600 share/d2/s2/file2
chown 5 share/d3/s3/file3
rm share/d4/s4/file4
starts "what happened while it was away" 60000
is "$(wrong --chown=1234:2345 --exclude=/.zcsync/)" "" "is found, on either side"
stop_daemon
is "$rc" 0 "the daemon ends"

# ---- and what has changed in a file --------------------------------------------------

command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null || {
    skip 3 "strace cannot be used"
    done_testing
}
mkdir c d
head -c 3000000 /dev/urandom >c/f && cp c/f d/f && touch -d 2001-02-03 d/f
mirror_as=(strace -f -qq -o "$T/log/strace" -e trace=copy_file_range)
start_mirror --no-whole-file -v c d
ok "with --no-whole-file" wait_until 40 grep -q 'in sync' "$mirror_log.err"
kill -TERM "$(children "$mirror_pid" | head -n 1)" # strace keeps signals to itself
reap "$mirror_pid" 40
ok "it is copied there" grep -q 'copy_file_range(.* = [1-9]' "$T/log/strace"
ok "equal" same_tree c d
done_testing
