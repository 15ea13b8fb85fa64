#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Nobody listens, or the name does not resolve: exit 10, one sentence with host
# and port.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
stop_serve
push_exits 10 "connection refused" "$T/a" "zcsync://$addr/s"
one_sentence "127.0.0.1.*$port.*refused" "names host and port"
push_exits 10 "a name that does not resolve" "$T/a" "zcsync://no-such-host.invalid/s"
one_sentence "no-such-host.invalid" "names the host"
push_exits '1|10' "a port that cannot be" "$T/a" "zcsync://127.0.0.1:99999/s"
one_sentence "99999" "names the port"
done_testing
