#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One mirror, three destinations, of which one stands still for a while and one
# is not there at first: the others are served meanwhile, and all end equal.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
cd "$T" || exit
make_tree a
mkdir one two late
start_serve one="$T/one"
one=$addr one_pid=$serve_pid
start_serve two="$T/two"
two=$addr
start_serve late="$T/late"
late=$addr
stop_serve # its port is free for later

start_mirror -v a "zcsync://$one/one" "zcsync://$two/two" local "zcsync://$late/late"
ok "a first destination" mirrored a one
ok "a second" mirrored a two
ok "one on this machine" mirrored a local
ok "the fourth is not there, and that is said" wait_until 20 \
    grep -q "zcsync://$late/late: disconnected: .*Connection refused; trying again in [0-9.]* s" \
    "$mirror_log.err"

for p in $(family "$one_pid"); do kill -STOP "$p"; done
random_bytes 20000000 >a/much
many_files a/many 300 100
rm -r a/c
ok "with one standing still, the second goes on" mirrored a two
ok "and so does the local one" mirrored a local
nok "the one that stands still does not" [ -e one/much ]
for p in $(family "$one_pid"); do kill -CONT "$p"; done
ok "it catches up" mirrored a one

start_serve --listen "$late" late="$T/late"
ok "the one that is late is served, too" mirrored a late
is "$(grep -c "$late/late: disconnected" "$mirror_log.err")" 1 \
    "one line was enough while it was away"

stop_mirror
is "$rc" 0 "it ends"
for d in one two local late; do
    ok "equal: $d" same_tree a $d
    ok "no staging folder left: $d" no_litter_soon $d
done
done_testing
