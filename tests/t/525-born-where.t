#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# New files, directories and all else take what the directory they come to passes
# on: project ids, encryption policies, no copy on write, compression; and where
# it lets nothing in that was made elsewhere, nothing is lost for that.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_mounts
need lsattr chattr

no_nests() { [ -z "$(find "$1" -name '.zcsync*')" ]; }

# Every kind of entry, for a directory of its own
make_source() # DIR
{
    mkdir -p "$1/p/sub/deep" "$1/p/empty" "$1/plain"
    echo f >"$1/p/f"
    head -c 400000 /dev/urandom >"$1/p/big"
    truncate -s 300000 "$1/p/hole"
    ln "$1/p/f" "$1/p/link"
    ln -s f "$1/p/symlink"
    mkfifo "$1/p/fifo"
    echo g >"$1/p/sub/g"
    echo h >"$1/p/sub/deep/h"
    echo i >"$1/plain/i"
}

# What is there already is replaced by something of another kind, and changed
churn_source() # DIR
{
    echo longer >>"$1/p/f"
    head -c 500000 /dev/urandom >"$1/p/big"
    rm "$1/p/fifo" "$1/p/symlink"
    mkdir "$1/p/fifo"
    echo in >"$1/p/fifo/in"
    echo file >"$1/p/symlink"
    rm -r "$1/p/empty"
    ln -s p/f "$1/p/empty"
    mkdir "$1/p/sub/new"
    echo new >"$1/p/sub/new/file"
    ln "$1/p/sub/g" "$1/p/sub/linked"
}

# A push into DEST, whose p passes something on, another, and a mirror.
exercise() # NAME DEST
{
    local a=$T/src.$runs b=$2
    make_source "$a"
    pushes "$1: push" "$a" "$b"
    ok "$1: equal" same_tree "$a" "$b"
    ok "$1: no folder stays behind" no_nests "$b"
    churn_source "$a"
    pushes "$1: push of changes" --delete "$a" "$b"
    ok "$1: equal again" same_tree "$a" "$b"
    push -i "$a" "$b"
    is "$out" "" "$1: nothing is left to do"
    start_mirror --fsync=none "$a" "$b"
    ok "$1: a mirror comes up" shows_up 20 "$a" "$b"
    echo live >"$a/p/live"
    mkdir -p "$a/p/one/two"
    echo 3 >"$a/p/one/two/three"
    mv "$a/p/big" "$a/p/sub/big"
    rm "$a/p/hole"
    becomes_equal 20 "$a" "$b" "$1: live"
    stop_mirror
    ok "$1: nothing stays behind" no_nests "$b"
}

all_have() # NAME DIR LETTER: of lsattr, but symlinks and fifos
{
    local bad
    bad=$(find "$2" \( -type f -o -type d \) -exec lsattr -d {} + |
        awk -v l="$3" '$1 !~ l')
    is "$bad" "" "$1"
}

project() { lsattr -pd "$1" | awk '{print $1}'; }

if make_fs xfs "$T/xfs" 320 && command -v xfs_io >/dev/null; then
    B=$T/xfs/home
    mkdir -p "$B/p" "$B/plain"
    xfs_io -c "chproj 11" -c "chattr +P" "$B/p"
    exercise "a project of xfs" "$B"
    is "$(find "$B/p" ! -type l ! -type p -exec lsattr -pd {} + |
        awk '$1 != 11')" "" "all in it has its id"
    is "$(project "$B/plain/i")" 0 "what is not in it has not"
    # An overlay does not tell, but refuses all the same.
    mkdir -p "$T/xfs/low/p" "$T/xfs/up/p" "$T/xfs/work"
    xfs_io -c "chproj 12" -c "chattr +P" "$T/xfs/up/p"
    if mount_at -t overlay -o \
        "lowerdir=$T/xfs/low,upperdir=$T/xfs/up,workdir=$T/xfs/work" \
        overlay "$T/overlay"; then
        make_source "$T/over"
        push "$T/over" "$T/overlay"
        if [ "$rc" = 0 ]; then
            ok "an overlay over a project: equal" same_tree "$T/over" "$T/overlay"
            is "$(project "$T/xfs/up/p/f")" 12 "with the id of the project"
            ok "nothing stays behind" no_nests "$T/overlay"
        else
            skip 3 "this overlay cannot: ${err:0:200}"
        fi
    else
        skip 3 "cannot mount an overlay"
    fi
else
    skip 22 "cannot make an xfs with projects"
fi

# An encryption policy, set as fscrypt(8) does.
cat >"$T/fscrypt" <<'EOF'
my ($dir) = @ARGV;
opendir my $d, $dir or die "$dir: $!";
my $key = pack "L L x32 L L x32 a64", 2, 0, 64, 0, "k" x 64;
ioctl $d, 0xc0506617, $key or die "FS_IOC_ADD_ENCRYPTION_KEY: $!";
my $id = substr $key, 8, 16;
my $policy = pack "C C C C C x3 a16", 2, 1, 4, 3, 0, $id;
ioctl $d, 0x800c6613, $policy or die "FS_IOC_SET_ENCRYPTION_POLICY: $!";
EOF
if make_fs ext4 "$T/crypt" 64 -O encrypt && mkdir -p "$T/crypt/b/p" &&
    perl "$T/fscrypt" "$T/crypt/b/p" 2>"$T/log/fscrypt"; then
    exercise "an encrypted directory" "$T/crypt/b"
    all_have "all in it is encrypted" "$T/crypt/b/p" E
else
    skip 10 "no encryption here: $(cat "$T/log/fscrypt" 2>/dev/null)"
fi

if make_fs btrfs "$T/btrfs" 300; then
    B=$T/btrfs/b
    mkdir -p "$B/p"
    chattr +C "$B/p"
    exercise "chattr +C" "$B"
    all_have "nothing in it is copied on write" "$B/p" C
    is "$(lsattr -d "$B/plain/i" | cut -d' ' -f1 | tr -d -)" "" \
        "all else is"
else
    skip 11 "cannot make a btrfs"
fi
done_testing
