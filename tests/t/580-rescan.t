#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync rescan: what was changed at the destination is repaired at once, all of it
# or what is asked for, at all peers or one.
. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"

need perl
mkdir -p "$T/a/d/e" "$T/a/other"
for f in top d/f d/e/g other/h; do echo "$f" >"$T/a/$f"; done
conf "[mirror m]" "path = $T/a" "to = $T/b, $T/c"
start_daemon
waits --timeout=60 m
is "$rc" 0 "in sync"
rescans() { run "$ZCSYNC" rescan --control="$ctl" "$@"; }
damage() { rm "$1/top" "$1/d/e/g"; echo bad >"$1/other/h"; echo x >"$1/d/new"; }

damage "$T/b"
rescans --wait m
is "$rc$out$err" 0 "everything"
ok "is as it was" same_mirrored_tree "$T/a" "$T/b"

damage "$T/b"
rescans --wait m d
is "$rc" 0 "a directory"
ok "what was in it is back" cmp -s "$T/a/d/e/g" "$T/b/d/e/g"
nok "and what was not in the source is gone" [ -e "$T/b/d/new" ]
nok "nothing else is looked at" [ -e "$T/b/top" ]
rescans --wait m "$T/a/top"
is "$rc" 0 "a file, by its whole path"
ok "is back" cmp -s "$T/a/top" "$T/b/top"
rescans m other/h
is "$rc" 0 "without --wait it is begun"
ok "and done soon" wait_until 20 cmp -s "$T/a/other/h" "$T/b/other/h"

damage "$T/b"
damage "$T/c"
rescans --wait "m@$T/c"
is "$rc" 0 "one peer"
ok "is repaired" same_mirrored_tree "$T/a" "$T/c"
nok "and the other left alone" [ -e "$T/b/top" ]

refused() { local code=$1 regex=$2; shift 2; rescans "$@"; is "$rc" "$code" "refused: $*"; one_sentence "$regex" "in one sentence"; }
refused 1 "there is no mirror 'x'" x
refused 1 'is not in the source' m /etc/passwd
refused 1 'no plain path' m d/../../x
refused 3 'there is no directory in the source' m no/such/place
stop_daemon
done_testing
