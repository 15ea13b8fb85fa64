#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A tree of everything a file system can hold arrives sealed, with either cipher,
# complete, by a push and by a mirror; what happens to a tree between two runs
# does, too.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mutate.sh"
. "$here/lib-nasty.sh"
. "$here/lib-sparse.sh"

need rsync getfattr setfattr setfacl
make_nasty_tree "$T/a"
make_mutable "$T/m"
random_bytes 70000000 >"$T/m/huge" # records enough for some buffers
mkdir "$T/aes" "$T/chacha" "$T/maes" "$T/mchacha" "$T/live"
start_sealed aes="$T/aes" chacha="$T/chacha" maes="$T/maes" \
    mchacha="$T/mchacha" live="$T/live" || exit 1
declare -A suites=([aes]=AES-256-GCM [chacha]=ChaCha20-Poly1305)
for s in aes chacha; do
    with=("${client[@]}" --suite="${suites[$s]}")
    pushes "a nasty tree, ${suites[$s]}" "${with[@]}" "$T/a" "zcsync://$addr/$s"
    is "$err" "" "no complaint"
    ok "equal" same_tree "$T/a" "$T/$s"
    ok "holes kept" holes_kept "$T/a" "$T/$s"
    ok "no staging folder left" no_litter "$T/$s"
    before=$(ctimes "$T/$s")
    pushes "again" -i "${with[@]}" "$T/a" "zcsync://$addr/$s"
    is "$out$err" "" "nothing to do"
    is "$(ctimes "$T/$s")" "$before" "nothing touched"
    pushes "one that will change" "${with[@]}" "$T/m" "zcsync://$addr/m$s"
    ok "equal" same_tree "$T/m" "$T/m$s"
done
mutate "$T/m"
printf 'in the middle' |
    dd of="$T/m/huge" bs=1 seek=35000000 conv=notrunc status=none
for s in aes chacha; do
    with=("${client[@]}" --suite="${suites[$s]}")
    pushes "after all that can happen, ${suites[$s]}" --delete "${with[@]}" \
        "$T/m" "zcsync://$addr/m$s"
    ok "equal" same_tree "$T/m" "$T/m$s"
    ok "no staging folder left" no_litter "$T/m$s"
done

start_mirror "${client[@]}" "$T/a" "zcsync://$addr/live"
ok "a mirror of the nasty tree" mirrored "$T/a" "$T/live"
make_mutable "$T/a/later"
ok "a tree that appears later" mirrored "$T/a" "$T/live"
mutate "$T/a/later"
becomes_equal 30 "$T/a" "$T/live" "and changes"
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
ok "no staging folder left" no_litter_soon "$T/live"
done_testing
