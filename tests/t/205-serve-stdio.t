#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# serve --stdio: one session on standard input and output, pipes or a socket.
. "$(dirname "$0")/lib.sh"
. "$here/lib-relay.sh"

make_tree "$T/a"
random_bytes 5000000 >"$T/a/bigger"
mkdir "$T/share"
start_relay --run "$ZCSYNC" serve --stdio s="$T/share"
pushes "push through a pair of pipes" "$T/a" "zcsync://$relay/s"
ok "equal" same_tree "$T/a" "$T/share"
ok "no staging folder left" no_litter "$T"
before=$(ctimes "$T/share")
pushes "again" "$T/a" "zcsync://$relay/s"
is "$(ctimes "$T/share")" "$before" "touched nothing"
for mover in splice readwrite sendfile mmap overlap direct zerocopy uring; do
    echo $mover >>"$T/a/bigger"
    pushes "--mover=$mover" --mover=$mover "$T/a" "zcsync://$relay/s"
    ok "equal" same_tree "$T/a" "$T/share"
done
push_exits 5 "unknown share over stdio" "$T/a" "zcsync://$relay/nope"
runs_with '10|12' "end of input at once" "$ZCSYNC" serve --stdio s="$T/share"

# Where it can be reached is said before the other end has had its say.
mkfifo "$T/silence"
"$ZCSYNC" serve --stdio --direct <"$T/silence" >"$T/said" 2>"$T/log/direct" &
exec 7>"$T/silence"
has_said() { [ "$(stat -c %s "$T/said")" = 48 ]; }
ok "--direct waits for no word" wait_until 30 has_said
is "$(head -c 8 "$T/said")" zcdirect "to say its own"
exec 7>&-
wait $!
done_testing
