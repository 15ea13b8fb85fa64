#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# kill -9 of the sender, of the session at the server, or of both, 20 times (50
# with ZC_BIG=1) at random moments: never a half file, serve goes on, and one clean run makes all
# equal and leaves no staging folder.
. "$(dirname "$0")/lib.sh"
. "$here/lib-process.sh"

kills=20
[ "$BIG" = 1 ] && kills=50
many_files "$T/a" 800 3000 20
make_tree "$T/a/tree"
for n in 1 2 3; do random_bytes 4000000 >"$T/a/large$n"; done
ln "$T/a/large1" "$T/a/d001/link"
mkdir "$T/share"
start_serve s="$T/share"

start=$(date +%s%N)
pushes "a run to know how long it takes" --fsync=none "$T/a" "zcsync://$addr/s"
us=$((($(date +%s%N) - start) / 1000))
diag "a run takes $us us"
find "$T/share" -mindepth 1 -delete

victims=(sender session both embedded)
for ((n = 0; n < kills; n++)); do
    victim=${victims[n % 4]} dest=zcsync://$addr/s
    [ "$victim" = embedded ] && dest=$T/share
    "$ZCSYNC" push --fsync=none --delete --force-delete "$T/a" "$dest" \
        2>>"$T/log/killed.err" </dev/null &
    push_pid=$!
    # Its first child: LeakSanitizer has one, too, at the end, and waits for it
    # for ever when it is killed.
    receiver=
    while [ "$victim" = embedded ] && [ -z "$receiver" ] &&
        ! gone_or_zombie "$push_pid"; do
        receiver=$(children "$push_pid")
    done
    perl -e 'select undef, undef, undef, rand(1.1) * $ARGV[0] / 1e6' "$us"
    # shellcheck disable=SC2046
    case $victim in
    sender) kill -KILL $push_pid ;;
    session) kill -KILL $(children "$serve_pid") ;;
    both) kill -KILL $push_pid $(children "$serve_pid") ;;
    embedded) [ -n "$receiver" ] && kill -KILL $receiver ;;
    esac 2>/dev/null
    reap "$push_pid" 30
    [ "$rc" = 137 ] && [[ $victim == s*ion || $victim == embedded ]] &&
        fail "kill $n ($victim): the sender hangs"
    if ((n % 10 == 9)); then
        ok "nothing half written after $((n + 1)) kills" files_whole "$T/a" "$T/share"
        find "$T/share" -mindepth 1 -name '[dlt]*' -prune -exec rm -rf {} +
    elif ((n % 10 == 4)); then
        # old versions to be replaced
        for f in "$T"/share/d00*/f* "$T"/share/large*; do
            [ -f "$f" ] && echo old >"$f"
        done
        find "$T/share" -type f -size -5c -exec touch -d 2001-01-01 {} +
        push --fsync=none "$T/a" "zcsync://$addr/s"
        is "$rc" 0 "a run in between, after $((n + 1)) kills"
    fi
done
ok "serve is still there" kill -0 "$serve_pid"
ok "no session hangs on" wait_until 20 no_children "$serve_pid"
pushes "one clean run" --delete --force-delete "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/share"
ok "no staging folder left" no_litter "$T/share"

# staging left behind by a dead session goes even when there is nothing to do
mkdir -p "$T/share/.zcsync/0123456789abcdef0123456789abcdef"
echo junk >"$T/share/.zcsync/0123456789abcdef0123456789abcdef/1"
pushes "a run with nothing to do but litter" "$T/a" "zcsync://$addr/s"
ok "the litter is gone" no_litter "$T/share"
ok "equal" same_tree "$T/a" "$T/share"
done_testing
