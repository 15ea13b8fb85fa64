#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# A file that cannot be read, for whatever reason a file system may give, is
# named and left out; all others are there, and the session lives.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need strace
need_no_sanitizers "strace and the leak checker do not go together"
cd "$T" || exit
make_tree a
random_bytes 2000000 >a/large
echo small >a/small
strace -f -qq -o /dev/null true || skip_all "strace cannot trace here"

# fails_with ERRNO FILE COMMAND...: each try to read FILE does
fails_with()
{
    local eno=$1 file=$T/$2
    shift 2
    run strace -f -qq -o "$T/log/strace" -P "$file" \
        -e inject=pread64,read,sendfile,splice:error="$eno" "$@"
}

# left_out ERRNO FILE DEST HOW
left_out()
{
    is "$rc" 23 "$1 from $2, $4: exit code"
    like "$err" "$2: could not read it: " "and it is named"
    unlike "$err" 'connection|time-out' "not the connection"
    is "$(rsync_diff a "$3" | grep -v '/$')" ">f+++++++++ $2" \
        "all others are there"
}

mkdir share
start_serve s="$T/share"
errnos=(EIO EACCES EPERM ETIMEDOUT ENOTCONN EREMOTEIO ECONNRESET EPIPE EAGAIN
    ESHUTDOWN EBADMSG ESTALE EINVAL EHOSTDOWN EKEYEXPIRED EUCLEAN ENOTSOCK)
for eno in "${errnos[@]}"; do
    rm -rf b share && mkdir share
    fails_with "$eno" a/large "$ZCSYNC" push --fsync=none a b
    left_out "$eno" large b "on one machine"
    fails_with "$eno" a/large "$ZCSYNC" push --fsync=none a "zcsync://$addr/s"
    left_out "$eno" large share "over TCP"
done
for mover in splice mmap readwrite direct; do
    rm -rf b
    fails_with ENOTCONN a/large "$ZCSYNC" push --fsync=none --mover=$mover a b
    if [ $mover = mmap ] && [ "$rc" = 0 ]; then
        ok "a mapping is not read by a call" same_tree a b
        skip 3 "a mapping is not read by a call"
        continue
    fi
    left_out ENOTCONN large b "with --mover=$mover"
done
for eno in ETIMEDOUT ENOTCONN EACCES; do
    rm -rf b
    fails_with "$eno" a/small "$ZCSYNC" push --fsync=none a b
    left_out "$eno" small b "on one machine"
done

# A mirror goes on; the file follows when it can be read.
rm -rf b
mirror_as=(strace -D -f -qq -o /dev/null -P "$T/a/large"
    -e inject=pread64,read,sendfile,splice:error=ENOTCONN:when=1..2)
start_mirror --fsync=none a b
becomes_equal 20 a b "a mirror tries again"
nok "with the same connection" grep -q 'connection' "$mirror_log.err"
echo more >a/more
becomes_equal 20 a b "and lives"
done_testing
