#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A big file on a slow line, which nobody has told the mirror of: a small one that
# is saved meanwhile goes in between.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-relay.sh"

need_mirror
mkdir -p "$T/a/dir" "$T/share"
echo old >"$T/a/dir/page"
start_serve s="$T/share"
start_relay --rate 3000000 --to "$addr" || skip_all "no relay"
start_mirror --fsync=none "$T/a" "zcsync://$relay/s"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
ok "with all there is" wait_until 20 [ -e "$T/share/dir/page" ]
random_bytes 30000000 >"$T/big"
mv "$T/big" "$T/a/big" # 10 s
under_way() { compgen -G "$T/share/.zcsync/*/*" >/dev/null; }
ok "a big file is under way" wait_until 20 under_way
echo new >"$T/a/dir/page"
echo fresh >"$T/a/fresh"
ok "what is saved is there" wait_until 30 cmp -s "$T/a/dir/page" "$T/share/dir/page"
ok "and what is new" wait_until 30 cmp -s "$T/a/fresh" "$T/share/fresh"
nok "before the big file" test -e "$T/share/big"
ok "which comes, too" wait_until 60 cmp -s "$T/a/big" "$T/share/big"
becomes_equal 20 "$T/a" "$T/share" "in the end all is equal"
stop_mirror
like "$rc" "^(0|20)$" "ends"
done_testing
