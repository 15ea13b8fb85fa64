#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A mirror that has been away, diff and pull tell what both ends have in common by
# digests, too; and what has changed meanwhile is there in the end.
. "$(dirname "$0")/lib.sh"
. "$here/lib-digests.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"
. "$here/lib-relay.sh"

need perl rsync
need_mirror
cd "$T" || exit
many_alike a
mkdir share
start_serve --readable s="$T/share"
to=zcsync://$addr/s

# the bytes of a connection that has ended, by its number
bytes_of()
{
    awk -v n="$1" '/^(up|down) / { sum[int((lines++) / 2) + 1] += $2 }
                   END { if (lines >= 2 * n) print sum[n] }' "$relay_log"
}
has_ended() { [ -n "$(bytes_of "$1")" ]; }

start_relay --to "$addr"
through=zcsync://$relay/s

# ---- diff and pull ---------------------------------------------------------------

pushes "first" a/ "$to"
runs_with 0 "diff, nothing" "$ZCSYNC" diff a/ "$through"
wait_until 10 has_ended 1
ok "it tells little: $(bytes_of 1) bytes" [ "$(bytes_of 1)" -lt 2500 ]
chmod 600 a/d5/s5/file5 && rm share/d1/s1/file1 && touch share/d2/more
runs_with 1 "diff, something" "$ZCSYNC" diff --delete a/ "$through"
is "$(sort <<<"$out" | grep -v '/$')" "*deleting   d2/more
.f...p..... d5/s5/file5
<f+++++++++ d1/s1/file1" "it is found"
wait_until 10 has_ended 2
ok "for little more: $(bytes_of 2) bytes" [ "$(bytes_of 2)" -lt 40000 ]
pushes "as it was" --delete a/ "$to"
runs_with 0 "pull" "$ZCSYNC" pull --delete "$through" b
runs_with 0 "pull again" "$ZCSYNC" pull --delete --stats "$through" b
few "pull" 3000
ok "equal" same_tree share b
echo other >share/d3/s3/file3 && echo extra >b/d4/extra
runs_with 0 "pull what has changed" "$ZCSYNC" pull -i --delete --stats "$through" b
is "$(grep -c '^[>*]' <<<"$out")" 2 "one file, and one less"
few "pull a file" 30000
ok "equal" same_tree share b

# ---- mirrors ---------------------------------------------------------------------

pushes "as it was" --delete a/ "$to"
start_mirror -v a "$through"
ok "in sync" wait_until 20 grep -q 'in sync' "$mirror_log.err"
connections() { grep -c '^up' "$relay_log"; }
n=$(connections)
# shellcheck disable=SC2046
kill -KILL $(children "$serve_pid")
ok "in sync again" wait_until 20 eval '[ "$(grep -c "in sync" "$mirror_log.err")" = 2 ]'
is "$(connections)" $((n + 1)) "the connection was lost"
ok "the first comparison told little: $(bytes_of $((n + 1))) bytes" \
    [ "$(bytes_of $((n + 1)))" -lt 3000 ]
kill -STOP "$mirror_pid"
# shellcheck disable=SC2046
kill -KILL $(children "$serve_pid")
echo while >a/d1/s1/away && rm a/d2/s2/file2 && mv a/d3 a/d3b
echo strange >share/d4/strange && chmod 700 share/d6/s6
kill -CONT "$mirror_pid"
ok "what changed while it was away, on either side" mirrored a share
echo more >a/d3b/s1/file1 && mkdir a/d3b/s99
ok "and it goes on" mirrored a share
stop_mirror
is "$rc" 0 "the mirror ends"
ok "all together: $(bytes_of $((n + 2))), $(bytes_of $((n + 3))) bytes" \
    [ "$(bytes_of $((n + 2)))" -lt 3000 ]

# one that compares all the time, while things change
start_mirror --compare=1s a b
for i in {1..40}; do
    d=a/d$((i % 5 + 1))/s$((i % 7 + 1))
    mkdir -p "$d"
    echo "$i" >"$d/file$i"
    rm -f "$d/file$((i + 3))"
    mv "$d/file$((i + 5))" "$d/moved$i" 2>/dev/null
    ln -f "$d/file$((i % 5 + 20))" a/d6/linked 2>/dev/null
    sleep 0.05
done
ok "comparisons in the midst of changes" mirrored a b
rm -r b/d6/s5 && chmod 700 b/d5
ZC_MIRRORED_S=60 ok "what was done at the peer is found" mirrored a b
stop_mirror
ok "equal" same_tree a b
done_testing
