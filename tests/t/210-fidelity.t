#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A tree of everything a file system can hold arrives complete, says rsync,
# libarchive, find and getfattr; a second run changes nothing, ctimes included.
. "$(dirname "$0")/lib.sh"
. "$here/lib-nasty.sh"
. "$here/lib-sparse.sh"

need rsync getfattr setfattr setfacl
make_nasty_tree "$T/a"
[ "$(id -u)" = 0 ] || diag "not root: no devices, owners, trusted attributes"
source_before=$(ctimes "$T/a")

arrives() # HOW DIR DEST [OPTION...]
{
    local how=$1 dir=$2 dest=$3 before
    shift 3
    pushes "push $how" "$@" "$T/a" "$dest"
    is "$err" "" "no complaint"
    ok "equal" same_tree "$T/a" "$dir"
    ok "holes kept" holes_kept "$T/a" "$dir"
    ok "no staging folder left" no_litter "$dir"
    before=$(ctimes "$dir")
    pushes "again" -i "$@" "$T/a" "$dest"
    is "$out$err" "" "nothing to do"
    is "$(ctimes "$dir")" "$before" "nothing touched"
}

arrives "local" "$T/b" "$T/b"
mkdir "$T/share"
start_serve s="$T/share"
arrives "to a server" "$T/share" "zcsync://$addr/s"
arrives "below a share" "$T/share/sub" "zcsync://$addr/s/sub" --fsync=none
# with sanitizers unit/test_mover and 802 have all of them
movers=(sendfile splice readwrite mmap overlap direct zerocopy uring)
[ "${ZC_SANITIZE:-no}" = no ] || movers=(mmap uring)
for mover in "${movers[@]}"; do
    rm -rf "$T/b"
    arrives "with --mover=$mover" "$T/b" "$T/b" --mover=$mover
done
rm -rf "$T/b"
arrives "with --numeric-ids --fsync=file" "$T/b" "$T/b" --numeric-ids --fsync=file
is "$(ctimes "$T/a")" "$source_before" "the source was not touched"
done_testing
