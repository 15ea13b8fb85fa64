#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# One directory with very many entries (15,000; 300,000 with ZC_BIG=1), in
# bounded memory.
. "$(dirname "$0")/lib.sh"
need_no_sanitizers "takes long with sanitizers"

count=15000
[ "$BIG" = 1 ] && count=300000
mkdir "$T/a" "$T/share"
perl -e 'chdir shift; for (1 .. $ARGV[0]) {
    open my $f, ">", "entry-with-a-name-$_" or die; print $f $_ if $_ % 10 == 0 }' \
    "$T/a" "$count"
start_serve s="$T/share"
pushes "$count files in one directory" --fsync=none "$T/a" "$T/b"
is "$(rsync_diff "$T/a" "$T/b" | head)" "" "equal"
before=$(ctimes "$T/b" | md5sum)
pushes "again" -i "$T/a" "$T/b"
is "$out" "" "nothing to do"
is "$(ctimes "$T/b" | md5sum)" "$before" "nothing touched"

rm "$T"/a/entry-with-a-name-*7
mkdir "$T/a/entry-with-a-name-7" && echo x >"$T/a/entry-with-a-name-7/x"
touch "$T/a/new"
pushes "a tenth deleted" --delete "$T/a" "$T/b"
is "$(diff <(listing "$T/a") <(listing "$T/b") | head)" "" "equal"
if [ -x /usr/bin/time ]; then
    run /usr/bin/time -f '%M KiB' "$ZCSYNC" push --fsync=none "$T/a" "zcsync://$addr/s"
    is "$rc" 0 "to a server"
    kib=$(sed -n 's/ KiB$//p' <<<"$err")
    # 32 MiB is the promise for ordinary builds; sanitizers need several times that
    if nm -D "$ZCSYNC" 2>/dev/null | grep -q __asan_; then
        skip 1 "memory is not measured with sanitizers"
    else
        ok "the sender needed $kib KiB" [ "$kib" -lt $((BIG ? 65536 : 32768)) ]
    fi
else
    skip 2 "/usr/bin/time is not installed"
fi
ok "no staging folder left" no_litter "$T"
done_testing
