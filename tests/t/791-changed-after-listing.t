#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file gets new bytes between the moment it is listed and the moment it is asked
# for: where the receiver wanted its metadata only, it gets the bytes all the same,
# as their time on older ones would look like the same file from then on.
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"

need setfattr
cd "$T" || exit
mkdir share a
start_serve s="$T/share"

fresh() # SIZE
{
    rm -rf a share/* share/.zcsync go && mkdir a
    random_bytes "$1" >a/f
    touch -d 2020-01-01 a
    cp -p a/f share/f && touch -r a share
}

# When nothing differs, the last NEED and FINISHED are the last 62 bytes.
fresh 100
start_relay --to "$addr"
pushes "nothing to do" a "zcsync://$relay/s"
ended() { grep -q ^down "$relay_log"; }
wait_until 10 ended
down=$(awk '/^down/ {print $2}' "$relay_log")
stop_relay

holding() { grep -q holding "$relay_log"; }
# changed_meanwhile NAME SIZE NEW-SIZE [OPTION...]: what differs is up to the
# caller; meanwhile F gets NEW-SIZE other bytes.
changed_meanwhile()
{
    local name=$1 size=$2 new=$3
    shift 3
    start_relay --hold-down "$((down - 52)):$T/go" --to "$addr"
    background push "$ZCSYNC" push "$@" a "zcsync://$relay/s"
    wait_until 10 holding || fail "$name: it is listed by then"
    random_bytes "$new" | dd of=a/f conv=notrunc status=none
    [ "$new" -ge "$size" ] || truncate -s "$new" a/f
    touch -d 2020-01-01 a # so that the file alone differs
    : >go
    reap "$pid"
    is "$rc" 0 "$name: exit code"
    ok "$name: the new bytes are there" cmp a/f share/f
    is "$(stat -c '%Y %a' share/f)" "$(stat -c '%Y %a' a/f)" "with their time"
    stop_relay
}

for size in 100 300000 6000000; do
    fresh $size
    setfattr -n user.x -v 1 a/f 2>/dev/null || skip_all "no extended attributes here"
    changed_meanwhile "an attribute, $size bytes" $size $size
    is "$(getfattr -d share/f 2>/dev/null | sed 1d)" "$(getfattr -d a/f | sed 1d)" \
        "and the attribute"
    fresh $size
    chmod 600 a/f && ln share/f share/g
    changed_meanwhile "linked there, $size bytes" $size $size
    fresh $size
    chmod 600 a/f && ln share/f share/g
    changed_meanwhile "linked there, no more $size bytes" $size $((size / 2)) \
        --no-hard-links
done
done_testing
