#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A share served --read-only: exit 5, one sentence; -n and diff are let in.
. "$(dirname "$0")/lib.sh"

make_tree "$T/a"
mkdir "$T/share"
start_serve --read-only s="$T/share"
push_exits 5 "a read-only share" "$T/a" "zcsync://$addr/s"
one_sentence 's.*read-only|read-only.*s' "says so"
is "$(ls -A "$T/share")" "" "nothing was written"
pushes "a dry run" -n -i "$T/a" "zcsync://$addr/s"
like "$out" 'big' "tells what there is to do"
runs_with 1 "diff" "$ZCSYNC" diff "$T/a" "zcsync://$addr/s"
is "$(ls -A "$T/share")" "" "nothing was written"
done_testing
