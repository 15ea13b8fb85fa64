#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# --fileflags: the flags of chattr and project ids go along; what is immutable or
# append-only is changed, replaced and deleted all the same, and sealed again.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_mounts
need lsattr chattr

flags() { (cd "$1" && lsattr -Rp . | LC_ALL=C sort); }
# in letters that mean the same everywhere
carried() { flags "$1" | awk '{gsub("[^acdijmuACDPST]", "", $2); print}'; }
unseal_all() { chattr -R -f -ia "$T"; }
at_exit+=(unseal_all)

touch "$T/probe.file"
chattr +i "$T/probe.file" 2>/dev/null || skip_all "no chattr +i here"
chattr -i "$T/probe.file"

fill() # DIR
{
    mkdir -p "$1/d" "$1/e" "$1/p/q"
    for f in plain nodump sealed log d/x; do
        echo "$f" >"$1/$f"
    done
    head -c 300000 /dev/urandom >"$1/big"
    ln "$1/d/x" "$1/d/y"
    ln -s plain "$1/l"
    chattr +d "$1/nodump"
    chattr +A "$1/e"
    chattr +i "$1/big"
    chattr +a "$1/log"
    chattr +i "$1/sealed" "$1/d/x"
    chattr +i "$1/d"
}

change() # DIR
{
    chattr -i "$1/sealed" "$1/d" "$1/d/x" "$1/big"
    chattr -a "$1/log"
    echo more >>"$1/sealed"
    rm "$1/d/x" "$1/log"
    echo z >"$1/d/z"
    mkdir "$1/log"
    echo in >"$1/log/in"
    chattr -d "$1/nodump"
    chattr +d "$1/plain"
    chown 1000 "$1/d/y"
    rm "$1/big"
    chattr +i "$1/sealed" "$1/d/z" "$1/d" "$1/log/in"
    chattr +a "$1/log"
}

exercise() # NAME A B DEST-FOR-PUSH
{
    local a=$2 b=$3 to=$4
    fill "$a"
    pushes "$1: push" --fileflags "$a" "$to"
    is "$(carried "$b")" "$(carried "$a")" "$1: flags are the same"
    push -i --fileflags "$a" "$to"
    is "$rc:$out" "0:" "$1: nothing is left to do"
    change "$a"
    push -n -i --fileflags "$a" "$to"
    like "$out" $'x nodump\n' "$1: a dry run tells of flags"
    pushes "$1: changes of what is sealed" --fileflags --delete "$a" "$to"
    is "$(carried "$b")" "$(carried "$a")" "$1: flags are the same again"
    ok "$1: all else, too" same_tree "$a" "$b"
    push -i --fileflags --delete "$a" "$to"
    is "$rc:$out" "0:" "$1: nothing is left to do"
    chattr -i "$a/d" "$a/d/z" "$a/log/in"
    chattr -a "$a/log"
    rm -r "$a/d" "$a/log"
    echo file >"$a/d"
    pushes "$1: sealed trees are replaced and deleted" --fileflags --delete \
        "$a" "$to"
    ok "$1: equal" same_tree "$a" "$b"
    is "$(find "$b" -name '.zcsync*')" "" "$1: nothing stays behind"
}

mkdir "$T/a" "$T/b"
exercise "here" "$T/a" "$T/b" "$T/b"

# Without it, flags are not looked at, and those of DEST are left alone.
chattr +i "$T/b/plain"
echo longer >>"$T/a/plain"
push_exits 23 "without it an immutable file is trouble" "$T/a" "$T/b"
like "$err" "plain" "and named"
pushes "with it it is replaced" --fileflags "$T/a" "$T/b"
ok "and equal" cmp "$T/a/plain" "$T/b/plain"

if make_fs xfs "$T/xfs" 320 && command -v xfs_io >/dev/null; then
    a=$T/xfs/a b=$T/xfs/b
    mkdir -p "$a" "$b"
    start_serve s="$b"
    fill "$a"
    xfs_io -c "chproj 11" -c "chattr +P" "$a/p"
    xfs_io -c "chproj 12" -c "chattr +P" "$a/p/q"
    echo 1 >"$a/p/1"
    echo 2 >"$a/p/q/2"
    pushes "projects, to a server" --fileflags "$a" "zcsync://$addr/s"
    is "$(flags "$b")" "$(flags "$a")" "are the same"
    xfs_io -c "chproj 13" "$a/p/1"
    mkdir "$a/p/q/new"
    echo 3 >"$a/p/q/new/3"
    echo longer >>"$a/p/q/2"
    pushes "another id, and new files" --fileflags "$a" "zcsync://$addr/s"
    is "$(flags "$b")" "$(flags "$a")" "are the same"
    push -i --fileflags "$a" "zcsync://$addr/s"
    is "$rc:$out" "0:" "and nothing is left to do"
    stop_serve
else
    skip 7 "cannot make an xfs with projects"
fi

if make_fs btrfs "$T/btrfs" 300; then
    a=$T/btrfs/a b=$T/btrfs/b
    mkdir -p "$a/cow" "$a/not"
    chattr +C "$a/not"
    head -c 300000 /dev/urandom >"$a/not/big"
    echo small >"$a/not/small"
    cp "$a/not/small" "$a/cow/f"
    pushes "no copy on write" --fileflags "$a" "$b"
    is "$(carried "$b")" "$(carried "$a")" "goes along"
    rm "$a/cow/f"
    touch "$a/cow/f"
    chattr +C "$a/cow/f"
    cat "$a/not/small" >"$a/cow/f"
    touch -r "$b/cow/f" "$a/cow/f"
    pushes "for a file that has bytes already" --fileflags "$a" "$b"
    is "$(carried "$b")" "$(carried "$a")" "it is made anew"
else
    skip 4 "cannot make a btrfs"
fi

# Where there are none, that is said once for each kind.
if make_fs tmpfs "$T/tmpfs" 50 &&
    mkfs.vfat -C "$T/vfat.img" 40000 >/dev/null 2>&1 &&
    mount_at -o loop "$T/vfat.img" "$T/vfat"; then
    mkdir "$T/some"
    for i in 1 2 3; do
        echo $i >"$T/some/$i"
        chattr +d "$T/some/$i"
    done
    push --fileflags --no-owner --no-group --no-perms --no-times "$T/some" \
        "$T/vfat"
    is "$rc" 23 "a file system that has no flags"
    like "$err" "flags" "is told"
    is "$(grep -c . "$T/log/err.$runs")" 1 "once"
else
    skip 3 "cannot make a vfat"
fi

# A mirror does not hear of chattr, but has it with everything it does hear of.
mkdir "$T/m" "$T/n"
echo one >"$T/m/f"
start_mirror --fileflags --fsync=none "$T/m" "$T/n"
ok "a mirror comes up" wait_until 20 cmp "$T/m/f" "$T/n/f"
echo two >"$T/m/f"
chattr +d "$T/m/f"
chattr +i "$T/m/f"
sealed() { [[ $(lsattr "$1" | cut -d' ' -f1) == *i*d* ]]; }
ok "live, as far as can be seen" wait_until 20 cmp "$T/m/f" "$T/n/f"
chattr -i "$T/m/f"
echo three >"$T/m/f"
chattr +i "$T/m/f"
ok "a sealed file is replaced" wait_until 20 cmp "$T/m/f" "$T/n/f"
stop_mirror
pushes "a push afterwards" --fileflags "$T/m" "$T/n"
ok "has them all" sealed "$T/n/f"
done_testing
