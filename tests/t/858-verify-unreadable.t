#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What verify cannot read, at either end, is named, and is neither equal nor
# different; what goes meanwhile is no damage.
. "$(dirname "$0")/lib.sh"
. "$here/lib-damage.sh"

need strace
need_no_sanitizers "cannot be traced with them"
cd "$T" || exit 1
mkdir a
for name in first big last; do random_bytes 5000000 >"a/$name"; done
for name in small tiny; do random_bytes 300 >"a/$name"; done
pushes "made" --fsync=none a b
serve_as=(strace -D -f -qq -o /dev/null -P "$T/b/big" -P "$T/b/small"
    -e inject=pread64:error=EIO)
start_serve --readable s="$T/b"
serve_as=()
at=zcsync://$addr/s

# with FILE CALL:FAULT VERIFY-OPTION...: on that file that call fails, or is late
with() { run strace -D -f -qq -o /dev/null -P "$T/$1" -e inject="$2" "$ZCSYNC" verify "${@:3}"; }

unread() # FILE: is the one that is named
{
    is "$rc" 23 "unreadable $1: the exit code"
    like "$err" "^zcsync: ($T/)?$1: could not read it: Input/output error\$" "it is named"
    is "$(wc -l <<<"$err")" 1 "in one line"
    is "$out" "" "and it is not told to differ"
}
for file in big small; do
    with "a/$file" pread64:error=EIO a b
    unread "a/$file"
    with "b/$file" pread64:error=EIO a b
    unread "b/$file"
done
for places in "a $at" "$at a"; do
    # shellcheck disable=SC2086
    run "$ZCSYNC" verify $places
    is "$rc" 23 "verify $places"
    is "$(sort <<<"$err")" "zcsync: $at/big: could not read it: Input/output error
zcsync: $at/small: could not read it: Input/output error" "names what the host cannot read"
done
damage b/first
with a/big pread64:error=EIO a b
is "$rc" 23 "one that differs, and one that cannot be read"
like "$out" '^.fc\.\.\.\.\.\.\.\. first$' "are both told"

# What cannot be read at DEST is replaced, at SRC it is kept.
inode=$(stat -c %i b/big)
with b/big pread64:error=EIO:when=1 --repair a b
is "$rc" 0 "a repair replaces what cannot be read"
ok "whole" [ "$(stat -c %i b/big)" != "$inode" ]
ok "with what SRC has" same_tree a b
echo >>b/small
with a/big pread64,read,sendfile,splice:error=EIO --repair a b
is "$rc" 23 "what cannot be read at SRC"
like "$err" 'a/big: could not read it' "is named"
ok "is left as it is at DEST, and the rest is repaired" same_tree a b

# ---- meanwhile -------------------------------------------------------------------

# while_read COMMAND...: it is done while DEST's file is being read, before SRC's is
while_read()
{
    local pid
    background slow strace -D -f -qq -o "$T/log/calls" -P "$T/b/big" \
        -e trace=pread64 -e inject=pread64:delay_exit=20000 "$ZCSYNC" verify a b
    wait_until 20 grep -q pread64 "$T/log/calls"
    "$@"
    reap "$pid" 30
    err=$(cat "$T/log/slow.err") out=$(grep -v "\./" "$T/log/slow.out")
    rm -f "$T/log/calls"
}
cp -a a kept
while_read rm a/big
is "$rc" 24 "gone meanwhile"
like "$err" 'a/big: vanished' "is said to have gone"
is "$out" "" "and is no difference"
cp -a kept/big a/big
while_read truncate -s 4000000 a/big
is "$rc" 1 "shorter meanwhile"
is "$out" "<fcst...... big" "has another size and time, too: it is no damage"
cp -a kept/big a/big
while_read truncate -s 4000000 b/big
is "$rc" 1 "shorter at DEST"
is "$out$err" "<fc........ big" "is different, not unreadable"
cp -a kept/big b/big
while_read mv b/big b/gone
like "$rc" '^[01]$' "moved away there"
is "$err" "" "is no trouble"
done_testing
