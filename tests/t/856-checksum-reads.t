#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# -c reads a file when both sides have it with the same size, and no other.
. "$(dirname "$0")/lib.sh"
. "$here/lib-damage.sh"

need strace
need_no_sanitizers "cannot be traced with them"
cd "$T" || exit 1
mkdir a b
for name in same flipped shorter longer; do
    random_bytes 6000000 >"a/$name"
done
cp -a a/. b
damage b/flipped 5999999
truncate -s 5999999 b/shorter
random_bytes 1 >>b/longer
random_bytes 6000000 >a/new
random_bytes 6000000 >b/extra
mkdir a/dir
random_bytes 50000 >a/dir/small
ln -s same a/link
ln -s /nowhere b/new.link

# The names of which bytes were read at one end, sorted
were_read()
{
    grep -oE "^[^<]*<$T/$1/[^>]*>" "$T/log/strace" | sed "s,.*<$T/$1/,,;s,>$,," |
        sort -u | tr '\n' ' '
}

for how in "diff" "diff --delete" "push -n"; do
    # shellcheck disable=SC2086
    run strace -f -qq -y -o "$T/log/strace" \
        -e trace=read,pread64,preadv,mmap,sendfile,splice,copy_file_range \
        "$ZCSYNC" $how -c a b
    like "$rc" '^[01]$' "$how -c"
    sed -i -E 's/^[0-9]+ +//' "$T/log/strace"
    is "$(were_read a)" "flipped same " "reads of SRC what DEST has, too"
    is "$(were_read b)" "flipped same " "and the other way round"
done
run "$ZCSYNC" push -c --delete a b
ok "a push makes them equal" same_tree a b
done_testing
