#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Entries that may not be read or written, in the middle of the tree, as an
# ordinary user: each named with the reason, exit 23, the rest done, and nothing
# deleted for being unreadable.
. "$(dirname "$0")/lib.sh"

need_nobody
make_tree "$T/a"
mkdir "$T/dest"
chown -R nobody:nogroup "$T/a" "$T/dest"
keep=(--no-owner --no-group)
runs_with 0 "first" "${nobody[@]}" "$ZCSYNC" push "${keep[@]}" "$T/a" "$T/dest/b"

chmod 000 "$T/a/a/one" "$T/a/c/deep"
echo more >>"$T/a/big"
runs_with 23 "a file and a directory that may not be read" "${nobody[@]}" "$ZCSYNC" \
    push --delete "${keep[@]}" "$T/a" "$T/dest/b"
like "$err" 'c/deep[^/].*Permission denied' "the directory is named"
unlike "$err" 'c/deep/er' "what lies in it is not"
ok "the rest was done" cmp "$T/a/big" "$T/dest/b/big"
ok "what lies in the directory was not deleted" [ -e "$T/dest/b/c/deep/er/one" ]
ok "the file was not deleted" [ -e "$T/dest/b/a/one" ]

chown root "$T/a/a/one" && echo changed >"$T/a/a/one"
runs_with 23 "a changed file that may not be read" "${nobody[@]}" "$ZCSYNC" push \
    "${keep[@]}" "$T/a" "$T/dest/b"
like "$err" 'a/one.*Permission denied' "is named"
is "$(cat "$T/dest/b/a/one")" "one a" "the old version is whole"
chmod 755 "$T/a/c/deep" && chmod 640 "$T/a/a/one" && chown nobody "$T/a/a/one"
runs_with 0 "readable again" "${nobody[@]}" "$ZCSYNC" push --delete "${keep[@]}" \
    "$T/a" "$T/dest/b"
ok "equal" same_tree "$T/a" "$T/dest/b"

echo new >"$T/a/b/new" && echo new >"$T/a/anew"
chown nobody:nogroup "$T/a/b/new" "$T/a/anew"
chown root:root "$T/dest/b/b"
runs_with 23 "a directory that may not be written" "${nobody[@]}" "$ZCSYNC" push \
    "${keep[@]}" "$T/a" "$T/dest/b"
like "$err" 'b/new.*Permission denied' "is named with what was to go there"
is "$(cat "$T/dest/b/anew")" new "the rest was done"
ok "no staging folder left" no_litter "$T/dest"
chown nobody:nogroup "$T/dest/b/b"
runs_with 0 "writable again" "${nobody[@]}" "$ZCSYNC" push "${keep[@]}" "$T/a" "$T/dest/b"
ok "equal" same_tree "$T/a" "$T/dest/b"
done_testing
