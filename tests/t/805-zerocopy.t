#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --mover=zerocopy sends from buffers that the kernel has until it says so, and
# --stats tells how often it copied after all, at whichever end that was; over what
# is no network something else does it, and -v says so.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"

mkdir "$T/a" "$T/s"
head -c 9000001 /dev/urandom >"$T/a/big"
head -c 300001 /dev/urandom >"$T/a/less"
head -c 1000 /dev/urandom >"$T/a/small"
start_serve --readable s="$T/s"
row='Number of sends without a copy: ([0-9,]+) \(copied after all: ([0-9,]+)\)'

pushes "over TCP" -v --stats --mover=zerocopy "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/s"
like "$out" "$row" "--stats has the kernel's word"
[[ $out =~ $row ]]
calls=${BASH_REMATCH[1]} copied=${BASH_REMATCH[2]}
ok "of some calls ($calls)" [ "$calls" -ge 36 ]
ok "of which no more were copied ($copied)" [ "$copied" -le "$calls" ]
unlike "$err" 'zerocopy' "-v has nothing to add"

runs_with 0 "a pull" "$ZCSYNC" pull --stats --mover=zerocopy "zcsync://$addr/s" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
like "$out" "$row" "what the other end counted is told"
runs_with 0 "as JSON" "$ZCSYNC" push --json --mover=zerocopy -I "$T/a" \
    "zcsync://$addr/s"
like "$out" '"zerocopy_calls":[1-9][0-9]*,"zerocopy_copied":[0-9]' "likewise"
pushes "another mover" --stats --mover=sendfile -I "$T/a" "zcsync://$addr/s"
unlike "$out" 'without a copy' "has nothing to tell"
stop_serve

pushes "on one machine" -v --stats --no-clone --mover=zerocopy "$T/a" "$T/c"
ok "equal" same_tree "$T/a" "$T/c"
is "$(grep zerocopy <<<"$err")" \
    "zcsync: zerocopy cannot send over a local socket: sendfile does it" "is told"
unlike "$out" 'without a copy' "nothing is counted"
rm -r "$T/s"/*
start_sealed s="$T/s"
pushes "sealed" -v "${client[@]}" --mover=zerocopy "$T/a" "zcsync://$addr/s"
ok "equal" same_tree "$T/a" "$T/s"
like "$err" 'zerocopy cannot send over an encrypted connection: mmap does it' "is told"
stop_serve

# What it does.
if command -v strace >/dev/null &&
    [ "$ZC_SANITIZE" != yes ] &&
    strace -o /dev/null true 2>/dev/null; then
    start_serve s="$T/s"
    run strace -f -qq -o "$T/log/trace" -e trace=sendmsg,recvmsg "$ZCSYNC" push -I \
        --mover=zerocopy "$T/a" "zcsync://$addr/s"
    is "$rc" 0 "traced"
    ok "the calls are those" grep -q 'sendmsg(.*MSG_ZEROCOPY' "$T/log/trace"
    ok "and the error queue is read" grep -q 'recvmsg(.*MSG_ERRQUEUE' "$T/log/trace"
    ok "equal" same_tree "$T/a" "$T/s"
else
    skip 4 "strace cannot be used"
fi
done_testing
