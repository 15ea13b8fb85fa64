#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An unknown share: exit 5, one sentence with its name.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
mkdir "$T/share"
start_serve known="$T/share"
push_exits 5 "an unknown share" "$T/a" "zcsync://$addr/unknown"
one_sentence 'unknown' "names it"
push_exits 5 "an unknown share with a path" "$T/a" "zcsync://$addr/know/n"
push_exits 5 "names are whole" "$T/a" "zcsync://$addr/knownn"
push_exits 5 "a dry run" -n "$T/a" "zcsync://$addr/unknown"
is "$(ls -A "$T/share")" "" "nothing was written"
pushes "the known share still works" "$T/a" "zcsync://$addr/known"
ok "equal" same_tree "$T/a" "$T/share"
done_testing
