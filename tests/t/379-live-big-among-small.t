#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Among many small files, which are sent unasked, there are big ones, which the
# peer asks for while the small ones are still being sent.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
mkdir "$T/a" "$T/b"
start_mirror --fsync=none "$T/a" "$T/b"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/b"
watcher=$(watcher_of "$mirror_pid")
for round in 1 2 3 4 5; do
    # all in one round
    kill -STOP "$watcher"
    for n in 0 1 2; do
        random_bytes 400000 >"$T/a/$round.$n.big"
    done
    random_bytes 60000 >"$T/a/$round.small.0"
    for n in $(seq 300); do
        cp "$T/a/$round.small.0" "$T/a/$round.small.$n"
    done
    kill -CONT "$watcher"
    becomes_equal 20 "$T/a" "$T/b" "round $round"
done
stop_mirror
like "$rc" "^(0|20)$" "ends"
done_testing
