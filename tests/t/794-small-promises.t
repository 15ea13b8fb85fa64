#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file copied beside itself under another name; a way of watching that is not to
# be had; that nobody else may read what the daemon makes; and that comparing for no
# other reason than the time is at idle I/O priority, and what changes is not.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

cd "$T" || exit
mkdir a && random_bytes 300000 >a/one && touch -d 2020-01-01 a/one
pushes "FILE1 FILE2, in one directory" a/one a/two
is "$err" "" "without a word of trouble"
ok "a copy" cmp a/one a/two
is "$(stat -c %Y a/two)" "$(stat -c %Y a/one)" "with its time"
echo other >a/one
pushes "onto the one that is there" -i a/one a/two
like "$out" 'two|one' "says so"
ok "the same again" cmp a/one a/two
is "$(find a | wc -l)" 3 "and nothing else"
ok "no staging folder left" no_litter a

need_mirror
need_nobody
chmod 777 . a && mkdir -m 777 b
runs_with 11 "fanotify, without the right to it" "${nobody[@]}" "$ZCSYNC" mirror \
    --watch=fanotify a b
one_sentence 'cannot watch a with fanotify, .*: Operation not permitted' "says why"
ZC_RUN_LIMIT=60
background auto "${nobody[@]}" "$ZCSYNC" mirror a b
ok "left to itself it takes what it may" wait_until 10 cmp -s a/one b/one
kill -TERM "$pid" && reap "$pid"

ok "the daemon's files are its own" grep -qx UMask=0077 \
    "$here/../../etc/zcsyncd.service"

if ! strace -qq -o /dev/null true 2>/dev/null || [ "${ZC_SANITIZE:-no}" != no ]; then
    skip 3 "strace cannot trace here"
    done_testing
fi
set_to() { grep -q "ioprio_set(IOPRIO_WHO_PROCESS, 0, .*$1" idle; }
background idle strace -f -qq -e trace=ioprio_set -o idle \
    "$ZCSYNC" mirror --compare=1s a c
ok "it is compared" wait_until 20 set_to CLASS_IDLE
echo new >a/new
ok "and what changes is sent as ever" wait_until 20 set_to CLASS_NONE
ok "it is there" wait_until 20 cmp -s a/new c/new
pkill -TERM -P "$pid"
reap "$pid"
done_testing
