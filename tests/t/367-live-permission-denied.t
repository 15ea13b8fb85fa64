#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A mirror run by an ordinary user: what it may not read or write is named, the
# rest goes on, nothing is deleted for it, and it follows when it may.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need_nobody
need setpriv
make_tree "$T/a"
mkdir "$T/share"
chown -R nobody:nogroup "$T/a" "$T/share"
serve_as=(setpriv --reuid=nobody --regid=nogroup --clear-groups)
mirror_as=("${serve_as[@]}")
start_serve s="$T/share"
start_mirror --fsync=none --no-owner --no-group "$T/a" "zcsync://$addr/s"
seen() { [ "$(cat "$T/share/$1")" = "$2" ]; }
ok "the mirror comes up" wait_until 20 cmp "$T/a/big" "$T/share/big"
write() { echo "$2" >"$T/a/$1"; chown nobody:nogroup "$T/a/$1"; }

# at the source: a file, and a directory with what is in it
chown root "$T/a/a/one" && chmod 600 "$T/a/a/one" && echo secret >"$T/a/a/one"
chown root "$T/a/c/deep" && chmod 700 "$T/a/c/deep"
echo more >"$T/a/c/deep/er/one"
write b/one follows
ok "the rest goes on" wait_until 20 seen b/one follows
ok "the file is named" wait_until 20 grep -q 'a/one.*Permission denied' "$mirror_log.err"
write b/two follows-too
ok "and on" wait_until 20 seen b/two follows-too
is "$(cat "$T/share/a/one")" "one a" "the old version stays"
ok "so does what cannot be seen any more" [ -e "$T/share/c/deep/er/two" ]
chown nobody "$T/a/a/one" "$T/a/c/deep"
ok "readable again: the file" wait_until 60 seen a/one secret
ok "and the directory" wait_until 60 seen c/deep/er/one more

# at the peer
chown root "$T/share/c/deep" && chmod 755 "$T/share/c/deep"
write c/deep/new new
write b/one on
ok "the rest goes on" wait_until 20 seen b/one on
ok "it is named" wait_until 20 grep -q 'c/deep/new.*Permission denied' "$mirror_log.err"
ok "the mirror lives" mirror_runs
chown nobody "$T/share/c/deep"
ok "writable again" wait_until 90 seen c/deep/new new
becomes_equal 60 "$T/a" "$T/share" "equal"
ok "few words" [ "$(wc -l <"$mirror_log.err")" -lt 200 ]
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
ok "no staging folder left" no_litter_soon "$T/share"
done_testing
