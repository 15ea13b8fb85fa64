#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An ordinary user mirrors directories that nobody may write (555, as module
# caches have) or read: filled, updated and deleted from all the same, with their
# modes in the end.
. "$(dirname "$0")/lib.sh"

need_nobody
make_tree "$T/a"
mkdir -p "$T/a/ro/sub/deeper" "$T/a/closed" "$T/dest" "$T/share"
echo one >"$T/a/ro/one" && echo two >"$T/a/ro/sub/deeper/two" && ln -s x "$T/a/ro/l"
ln "$T/a/ro/one" "$T/a/ro/sub/linked"
chown -R nobody:nogroup "$T/a" "$T/dest" "$T/share"
chmod 555 "$T/a/ro/sub/deeper" "$T/a/ro/sub" "$T/a/ro"
chmod 311 "$T/a/closed"
serve_as=("${nobody[@]}")
start_serve s="$T/share"
serve_as=()

# the sender is root, who reads everything; the receiver is nobody
for dest in "$T/dest/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    keep=(--no-owner --no-group)
    as=("${nobody[@]}")
    [ "$dir" = "$T/share" ] && as=()
    rmdir "$T/a/closed" 2>/dev/null
    [ "$dir" = "$T/share" ] && mkdir "$T/a/closed" && chmod 311 "$T/a/closed" &&
        chown nobody:nogroup "$T/a/closed"
    runs_with 0 "first" "${as[@]}" "$ZCSYNC" push "${keep[@]}" "$T/a" "$dest"
    ok "equal" same_tree "$T/a" "$dir"
    # a directory its owner may not read has to be opened up for a moment
    before=$(ctimes "$dir" | grep -v '^closed ')
    runs_with 0 "again" "${as[@]}" "$ZCSYNC" push "${keep[@]}" -i "$T/a" "$dest"
    is "$out" "" "nothing to do"
    is "$(ctimes "$dir" | grep -v '^closed ')" "$before" "nothing touched"
    echo more >>"$T/a/ro/one" && echo new >"$T/a/ro/sub/deeper/new"
    rm -f "$T/a/ro/sub/deeper/two" && mkdir -m 555 "$T/a/ro/sub/newdir"
    chown -R nobody:nogroup "$T/a/ro"
    runs_with 0 "an update" "${as[@]}" "$ZCSYNC" push --delete "${keep[@]}" "$T/a" "$dest"
    ok "equal" same_tree "$T/a" "$dir"
    mv "$T/a/ro" "$T/ro"
    runs_with 0 "all of it deleted" "${as[@]}" "$ZCSYNC" push --delete "${keep[@]}" \
        "$T/a" "$dest"
    nok "gone" [ -e "$dir/ro" ]
    ok "no staging folder left" no_litter "$dir"
    mv "$T/ro" "$T/a/ro"
    chmod 755 "$T/a/ro/sub" && rmdir "$T/a/ro/sub/newdir" && chmod 555 "$T/a/ro/sub"
    echo two >"$T/a/ro/sub/deeper/two" && chown nobody:nogroup "$T/a/ro/sub/deeper/two"
done
done_testing
