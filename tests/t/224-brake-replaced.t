#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# The mass-delete brake also covers a directory that becomes something else, and
# an empty source is refused whatever --max-delete allows.
. "$(dirname "$0")/lib.sh"

mkdir "$T/b"
many_files "$T/b/www" 300 10
echo other >"$T/b/other"
mkdir "$T/a" "$T/empty"
ln -s /mnt/x "$T/a/www"
echo other >"$T/a/other"
push_exits 25 "a directory of 300 files became a symlink" --delete "$T/a" "$T/b"
like "$err" 'force-delete' "names the way out"
is "$(find "$T/b/www" -type f | wc -l)" 300 "nothing was deleted"
push_exits 25 "an empty source with --max-delete" --delete --max-delete=1000 \
    "$T/empty" "$T/b"
is "$(find "$T/b/www" -type f | wc -l)" 300 "nothing was deleted"
pushes "--max-delete that allows it" --delete --max-delete=400 "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"

# a directory of less than that needs no word
rm "$T/b/www" && many_files "$T/b/www" 50 10
pushes "a directory of 50 files became a symlink" --delete "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"

# -n -c as somebody who may not read the source
need_nobody
mkdir "$T/c" "$T/dest" "$T/dest/d"
echo abc >"$T/c/f" && echo abd >"$T/dest/d/f" && touch -d '2001-01-01' "$T/c/f"
chown -R nobody:nogroup "$T/c" "$T/dest" && chmod 000 "$T/c/f"
runs_with 23 "-n -c of a file that may not be read" "${nobody[@]}" "$ZCSYNC" push \
    -n -c "$T/c" "$T/dest/d"
like "$err" '/f.*Permission denied' "names it"
done_testing
