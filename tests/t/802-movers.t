#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --mover and `mover` force the way in which bytes are moved at both ends: the calls
# that are made are others, and what arrives is the same. What cannot be done is told
# with -v, and done otherwise.
. "$(dirname "$0")/lib.sh"
. "$here/lib-keys.sh"
. "$here/lib-mirror.sh"

mkdir "$T/a" "$T/share"
for size in 0 1 4095 4096 4097 262144 262145 1048575 1048576 1048577 9000001; do
    head -c $size /dev/urandom >"$T/a/$size"
done
head -c 300000 /dev/urandom >"$T/a/sparse"
truncate -s 8M "$T/a/sparse"
echo end >>"$T/a/sparse"

start_serve --readable s="$T/share"
for mover in auto readwrite mmap sendfile splice overlap direct zerocopy uring; do
    pushes "push --mover=$mover" -v --no-clone --mover=$mover "$T/a" "zcsync://$addr/s"
    ok "equal" same_tree "$T/a" "$T/share"
    unlike "$err" "$mover cannot" "which can be done"
    runs_with 0 "pull" "$ZCSYNC" pull --mover=$mover "zcsync://$addr/s" "$T/b"
    ok "equal" same_tree "$T/a" "$T/b"
    rm -r "$T/b" "$T/share"/*
done
push_exits 1 "an unknown one" --mover=pigeon "$T/a" "$T/b"
one_sentence "'pigeon' is none of auto, readwrite, mmap, sendfile, splice, overlap, direct, zerocopy, uring" \
    "is refused by name"

for mover in readwrite mmap sendfile splice overlap direct zerocopy uring; do
    ok "zcsync-movers(7) has $mover" \
        grep -qx "\.Ss $mover" "$here/../../man/zcsync-movers.7"
done

# The calls that the two ends make.
calls() # MOVER: those of both, in one line
{
    local trace=$T/log/trace
    rm -rf "$T/c"
    strace -f -qq -o "$trace" -e trace=sendfile,splice,pwrite64 \
        "$ZCSYNC" push --fsync=none --no-clone --mover="$1" "$T/a/9000001" "$T/c/" \
        >/dev/null 2>&1
    grep -o -E '\b(sendfile|splice|pwrite64)\(' "$trace" | sort -u | tr -d '\n'
}
if command -v strace >/dev/null && strace -o /dev/null true 2>/dev/null; then
    is "$(calls readwrite)" "pwrite64(" "readwrite: neither sendfile nor splice"
    unlike "$(calls mmap)" "sendfile" "mmap: no sendfile"
    like "$(calls sendfile)" "sendfile.*splice" "sendfile"
    unlike "$(calls splice)" "sendfile" "splice at both ends"
else
    skip 4 "strace cannot be used"
fi

# Encrypted, there is less to choose from.
rm -rf "$T/share"/*
start_sealed --readable s="$T/share"
pushes "sealed, by splice" -v "${client[@]}" --mover=splice "$T/a/9000001" \
    "zcsync://$addr/s/"
like "$err" 'zcsync: splice cannot send over an encrypted connection: mmap does it' \
    "what cannot be is told"
ok "and the file is there" cmp "$T/a/9000001" "$T/share/9000001"
runs_with 0 "pulled, likewise" "$ZCSYNC" pull -v "${client[@]}" --mover=splice \
    "zcsync://$addr/s" "$T/d"
like "$err" 'splice cannot receive over an encrypted connection: readwrite does it' \
    "told by the end where the user is"
pushes "without -v" "${client[@]}" --mover=sendfile "$T/a/1048577" "zcsync://$addr/s/"
is "$err" "" "not a word"

# A mirror.
start_mirror --mover=readwrite --no-clone "$T/a" "$T/e"
becomes_equal 20 "$T/a" "$T/e" "a mirror with --mover"
stop_mirror
done_testing
