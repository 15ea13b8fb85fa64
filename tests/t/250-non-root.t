#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Without root: what cannot be set is reported once per kind with a count, exit
# 23; everything else is done.
. "$(dirname "$0")/lib.sh"

need_nobody
make_tree "$T/a"
chown daemon:bin "$T/a/big" "$T/a/a" "$T/a/a/one"
find "$T/a" -type f -exec chmod a+r {} +
find "$T/a" -type d -exec chmod g-s,a+rx {} +
mknod -m 644 "$T/a/dev1" c 1 3
mknod -m 644 "$T/a/dev2" b 7 0
mkfifo "$T/a/fifo"
cp /bin/true "$T/a/suid" && chmod 4755 "$T/a/suid"
setfattr -n user.x -v y "$T/a/big"
mkdir "$T/dest" "$T/share"
chown nobody:nogroup "$T/dest" "$T/share"
entries=$(find "$T/a" | wc -l)

like_source() # everything but owner, group and devices
{
    local d
    d=$(rsync -rlptHAX --specials --modify-window=-1 --checksum -n -i --delete \
        --exclude=/dev? --exclude=/suid "$T/a/" "$1/" 2>&1)
    [ -z "$d" ] || { echo "$d"; return 1; }
}

reports() # DIR COMMAND...
{
    local dir=$1 n
    shift
    runs_with 23 "ownership and devices cannot be kept" "$@"
    is "$(grep -c 'set the owner' <<<"$err")" 1 "owner: reported once"
    like "$err" 'owner of [0-9,]+ entries, the first: ' "with a count and the first path"
    is "$(grep -c 'set the group' <<<"$err")" 1 "group: reported once"
    is "$(grep -c 'device' <<<"$err")" 1 "devices: reported once"
    like "$err" 'dev1' "with the first path"
    like "$err" '[^0-9]2[^0-9]' "and the count"
    n=$(sed -n 's/.*owner of \([0-9,]*\) .*/\1/p' <<<"$err" | tr -d ,)
    ok "the count of owners is sane: $n of $entries" \
        [ "${n:-0}" -ge $((entries - 6)) ] && [ "${n:-0}" -le "$entries" ]
    ok "all the rest is there" like_source "$dir"
    is "$(stat -c %a "$dir/suid")" 755 "setuid is not given to another owner"
    ok "no staging folder left" no_litter "$dir"
}

reports "$T/dest/b" "${nobody[@]}" "$ZCSYNC" push -og "$T/a" "$T/dest/b"
serve_as=("${nobody[@]}")
start_serve s="$T/share"
serve_as=()
reports "$T/share" "$ZCSYNC" push -og "$T/a" "zcsync://$addr/s"

before=$(ctimes "$T/dest/b")
runs_with 23 "again: still reported" "${nobody[@]}" "$ZCSYNC" push -og --no-devices \
    "$T/a" "$T/dest/b"
is "$(grep -c 'set the owner' <<<"$err")" 1 "once"
is "$(ctimes "$T/dest/b")" "$before" "nothing touched"
runs_with 0 "not asked for, nothing to report" "${nobody[@]}" "$ZCSYNC" push \
    --no-owner --no-group --no-devices "$T/a" "$T/dest/b"
is "$err" "" "silent"

# Owners that nobody has asked for are no trouble: a note says that they stay.
one_note='owners and groups were left as they are where the receiver'
plain() # NAME DEST COMMAND...
{
    local name=$1 dest=$2
    shift 2
    runs_with 0 "$name" "$@" push --no-devices "$T/a" "$dest"
    is "$(grep -c "$one_note" <<<"$err") $(grep -c . <<<"$err")" "1 1" "one note"
    runs_with 0 "$name, again" "$@" push -i --no-devices "$T/a" "$dest"
    is "$out" "" "nothing to do"
    runs_with 0 "$name: diff" "$@" diff --no-devices "$T/a" "$dest"
    is "$out" "" "counts no owners"
}
plain "not asked for" "$T/dest/c" "${nobody[@]}" "$ZCSYNC"
ok "all the rest is there" like_source "$T/dest/c"
is "$(stat -c %a "$T/dest/c/suid")" 755 "setuid is not given to another owner"
plain "nor of a server" "zcsync://$addr/s" "$ZCSYNC"
runs_with 23 "--chown asks for them" "${nobody[@]}" "$ZCSYNC" push --no-devices \
    --chown=daemon "$T/a" "$T/dest/c"
like "$err" 'set the owner' "it says so"
chgrp -R nogroup "$T/a/a"
runs_with 0 "a group that one has" "${nobody[@]}" "$ZCSYNC" push --no-devices \
    "$T/a" "$T/dest/c"
is "$(stat -c %G "$T/dest/c/a/one")" nogroup "is kept"

# a sender without root, a receiver with: owners arrive
mkdir "$T/root-share"
start_serve --plain-user=nobody s="$T/root-share"
runs_with 0 "sent by nobody, received by root" "${nobody[@]}" "$ZCSYNC" push "$T/a" \
    "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/root-share"
done_testing
