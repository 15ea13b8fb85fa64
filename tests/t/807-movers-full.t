#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A destination that is full, and a disk that fails: whatever moves the bytes, the
# file is named with the reason, nothing of it is seen, and the others arrive.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"

need_mounts
run "$ZCSYNC" push --mover=pigeon a b
IFS=', ' read -ra movers <<<"${err##*none of }"
mkdir "$T/a"
head -c 40000001 /dev/urandom >"$T/a/big"
head -c 300001 /dev/urandom >"$T/a/fits"
head -c 1000 /dev/urandom >"$T/a/small"

# fails REASON DEST: the big one, and only that
fails()
{
    is "$rc" 23 "exit code"
    like "$err" "big: [^"$'\n'"]*$1" "the file and the reason"
    ok "nothing of it is there" [ ! -e "$2/big" ]
    ok "the others are" eval "cmp '$T/a/fits' '$2/fits' && cmp '$T/a/small' '$2/small'"
}
for fs in ext4 tmpfs; do
    make_fs $fs "$T/$fs" 24 || {
        diag "no $fs here"
        continue
    }
    mkdir "$T/$fs/s"
    start_serve s="$T/$fs/s"
    for mover in "${movers[@]}"; do
        for way in "--mover=$mover" "--mover=$mover --drop-cache"; do
            diag "$fs $way"
            # shellcheck disable=SC2086
            run "$ZCSYNC" push $way "$T/a" "zcsync://$addr/s"
            fails 'No space left' "$T/$fs/s"
            rm -rf "$T/$fs/s"/*
        done
    done
    stop_serve
done

# The same from a receiver on this machine, whose disk fails: of those that write by a
# call of its own, as splice fails for the socket, too.
if command -v strace >/dev/null && [ "$ZC_SANITIZE" != yes ] &&
    strace -o /dev/null true 2>/dev/null; then
    for mover in readwrite direct uring; do
        rm -rf "$T/b"
        run strace -f -qq -o "$T/log/trace" -e trace=pwrite64 \
            -e inject=pwrite64:error=EIO:when=2+ \
            "$ZCSYNC" push --no-clone --fsync=none --mover=$mover "$T/a" "$T/b"
        is "$rc" 23 "EIO with --mover=$mover"
        like "$err" 'big: [^'$'\n'']*Input/output error' "is told"
        ok "nothing of it is there" [ ! -e "$T/b/big" ]
        ok "what was small is" cmp "$T/a/small" "$T/b/small"
    done
else
    skip 12 "strace cannot be used"
fi
done_testing
