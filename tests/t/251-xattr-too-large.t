#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# An attribute that the destination's file system cannot hold is reported once,
# exit 23; the file and its other attributes are there.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need setfattr getfattr
need_mounts
make_fs ext4 "$T/small" 200 || skip_all "no ext4"
for type in xfs tmpfs; do make_fs $type "$T/big" && break; done ||
    skip_all "no file system with large attributes"
make_tree "$T/big/a"
value=0x$(head -c 60000 /dev/zero | tr '\0' A | od -An -v -tx1 | tr -d ' \n')
for f in big a/one b/two; do
    setfattr -n user.large -v "$value" "$T/big/a/$f" ||
        skip_all "the file system takes no large attributes"
done
setfattr -n user.small -v fits "$T/big/a/big"

push_exits 23 "60 kB attributes onto ext4" "$T/big/a" "$T/small/b"
one_sentence '3 entries.*a/one|3 entries.*(big|b/two)' "reported once, with a count"
is "$(rsync_diff "$T/big/a" "$T/small/b" | sed 's/^.f........x //' | sort | tr '\n' ' ')" \
    "a/one b/two big " "all but these attributes is equal"
is "$(getfattr --only-values -n user.small "$T/small/b/big")" fits \
    "small attributes of the same file are there"
ok "no staging folder left" no_litter "$T/small"
pushes "where they fit" "$T/big/a" "$T/big/b"
ok "equal" same_tree "$T/big/a" "$T/big/b"
done_testing
