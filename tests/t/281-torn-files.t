#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While a 64 MiB file is rewritten in place all the time, the destination never
# shows a version that the source did not have.
. "$(dirname "$0")/lib.sh"

blocks=16384
mkdir "$T/a" "$T/share"
stamps() { perl "$tools/stamps.pl" "$1" "$2" $blocks; }
stamps init "$T/a/f"
start_serve s="$T/share"
ok "the start" stamps check "$T/a/f"
pushes "before" "$T/a" "$T/share"

background writer perl "$tools/stamps.pl" write "$T/a/f" $blocks
writer=$pid
end=$((SECONDS + (BIG ? 60 : 8)))
done=0 changing=0 torn=0
movers=(auto sendfile splice readwrite mmap overlap direct zerocopy uring)
# Longer where the machine is busy: one has to come through.
for ((n = 0; SECONDS < end || (done == 0 && SECONDS < end + 60); n++)); do
    for dest in "$T/b" "zcsync://$addr/s"; do
        dir=${dest/#zcsync*/$T/share}
        push --fsync=none --mover="${movers[n % ${#movers[@]}]}" "$T/a" "$dest"
        case $rc in
        0) done=$((done + 1)) ;;
        24) changing=$((changing + 1)) ;;
        *) fail "exit $rc, wanted 0 or 24" "$err" ;;
        esac
        [ -e "$dir/f" ] || continue
        stamps check "$dir/f" >"$T/log/check" || {
            torn=$((torn + 1))
            diag "torn (exit $rc, $dest, ${movers[n % ${#movers[@]}]}): $(cat "$T/log/check")"
        }
    done
done
is "$torn" 0 "no torn version in $done complete and $changing given up pushes"
ok "some pushes found a quiet moment" [ "$done" -gt 0 ]
kill "$writer"
reap "$writer"
pushes "when it rests" "$T/a" "$T/b"
ok "equal" same_tree "$T/a" "$T/b"
ok "no staging folder left" no_litter "$T"
done_testing
