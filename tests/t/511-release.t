#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The brake holds in a mirror: status names zcsync release, which lets this one
# deletion through, and not the next.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"

need perl
releases() { run "$ZCSYNC" release --control="$ctl" "$@"; }
equal() { [ -z "$(rsync_diff "$1" "$2" --exclude=/.zcsync/)" ]; }
blocked() { field_is one peer.state blocked; }
mkdir "$T/one"
many_files "$T/one/big" 300 10
echo keep >"$T/one/keep"
conf "[mirror one]" "path = $T/one" "to = $T/to"
start_daemon
waits --timeout=60 one
is "$rc" 0 "all is there"
releases one
is "$rc" 1 "where the brake does not hold there is nothing to release"
one_sentence "one: .*the brake does not hold" "says a sentence"
stop_daemon

# emptied behind the daemon's back
mv "$T/one/big" "$T/big1"
echo new >"$T/one/new"
start_daemon
ok "the brake holds" wait_until 20 blocked
status
like "$out" "zcsync release one@$T/to" "status says what lets it through"
like "$(grep -c 'zcsync release' "$daemon_log")" 1 "and so does the log"
ok "nothing was deleted" diff -r "$T/big1" "$T/to/big"
is "$(cat "$T/to/new")" new "the rest was done"
releases "one@$T/to"
is "$rc $out$err" "0 " "released"
waits --timeout=20 one
is "$rc" 0 "in sync"
ok "and equal" equal "$T/one" "$T/to"

# the source came back empty: not the one that was released
cp -a "$T/big1" "$T/one/big"
waits --timeout=20 one
ok "all is there again" equal "$T/one" "$T/to"
stop_daemon
mkdir "$T/aside"
mv "$T/one"/* "$T/aside"
start_daemon
ok "the brake holds again" wait_until 20 blocked
ok "nothing was deleted this time" diff -r "$T/aside" "$T/to" -x .zcsync
releases one
is "$rc" 0 "an empty source can be released, too"
waits --timeout=20 one
is "$rc" 0 "in sync"
is "$(ls "$T/to")" "" "and all is gone"
stop_daemon
is "$rc" 0 "ends well"
done_testing
