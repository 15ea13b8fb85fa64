#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The process of a mirror of zcsyncd gives up what sending does not take, and
# everything goes on: local and other destinations, both ways to watch, keeping
# what is known of a verification.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-verify.sh"

need_mirror
need perl
cd "$T" || exit 1
make_tree a
mkdir share
start_serve s="$T/share"
server=$addr
kinds=(inotify)
can_fanotify "$T/a" && kinds+=(fanotify)
for kind in "${kinds[@]}"; do
    rm -rf b share/* state
    conf "[mirror m]" "path = $T/a" "to = $T/b, zcsync://$server/s" "watch = $kind"
    start_daemon
    waits --timeout=20 m
    is "$rc" 0 "$kind: in sync, both"
    ok "equal" looks_equal a b
    ok "and there, too" looks_equal a share
    pid=$(watcher m)
    like "$(grep NoNewPrivs "/proc/$pid/status")" '1$' "it can gain no rights"
    like "$(grep Seccomp: "/proc/$pid/status")" '[2]$' "system calls are filtered"
    if [ "$(id -u)" = 0 ]; then
        is "$(perl -e 'printf "%x", hex(shift) & ~0x1120000e' \
            "$(sed -n 's/^CapEff:\t//p' "/proc/$pid/status")")" 0 \
            "root may do little"
    else
        skip 1 "needs root"
    fi
    echo more >a/more && mv a/d1 a/d2 2>/dev/null
    waits --timeout=20 m
    is "$rc" 0 "changes are sent"
    ok "equal" looks_equal a b
    verify_now m 2
    ok "how far it came is kept" [ -s state/verify-m ]
    stop_daemon
    unlike "$(cat "$daemon_log")" 'not permitted|denied' "nothing was in its way"
done
done_testing
