#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A pull does not fill what it reads from, and makes nothing where something is
# required first.
. "$(dirname "$0")/lib.sh"

mkdir -p "$T/a/sub/deep" "$T/disk"
echo one >"$T/a/one"
echo two >"$T/a/sub/two"
start_serve --readable s="$T/a" || skip_all "no server"
at=zcsync://$addr/s
for dest in "$T/a/sub/deep" "$T/a/new"; do
    runs_with 1 "a pull into its own source" "$ZCSYNC" pull "$at" "$dest"
    one_sentence "is in the source" "is refused"
done
is "$(find "$T/a" -type f | wc -l)" 2 "and nothing is copied"
runs_with 1 "a pull to where it comes from" "$ZCSYNC" pull "$at" "$T/a"
one_sentence "are the same directory" "is refused"
runs_with 0 "a file" "$ZCSYNC" pull "$at/one" "$T/a/uno"
is "$(cat "$T/a/uno")" one "may be copied beside itself"
runs_with 0 "and a part" "$ZCSYNC" pull "$at/sub" "$T/a/beside"
is "$(cat "$T/a/beside/two")" two "beside that part"

for require in --require-mount=dest --require-mount="$T/disk" \
    --require-file=dest:.marker; do
    runs_with 3 "$require" "$ZCSYNC" pull "$require" "$at/one" "$at/sub" \
        "$T/disk/new"
    runs_with 3 "and one SRC" "$ZCSYNC" pull "$require" "$at/sub" "$T/disk/new/"
done
is "$(ls -A "$T/disk")" "" "nothing is made where nothing is mounted"
mkdir "$T/disk/new"
touch "$T/disk/new/.marker"
runs_with 0 "what is required of DEST" "$ZCSYNC" pull \
    --require-file=dest:.marker "$at/one" "$at/sub" "$T/disk/new"
is "$(cat "$T/disk/new/one" "$T/disk/new/sub/two" | xargs)" "one two" \
    "is looked for there, and not in each SRC's part of it"
done_testing
