# SPDX-License-Identifier: GPL-2.0-or-later
# shellcheck shell=bash disable=SC2154
#
# For scenarios with file systems of their own; sourced after lib.sh.

need_mounts()
{
    need_root
    mkdir -p "$T/probe"
    mount -t tmpfs probe "$T/probe" 2>/dev/null || skip_all "cannot mount"
    umount "$T/probe"
}

declare -a mounted=()

mount_at() # MOUNT-OPTIONS... DIR
{
    local dir=${!#}
    mkdir -p "$dir"
    mount "$@" 2>"$T/log/mount" || return 1
    mounted+=("$(realpath "$dir")")
}

# make_fs ext4|xfs|btrfs|tmpfs DIR [MIB] [MKFS-OPTION...]: a fresh file system
# there, on a loop image in $T.
make_fs()
{
    local type=$1 dir=$2 mib=${3:-400} image
    shift $(($# < 3 ? $# : 3))
    if [ "$type" = tmpfs ]; then
        mount_at -t tmpfs -o "size=${mib}m" tmpfs "$dir"
        return
    fi
    command -v "mkfs.$type" >/dev/null || return 1
    image=$(mktemp "$T/image.XXXXXX")
    truncate -s "${mib}M" "$image"
    # what a big ext4 has by default
    [ "$type" = ext4 ] && set -- -b 4096 -I 256 "$@"
    "mkfs.$type" -q "$@" "$image" >/dev/null 2>&1 || return 1
    mount_at -o loop "$image" "$dir" || return 1
    chmod 755 "$dir"
    # mkfs.ext4 leaves a lost+found, which is not ours to mirror or delete
    [ -d "$dir/lost+found" ] && rmdir "$dir/lost+found"
    return 0
}

unmount_all()
{
    local i
    for ((i = ${#mounted[@]} - 1; i >= 0; i--)); do
        umount "${mounted[i]}" || umount -l "${mounted[i]}"
    done 2>/dev/null
}
at_exit+=(unmount_all)
