#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file of 64 MiB is rewritten in place all the time, each version by a single
# pwrite: whenever the copy can be seen, it is one version from end to end.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_tools churn witness
seconds=$(soak_seconds 4)
mkdir "$T/a" "$T/b" "$T/share"
"$churn" --rewrite "$T/a/f" --ops 1 >"$T/log/ops"
start_serve s="$T/share"
start_mirror --fsync=none "$T/a" "$T/b" "zcsync://$addr/s"
ok "the mirror comes up" shows_up 20 "$T/a" "$T/share"
start_witness "$T/b" "$T/share"

# with rests some versions get through, and so do small files beside it
background writer "$churn" --rewrite "$T/a/f" --rest 1500 --seconds "$seconds"
writer=$pid
versions=0 last=
note_version()
{
    local now
    now=$(stat -c %i.%Y "$T/share/f" 2>/dev/null)
    [ "$now" != "$last" ] && versions=$((versions + 1)) last=$now
}
while ! gone_or_zombie "$writer"; do
    note_version
    sleep 0.05
done
reap "$writer"
is "$rc" 0 "the writer had no trouble"
diag "with rests: $(tail -n 1 "$T/log/writer.out"), at least $versions at the peer"
ok "versions come through" [ "$versions" -ge 2 ]

# without rests there may be no quiet moment; then there is the old version
background writer "$churn" --rewrite "$T/a/f" --seconds "$seconds"
writer=$pid
ok "beside it all goes on" shows_up 10 "$T/a" "$T/share"
reap "$writer"
diag "without: $(tail -n 1 "$T/log/writer.out")"
becomes_equal 30 "$T/a" "$T/b" "when it rests, equal"
becomes_equal 30 "$T/a" "$T/share" "and at the server"
witnesses_saw_whole_files
stop_mirror
like "$rc" "^(0|20)$" "the mirror ends when told to"
ok "no staging folder left" no_litter_soon "$T/share"
done_testing
