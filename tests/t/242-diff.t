#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# zcsync diff: 0 equal, 1 different, and nothing is touched.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"

make_mutable "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
pushes "first" "$T/a" "$T/b"
pushes "first, server" "$T/a" "zcsync://$addr/s"
before=$(ctimes "$T/b")
runs_with 0 "equal" "$ZCSYNC" diff "$T/a" "$T/b"
is "$out" "" "nothing printed"
runs_with 0 "equal, server" "$ZCSYNC" diff "$T/a" "zcsync://$addr/s"
mutate "$T/a"
push -n -i --delete "$T/a" "$T/b"
want=$out
runs_with 1 "different" "$ZCSYNC" diff --delete "$T/a" "$T/b"
is "$(sort <<<"$out")" "$(sort <<<"$want")" "prints what push -n -i prints"
runs_with 1 "different, server" "$ZCSYNC" diff --delete "$T/a" "zcsync://$addr/s"
is "$(ctimes "$T/b")" "$before" "nothing touched"
echo stray >"$T/b/stray"
runs_with 1 "with --delete" "$ZCSYNC" diff --delete "$T/a" "$T/b"
like "$out" '\*deleting +stray' "extra entries show"
runs_with 3 "no such SRC" "$ZCSYNC" diff "$T/nowhere" "$T/b"
runs_with 5 "no such share" "$ZCSYNC" diff "$T/a" "zcsync://$addr/nope"
runs_with 1 "one argument" "$ZCSYNC" diff "$T/a"
ok "no staging folder left" no_litter "$T"
done_testing
