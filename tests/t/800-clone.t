#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# On one btrfs or xfs a local push and a mirror clone big files: they share their
# blocks, and are equal in all else. Where that cannot be, or is not wanted, they
# are copied.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mount.sh"
. "$here/lib-sparse.sh"
. "$here/lib-mirror.sh"

need_mounts
need filefrag

# All extents of FILE are shared with another, or none.
shared() { filefrag -v "$1" | grep -q 'shared'; }
own()
{
    sync "$1"
    ! shared "$1"
}

fill()
{
    local dir=$1
    mkdir -p "$dir/sub"
    head -c 3000000 /dev/urandom >"$dir/big"
    head -c 262144 /dev/urandom >"$dir/inline"
    head -c 262145 /dev/urandom >"$dir/sub/least"
    head -c 1M /dev/urandom >"$dir/holes"
    truncate -s 20M "$dir/holes"
    head -c 1M /dev/urandom >>"$dir/holes"
    cp "$dir/big" "$dir/suid"
    chmod 6751 "$dir/suid"
    chown daemon:bin "$dir/suid" "$dir/sub/least"
    touch -d @1600000000.123456789 "$dir/suid"
    setfattr -n user.x -v y "$dir/big"
    ln "$dir/big" "$dir/sub/link"
    ln -s big "$dir/symlink"
    sync -f "$dir"
}

# A file that is whole when it gets its name.
appears()
{
    head -c 2M /dev/urandom >"${1%/*/*}/made"
    mv "${1%/*/*}/made" "$1"
}

tried=0
on() # FILE-SYSTEM
{
    local m=$T/$1 way
    make_fs "$1" "$m" 400 || {
        diag "no $1 here"
        return
    }
    fill "$m/a"
    pushes "$1: a push" -v "$m/a" "$m/b"
    shared "$m/b/big" || {
        diag "$1 shares nothing here: $err"
        return
    }
    tried=$((tried + 1))
    unlike "$err" 'blocks' "no word of it"
    ok "equal" same_tree "$m/a" "$m/b"
    ok "holes are kept" holes_kept "$m/a" "$m/b"
    ok "all big files share their blocks" \
        eval "shared '$m/b/holes' && shared '$m/b/suid' && shared '$m/b/sub/least'"

    before=$(sha256sum <"$m/b/big")
    echo changed | dd of="$m/a/big" conv=notrunc status=none
    is "$(sha256sum <"$m/b/big")" "$before" "a change at the source stays there"
    pushes "and comes with the next push" "$m/a" "$m/b"
    ok "equal again" same_tree "$m/a" "$m/b"
    ok "and shared again" shared "$m/b/big"

    for way in --no-clone --bwlimit=1G -S --inplace --append; do
        pushes "$way" "$way" "$m/a" "$m/c"
        ok "copies" own "$m/c/big"
        ok "which are equal" same_tree "$m/a" "$m/c"
        rm -r "$m/c"
    done

    # As much as nobody may have.
    chown -R nobody "$m/a"
    mkdir "$m/n"
    chown nobody "$m/n"
    runs_with 0 "as nobody" "${nobody[@]}" "$ZCSYNC" push "$m/a" "$m/n/d"
    ok "shares them, too" shared "$m/n/d/big"
    ok "and has no less in them" cmp "$m/a/holes" "$m/n/d/holes"

    start_mirror "$m/a" "$m/b"
    wait_until 20 looks_equal "$m/a" "$m/b"
    appears "$m/a/live"
    becomes_equal 20 "$m/a" "$m/b" "a mirror brings a new file"
    ok "and shares its blocks" shared "$m/b/live"
    stop_mirror
    start_mirror --no-clone "$m/a" "$m/b"
    wait_until 20 looks_equal "$m/a" "$m/b"
    appears "$m/a/live2"
    becomes_equal 20 "$m/a" "$m/b" "one with --no-clone, too"
    ok "and copies it" own "$m/b/live2"
    stop_mirror
    ok "nothing is left behind" no_litter "$m"
}
need_nobody
on btrfs
on xfs
[ "$tried" -gt 0 ] || skip_all "no file system here shares blocks"

# What must not be cloned by itself does not keep others from it.
if [ -d "$T/btrfs/b" ] && mkdir "$T/btrfs/e" && touch "$T/btrfs/e/nocow" &&
    chattr +C "$T/btrfs/e/nocow" 2>/dev/null; then
    for f in nocow 1 2 3; do head -c 1M /dev/urandom >>"$T/btrfs/e/$f"; done
    pushes "one file that is not copied on write" -v "$T/btrfs/e" "$T/btrfs/f"
    ok "equal" same_tree "$T/btrfs/e" "$T/btrfs/f"
    ok "the others share" eval "shared '$T/btrfs/f/1' && shared '$T/btrfs/f/3'"
else
    skip 3 "no btrfs with chattr +C"
fi

# Elsewhere it is said, once, and copied.
make_fs tmpfs "$T/elsewhere" 200
fill "$T/a"
pushes "to another file system" -v "$T/a" "$T/elsewhere/b"
like "$err" '(^|'$'\n'')zcsync: no blocks can be shared with the destination \(' "-v says so"
is "$(grep -c 'blocks' <<<"$err")" 1 "once"
ok "equal" same_tree "$T/a" "$T/elsewhere/b"
pushes "without -v" "$T/a" "$T/elsewhere/c"
is "$err" "" "not a word"
done_testing
