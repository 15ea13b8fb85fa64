#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -ii: what is not changed has a line as well, as with rsync; and the escapes of
# --out-format that are about the other end.
. "$(dirname "$0")/lib.sh"

need rsync
mkdir -p "$T/a/d/e" "$T/a/empty"
for f in same d/same touched d/other; do echo "$f" >"$T/a/$f"; done
ln "$T/a/same" "$T/a/z-hard"
ln "$T/a/same" "$T/a/d/hard"
ln -s same "$T/a/link"
mkfifo "$T/a/fifo"
find "$T/a" -exec touch -h -d @1600000000 {} +
rsync -aH "$T/a/" "$T/old"
touch -d @1500000000 "$T/a/touched"
echo longer than that >"$T/a/d/other"
echo new >"$T/a/d/new"
touch "$T/old/extra"
find "$T/a/d/new" "$T/a/d/other" "$T/a/d" "$T/old" -exec touch -h -d @1700000000 {} +
find "$T/a/d/e" "$T/a/d/same" "$T/a/d/hard" "$T/old" -exec touch -h -d @1600000000 {} +

# The same lines; '>' of a local rsync is '<' here, and links name what they are to.
lines() { sed -E 's/^>/</; s/^(h.*) => .*/\1/' | sort; }
as_rsync() # OPTION...
{
    rm -rf "$T/z" "$T/r"
    cp -a "$T/old" "$T/z"
    cp -a "$T/old" "$T/r"
    local want
    want=$(rsync -aH "$@" "$T/a/" "$T/r" | lines)
    runs_with 0 "push $*" "$ZCSYNC" push "$@" "$T/a" "$T/z"
    is "$(lines <<<"$out")" "$want" "tells what rsync does"
    want=$(rsync -aH "$@" "$T/a/" "$T/r" | lines)
    runs_with 0 "once more" "$ZCSYNC" push "$@" "$T/a" "$T/z"
    is "$(lines <<<"$out")" "$want" "all of it"
}
as_rsync -ii
as_rsync -ii -c
as_rsync -n -ii --delete
as_rsync -n -c -ii
as_rsync -ii --exclude='d/*'
as_rsync --out-format='%i %n' -vv --info=none,name0 -q -i

rm -rf "$T/z"
mkdir "$T/z"
runs_with 0 "--existing" "$ZCSYNC" push -ii --existing "$T/a" "$T/z"
is "$(grep -v '^.d' <<<"$out")" "" "what is not there is not the same"
runs_with 0 "a push" "$ZCSYNC" push "$T/a" "$T/z"
runs_with 0 "diff -ii" "$ZCSYNC" diff -ii "$T/a" "$T/z"
like "$out" '\.f          same' "lists, and finds no difference"
runs_with 0 "diff -i" "$ZCSYNC" diff -i "$T/a" "$T/z"
is "$out" "" "is as diff alone"
runs_with 0 "--json" "$ZCSYNC" push -ii --json "$T/a" "$T/z"
like "$out" '"action":"none","path":"same"' "says none"
runs_with 0 "with a log file" "$ZCSYNC" push -ii --log-file="$T/log.txt" "$T/a" "$T/z"
unlike "$(cat "$T/log.txt")" same "which is about changes"

# ---- pulled, and the other end -------------------------------------------------------

start_serve --readable s="$T/a" d="$T/d" 2>/dev/null || {
    mkdir -p "$T/d"
    start_serve --readable s="$T/a" d="$T/d" || bail "no server"
}
at=zcsync://$addr
runs_with 0 "a pull" "$ZCSYNC" pull -ii "$at/s" "$T/z"
is "$(lines <<<"$out")" "$(rsync -aHii "$T/a/" "$T/z" | lines)" "tells all, too"
runs_with 0 "its format" "$ZCSYNC" pull -c -vv --out-format='%o %h %m %i %n' "$at/s" "$T/z"
like "$out" 'recv 127.0.0.1 s \.f          same' "has the host and the share"
touch "$T/a/d/new"
runs_with 0 "a push" "$ZCSYNC" push --out-format='%o [%h] [%m] %n' "$T/a/d/new" "$at/d/f"
is "$out" "send [127.0.0.1] [d] f" "has them, too"
runs_with 0 "on this machine" "$ZCSYNC" push --out-format='[%h%m]%n' "$T/a/same" "$T/new"
is "$out" "[]new" "there is neither"
for escape in a c C P u; do
    runs_with 1 "%$escape" "$ZCSYNC" push --out-format="%$escape" "$T/a" "$T/z"
    one_sentence "--out-format: %$escape is not supported: " "is refused with the reason"
done
runs_with 1 "%C of a log" "$ZCSYNC" push --log-file=x --log-file-format="%C" "$T/a" "$T/z"
one_sentence "--log-file-format: %C is not supported: " "likewise"
done_testing
