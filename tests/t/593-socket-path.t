#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-or-later
#
# A socket with a path instead of an address: serve and zcsyncd listen at it,
# push and mirrors go there, and the users of the machine are known.

. "$(dirname "$0")/lib.sh"
. "$here/lib-daemon.sh"
. "$here/lib-mirror.sh"
. "$here/lib-nasty.sh"

umask 022
sock=$T/sock
make_nasty_tree "$T/a"
random_bytes 9000000 >"$T/a/big"
mkdir -m 755 "$T/share"

start_serve --listen "$sock" s="$T/share"
is "$addr" "$sock" "serve says where it listens"
like "$(cat "$serve_log.out")" "plain: lets in root.* of this machine" \
    "and who is let in"
pushes "a push" "$T/a" "zcsync://[$sock]/s"
ok "is equal" same_tree "$T/a" "$T/share"
pushes "one below the share" "$T/a/files" "zcsync://[$sock]/s/below"
ok "is equal, too" same_tree "$T/a/files" "$T/share/below"
runs_with 0 "diff" "$ZCSYNC" diff "$T/a/files" "zcsync://[$sock]/s/below"
"$ZCSYNC" keygen -f "$T/key" >/dev/null
pushes "with an identity it is plain all the same" --identity="$T/key" \
    "$T/a/files" "zcsync://[$sock]/s/below"
push_exits 5 "an unknown share" "$T/a" "zcsync://[$sock]/no"
runs_with 10 "a second server at that path" "$ZCSYNC" serve --listen "$sock" \
    s="$T/share"
one_sentence "$sock: somebody is listening there" "is refused"
pushes "which leaves the first alone" "$T/a/files" "zcsync://[$sock]/s/below"
if "${nobody[@]}" "$ZCSYNC" --version >/dev/null 2>&1; then
    runs_with 5 "another user" "${nobody[@]}" "$ZCSYNC" push "$T/a/files" \
        "zcsync://[$sock]/s/below"
    one_sentence "does not let in user nobody" "is not let in"
else
    skip 2 "the user nobody cannot run $ZCSYNC"
fi
mirror_as=()
start_mirror "$T/a/files" "zcsync://[$sock]/s/below"
echo new >"$T/a/files/new"
ok "a mirror" wait_until 20 cmp -s "$T/a/files/new" "$T/share/below/new"
stop_mirror
stop_serve
nok "at the end the socket is gone" test -e "$sock"
push_exits 10 "there is nobody then" "$T/a" "zcsync://[$sock]/s"
one_sentence "could not connect to the socket $sock: No such file" "as is said"

# What a server that was killed leaves behind is in nobody's way.
start_serve --listen "$sock" s="$T/share"
kill -KILL "$serve_pid"
reap "$serve_pid"
ok "a stale socket" test -S "$sock"
start_serve --listen "$sock" s="$T/share"
pushes "is replaced" "$T/a/files" "zcsync://[$sock]/s/below"
stop_serve
echo mine >"$sock"
runs_with 10 "a file in its place" "$ZCSYNC" serve --listen "$sock" s="$T/share"
is "$(cat "$sock")" mine "stays"
rm "$sock"
runs_with 1 "a path that is too long" "$ZCSYNC" serve \
    --listen "/$(printf '%0108d' 0)" s="$T/share"
one_sentence "longer than 107 bytes" "is refused"
for dest in "zcsync://[$sock/s" "zcsync://[$sock]:1/s" "zcsync://[$sock]" \
    "zcsync://[$sock]s"; do
    push_exits 1 "$dest" "$T/a" "$dest"
    one_sentence "cannot make sense of" "makes no sense"
done

# ---- zcsyncd -----------------------------------------------------------------

ctl=$T/control
listen=$sock
rm -rf "$T/share" "$T/m"
mkdir "$T/share" "$T/m"
echo one >"$T/m/one"
conf "[share s]" "path = $T/share" "[mirror m]" "path = $T/m" \
    "to = zcsync://[$sock]/s/below"
start_daemon
ok "zcsyncd listens there, and its mirror goes there" \
    wait_until 20 cmp -s "$T/m/one" "$T/share/below/one"
listen=$T/other
conf "[share s]" "path = $T/share" "[mirror m]" "path = $T/m" \
    "to = zcsync://[$T/other]/s/below"
reloads
echo two >"$T/m/two"
ok "and elsewhere after a reload" \
    wait_until 20 cmp -s "$T/m/two" "$T/share/below/two"
nok "where it was there is nothing any more" test -e "$sock"
stop_daemon
nok "nor at the end" test -e "$T/other"

done_testing
