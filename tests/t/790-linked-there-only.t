#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Names that are one file at the destination and several at the source: where only
# metadata differ each gets a file of its own, made of the bytes that are there,
# and nothing is sent; what has no other difference, too, with -H.
. "$(dirname "$0")/lib.sh"

need_root # other owners
cd "$T" || exit
mkdir share
start_serve s="$T/share"

# Pairs f1 and d/g1 ... that are linked in DIR, each also to a name outside.
sizes=(0 1 4096 4097 70000 6000000)
linked_tree() # DIR
{
    local i
    rm -rf "$1" outside && mkdir -p "$1/d" outside
    for i in "${!sizes[@]}"; do
        random_bytes "${sizes[i]}" >"$1/f$i"
        setfattr -n user.old -v 1 "$1/f$i" 2>/dev/null
        ln "$1/f$i" "$1/d/g$i" && ln "$1/f$i" "outside/h$i"
    done
    truncate -s 20M "$1/holes" && printf x >>"$1/holes" && ln "$1/holes" "$1/d/holes"
}
# The same as the source has it: separate files.
unlinked() { rm -rf a && cp -a --no-preserve=links "$1" a; }
nothing_sent() { like "$out" 'Total transferred file size: 0 bytes' "$1: no bytes of files are sent"; }
# but for links, which the run does not keep
equal_but_links() # DIR
{
    is "$(rsync -aAX --checksum -n -i --delete --exclude=/again* a/ "$1/")" "" "equal"
}

for dest in b "zcsync://$addr/s"; do
    dir=${dest/#zcsync*/share}
    linked_tree "$dir" && unlinked "$dir"
    chmod 600 a/f* && chown 1000:1001 a/d/g* && chmod 640 a/holes
    before=$(stat -c '%n %a %u %Y' outside/*)
    push -n -i --no-hard-links a "$dest"
    planned=$(sort <<<"$out")
    pushes "modes and owners" -i --stats --no-hard-links a "$dest"
    nothing_sent "$dest"
    like "$out" '\.f\.\.\.p\.\.\.\.\. f3' "a mode is all that changed"
    like "$out" '\.f\.\.\.\.og\.\.\. d/g3' "or an owner"
    is "$(grep '^[.<>ch][fd]' <<<"$out" | sort)" "$planned" "as -n has said"
    equal_but_links "$dir"
    is "$(stat -c '%n %a %u %Y' outside/*)" "$before" "the outside is as it was"
    ok "holes are holes" [ "$(stat -c %b "$dir/d/holes")" -lt 100 ]
    push -i --no-hard-links a "$dest"
    is "$out" "" "nothing to do the next time"
    ok "no staging folder left" no_litter "$dir"
done

# attributes, and those that the run does not keep
linked_tree b && unlinked b
if setfattr -n user.new -v 2 a/d/g3 a/f4 2>/dev/null; then
    pushes "attributes" --stats --no-hard-links a b
    nothing_sent "attributes"
    equal_but_links b
fi
chmod 604 a/f4 && ln b/f4 b/again4 && ln b/f3 b/again3
setfacl -m u:12345:r b/f3 2>/dev/null
acl=$(getfacl -n b/f3 2>/dev/null)
pushes "without attributes and ACLs" --stats --no-hard-links --no-xattrs --no-acls a b
nothing_sent "without attributes and ACLs"
is "$(getfattr -d b/f4 2>/dev/null)" "$(getfattr -d b/again4 2>/dev/null | sed 's/again4/f4/')" \
    "what is not asked for stays: attributes"
chmod 646 a/f3
pushes "again" --no-hard-links --no-acls a b
is "$(getfacl -n b/f3 2>/dev/null | tail -n +4)" "$(sed 's/other::r--/other::rw-/' <<<"$acl" | tail -n +4)" \
    "and ACLs"

# where bytes have to tell
linked_tree b && unlinked b
touch -d 2001-01-01 a/f* && chmod 600 a/d/g*
pushes "with -c" -c --stats --no-hard-links a b
nothing_sent "with -c"
equal_but_links b

# some names only
linked_tree b && unlinked b
chmod 600 a/f3 a/d/g4
printf '%s\n' f3 d/g4 >list
pushes "some names" --stats --no-hard-links --files-from=list a b
nothing_sent "some names"
is "$(stat -c %a b/f3 b/d/g3 b/f4 b/d/g4 | xargs)" "600 644 644 600" "those, and no other"

# with -H, all names: what is one file there only is parted, whatever differs
linked_tree b && unlinked b && rm -r outside
rm b/d/g5 && cp -p b/f5 b/d/g5 && rm a/d/g5 && ln a/f5 a/d/g5
chmod 600 a/f3
pushes "with -H" -i --stats a b
nothing_sent "with -H"
like "$out" 'hf +(f4|d/g4)' "says whose links change"
like "$out" 'hf +(d/g5 => f5|f5 => d/g5)' "and what becomes a link"
ok "equal" same_tree a b
push -i a b
is "$out" "" "nothing to do the next time"

# other bytes are sent, and --inplace is what it was
linked_tree b && unlinked b
echo other >a/f3 && chmod 600 a/f4
pushes "other bytes" --no-hard-links a b
equal_but_links b
linked_tree b && unlinked b
chmod 600 a/f4
pushes "--inplace" --inplace --no-hard-links a b
equal_but_links b

# what cannot be read there is sent
need_nobody
linked_tree b && unlinked b
chmod 200 b/f4 && chmod 400 a/f4 && chmod 600 a/d/g4
chown -R nobody: a b
runs_with 0 "a file that its owner may not read" "${nobody[@]}" \
    "$ZCSYNC" push --no-hard-links a b
equal_but_links b
done_testing
