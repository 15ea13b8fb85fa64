#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Who may write only into a subdirectory of the destination writes there.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

need_mirror
need_nobody

mkdir -p "$T/a/mine/sub" "$T/a/mine/old" "$T/b/mine/old"
echo f >"$T/a/mine/f"
head -c 300000 /dev/urandom >"$T/a/mine/big"
echo g >"$T/a/mine/sub/g"
ln -s f "$T/a/mine/l"
echo new >"$T/a/mine/old/f"
echo older >"$T/b/mine/old/f"
chown -R nobody "$T/a/mine" "$T/b/mine"
touch -r "$T/a" "$T/b"

as_nobody() { run "${nobody[@]}" "$ZCSYNC" "$@"; }

as_nobody push --no-owner --no-group "$T/a" "$T/b"
is "$rc" 0 "a push by one who may not write at the top: ${err:0:300}"
is "$(rsync -rlptn -ic "$T/a/" "$T/b/")" "" "all is there"
is "$(find "$T/b" -name '.zcsync*')" "" "no folder stays behind"

# A directory of one's own that is not writable either is made so for a moment.
echo more >>"$T/a/mine/old/f"
chmod 555 "$T/a/mine/old" "$T/b/mine/old"
as_nobody push --no-owner --no-group "$T/a" "$T/b"
is "$rc" 0 "into a directory of mode 555 of one's own: ${err:0:300}"
is "$(rsync -rlptn -ic "$T/a/" "$T/b/")" "" "all is there, modes too"

# Where nothing may be written, that is said, and nothing else is held up.
mkdir "$T/a/theirs" "$T/b/theirs"
echo x >"$T/a/theirs/x"
echo y >"$T/a/mine/y"
touch -r "$T/a" "$T/b"
touch -r "$T/a/theirs" "$T/b/theirs"
as_nobody push --no-owner --no-group "$T/a" "$T/b"
is "$rc" 23 "what may not be written makes it 23"
like "$err" "theirs/x" "and is named"
ok "all else is done" cmp "$T/a/mine/y" "$T/b/mine/y"
rm -r "$T/a/theirs" "$T/b/theirs"

# An immutable top.
if chattr +i "$T/b" 2>/dev/null; then
    at_exit+=(unlock)
    unlock() { chattr -i "$T/b"; }
    echo z >"$T/a/mine/z"
    push "$T/a/mine" "$T/b/mine"
    is "$rc" 0 "below an immutable directory"
    echo zz >"$T/a/mine/z"
    push --no-times --no-owner "$T/a" "$T/b"
    is "$rc" 0 "and through it: ${err:0:300}"
    ok "all is there" cmp "$T/a/mine/z" "$T/b/mine/z"
    chattr -i "$T/b"
else
    skip 3 "no chattr +i here"
fi

mirror_as=("${nobody[@]}")
touch -r "$T/a" "$T/b"
start_mirror --no-owner --no-group "$T/a" "$T/b"
echo first >"$T/a/mine/f"
ok "a mirror" wait_until 20 cmp "$T/a/mine/f" "$T/b/mine/f"
echo live >"$T/a/mine/live"
mkdir "$T/a/mine/newdir"
echo deep >"$T/a/mine/newdir/deep"
ok "live" wait_until 20 cmp "$T/a/mine/newdir/deep" "$T/b/mine/newdir/deep"
ok "and a file" wait_until 20 cmp "$T/a/mine/live" "$T/b/mine/live"
stop_mirror
is "$(find "$T/b" -name '.zcsync*')" "" "no folder stays behind"
done_testing
