#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -n changes nothing and predicts exactly what the real run does.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mutate.sh"

need setfattr setfacl
make_mutable "$T/a"
mkdir "$T/share"
start_serve --read-only s="$T/share"
read_only=$addr
start_serve s="$T/share"

predicts() # NAME DIR DEST [OPTION...]
{
    local name=$1 dir=$2 dest=$3 before predicted
    shift 3
    before=$(ctimes "$dir" 2>/dev/null)
    pushes "$name: -n -i" -n -i "$@" "$T/a" "$dest"
    predicted=$(sort <<<"$out")
    is "$(ctimes "$dir" 2>/dev/null)" "$before" "$name: -n changes nothing"
    pushes "$name: -i" -i "$@" "$T/a" "$dest"
    is "$(sort <<<"$out")" "$predicted" "$name: -n predicted what happened"
    pushes "$name: -n after it" -n -i "$@" "$T/a" "$dest"
    is "$out" "" "$name: nothing more to do"
}

pushes "-n onto nothing" -n "$T/a" "$T/b"
nok "makes nothing" [ -e "$T/b" ]
mkdir "$T/b"
predicts "fresh" "$T/b" "$T/b"
predicts "fresh, server" "$T/share" "zcsync://$addr/s"
mutate "$T/a"
pushes "a dry run into a read-only share" -n -i --delete "$T/a" "zcsync://$read_only/s"
ok "tells what there is to do" [ -n "$out" ]
predicts "update" "$T/b" "$T/b" --delete
predicts "update, server" "$T/share" "zcsync://$addr/s" --delete
ok "equal in the end" same_tree "$T/a" "$T/b"
echo same-time >"$T/b/untouched"
touch -r "$T/a/untouched" "$T/b/untouched"
predicts "checksum" "$T/b" "$T/b" -c
touch "$T/b/append" && touch -d 1999-01-01 "$T/b/truncate"
predicts "update only" "$T/b" "$T/b" -u
done_testing
