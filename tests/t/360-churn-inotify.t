#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# All that can happen to a tree, at random, under a mirror to a local directory
# and to a server: nobody ever sees a file that is not whole, and when it is over
# all are equal; then the same with hard links of what looks alike.  $ZC_WATCH: inotify, or fanotify in 361.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"

need_mirror
need_tools churn witness
watch=${ZC_WATCH:-inotify}
seconds=$(soak_seconds "${ZC_CHURN:-20}")
mkdir "$T/a" "$T/b" "$T/share" "$T/outside"
if [ "$watch" = fanotify ]; then
    can_fanotify "$T/a" || skip_all "this user or kernel cannot watch by fanotify"
fi
start_serve s="$T/share"
start_mirror --watch="$watch" --fsync=none "$T/a" "$T/b" "zcsync://$addr/s"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
start_witness "$T/b" "$T/share"
start_churn "$T/a" "$seconds" --outside "$T/outside"
churn_ends $((seconds + 60))
becomes_equal 60 "$T/a" "$T/b" "the local copy is equal"
becomes_equal 60 "$T/a" "$T/share" "the server's copy is equal"
ok "the mirror still runs" mirror_runs
start_link_churn "$T/a" $((seconds / 2))
link_churn_ends $((seconds + 60))
becomes_equal 60 "$T/a" "$T/b" "the local copy is equal again"
becomes_equal 60 "$T/a" "$T/share" "so is the server's"
witnesses_saw_whole_files
ok "still watching" shows_up 10 "$T/a" "$T/b"
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
ok "no staging folder left" no_litter_soon "$T/b"
ok "nor at the server" no_litter_soon "$T/share"
done_testing
