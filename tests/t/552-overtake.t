#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# While a first comparison lasts, on a line that is slow, a file that is saved
# does not wait for its end; and however much changes meanwhile, in the end all is
# equal.  $ZC_WATCH: inotify, or fanotify in 553.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"

need_mirror
need_tools churn witness
watch=${ZC_WATCH:-inotify}
mkdir -p "$T/a/live/sub" "$T/a/old" "$T/a/churn" "$T/share/old" "$T/outside"
if [ "$watch" = fanotify ]; then
    can_fanotify "$T/a" || skip_all "this user or kernel cannot watch by fanotify"
fi
for i in $(seq -w 120); do
    random_bytes 200000 >"$T/a/big.$i"
done
echo old | tee "$T/a/live/page" "$T/a/live/sub/page" >"$T/a/old/page"
start_serve s="$T/share"
start_mirror --watch="$watch" --bwlimit=2M "$T/a" "zcsync://$addr/s" # 12 s
first_is_there() { compgen -G "$T/share/big.*" >/dev/null; }
not_over() { [ "$(find "$T/share" -name 'big.*' | wc -l)" -lt 120 ]; }
ok "the comparison is under way" wait_until 20 first_is_there

# saved in place, by a rename, and anew; in directories there and not yet there
echo new >"$T/a/old/page"
echo fresh >"$T/a/live/fresh"
echo deep >"$T/a/live/sub/page"
echo saved >"$T/a/live/.page.tmp"
mv "$T/a/live/.page.tmp" "$T/a/live/page"
all_there()
{
    cmp -s "$T/a/old/page" "$T/share/old/page" &&
        cmp -s "$T/a/live/fresh" "$T/share/live/fresh" &&
        cmp -s "$T/a/live/sub/page" "$T/share/live/sub/page" &&
        cmp -s "$T/a/live/page" "$T/share/live/page"
}
ok "what is saved meanwhile is there" wait_until 10 all_there
ok "before the comparison is over" not_over

# and once more, to what was sent that way
echo newest >"$T/a/live/fresh"
ok "and again" wait_until 10 cmp -s "$T/a/live/fresh" "$T/share/live/fresh"
ok "before the comparison is over" not_over

# what was deleted, linked, renamed, has another type by now
mkdir -p "$T/share/churn"
start_witness "$T/share/churn"
start_churn "$T/a/churn" 8 --rate 100 --entries 300 --outside "$T/outside"
rm "$T/a/live/sub/page" "$T/a/big.100"
mkdir "$T/a/big.100"
ln "$T/a/big.110" "$T/a/live/linked"
mv "$T/a/live" "$T/a/lively"
echo after >"$T/a/lively/fresh"
churn_ends 60
becomes_equal 60 "$T/a" "$T/share" "all is equal in the end"
witnesses_saw_whole_files
stop_mirror
like "$rc" "^(0|20)$" "ends"
done_testing
