#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --delete takes away what the source does not have, of any kind, and nothing
# else.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"
. "$here/lib-nasty.sh"

make_tree "$T/a"
mkdir "$T/share"
start_serve s="$T/share"
for dest in "$T/b" "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/$T/share}
    pushes "first" "$T/a" "$dest"
    make_nasty_tree "$dir/c/extra"
    rm -rf "$dir/c/extra.outside"
    echo x >"$dir/a/stray" && ln -s / "$dir/root" && mkdir "$dir/emptydir/new"
    before=$(ctimes "$T/a")
    pushes "without --delete they stay" "$T/a" "$dest"
    ok "there" [ -e "$dir/a/stray" ]
    pushes "--delete" --delete --force-delete "$T/a" "$dest"
    ok "equal" same_tree "$T/a" "$dir"
    ok "no staging folder left" no_litter "$dir"
    is "$(ctimes "$T/a")" "$before" "the source was not touched"
done

mkdir -p "$T/b/kept/sub" && echo k >"$T/b/kept/sub/f.keep" && echo g >"$T/b/kept/go"
echo k >"$T/b/x.keep"
pushes "excluded entries are not deleted" --delete --exclude='*.keep' "$T/a" "$T/b"
ok "in the root" [ -e "$T/b/x.keep" ]
ok "nor is what they lie in" [ -e "$T/b/kept/sub/f.keep" ]
nok "but what lies beside them" [ -e "$T/b/kept/go" ]
pushes "all gone" --delete "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"

if [ "$(id -u)" = 0 ] && mount_at -t tmpfs tmpfs "$T/b/extra/mnt"; then
    echo precious >"$T/b/extra/mnt/f"
    echo x >"$T/b/extra/x"
    push_exits 23 "a mount in what is to be deleted" --delete "$T/a" "$T/b"
    like "$err" 'extra/mnt' "is named"
    is "$(cat "$T/b/extra/mnt/f")" precious "and left alone"
    nok "the rest is gone" [ -e "$T/b/extra/x" ]
    umount "$T/b/extra/mnt"
else
    skip 4 "cannot mount"
fi
done_testing
