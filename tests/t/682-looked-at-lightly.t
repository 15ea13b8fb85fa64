#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is only looked at stays as it is, and what is excluded is not even looked at.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
cd "$T" || exit
mkdir -p a/d b c/x
echo one >a/d/f
echo other >a/d/g
start_mirror a b
ok "a mirror" mirrored a b
touch -a -d 2001-02-03 a/d
for i in 1 2 3 4 5; do
    echo "$i" >>a/d/f
    ok "a file grows" wait_until 20 cmp -s a/d/f b/d/f # which reads no directory
done
stop_mirror
is "$rc" 0 "it ends"
is "$(stat -c %x a/d | cut -d ' ' -f 1)" 2001-02-03 \
    "the time at which its directory was read last stays"

have() { command -v "$1" >/dev/null; }
if have strace && strace -o /dev/null true 2>/dev/null && [ "${ZC_SANITIZE:-no}" = no ]; then
    make_tree big
    runs_with 0 "a push" "$ZCSYNC" push big/ c
    # With digests, and where nothing is digested.
    for how in '' '--max-size=1G --delete'; do
        # shellcheck disable=SC2086 # options
        strace -f -o "$T/calls" -e trace=file "$ZCSYNC" push --exclude=/x $how big/ c
        is "$?" 0 "again${how:+ with $how}"
        nok "a directory that is excluded is not looked at" \
            grep -q '"x"' "$T/calls"
    done
else
    skip 5 "strace cannot be used"
fi
done_testing
