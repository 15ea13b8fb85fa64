#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Mirrors with the source on ext4, xfs, btrfs and tmpfs, and the copy on another
# of them, all under churn.
. "$(dirname "$0")/lib.sh"
. "$here/lib-churn.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_no_sanitizers "takes long with sanitizers"
need_mounts
need_tools churn witness
types=()
for type in ext4 xfs btrfs tmpfs; do
    if make_fs $type "$T/$type" 400; then
        types+=("$type")
        mkdir "$T/$type/a" "$T/$type/b"
    else
        skip 1 "cannot make a file system of type $type"
    fi
done
n=${#types[@]}
[ "$n" -gt 0 ] || done_testing
declare -a pids=() logs=()
for ((i = 0; i < n; i++)); do
    to=${types[(i + 1) % n]}
    start_mirror --fsync=none "$T/${types[i]}/a" "$T/$to/b"
    pids+=("$mirror_pid") logs+=("$mirror_log")
done
for ((i = 0; i < n; i++)); do
    to=${types[(i + 1) % n]}
    mirror_log=${logs[i]}
    ok "${types[i]} to $to comes up" shows_up 20 "$T/${types[i]}/a" "$T/$to/b"
    start_witness "$T/$to/b"
done
declare -a churns=()
for type in "${types[@]}"; do
    start_churn "$T/$type/a" "$(soak_seconds 4)" --rate 200 --entries 400
    churns+=("$churn_pid")
done
for churn_pid in "${churns[@]}"; do
    churn_ends 60
done
for ((i = 0; i < n; i++)); do
    to=${types[(i + 1) % n]}
    mirror_log=${logs[i]}
    becomes_equal 60 "$T/${types[i]}/a" "$T/$to/b" "${types[i]} to $to: equal"
done
witnesses_saw_whole_files
for mirror_pid in "${pids[@]}"; do
    stop_mirror
    like "$rc" "^(0|20)$" "a mirror ends when told to"
done
for type in "${types[@]}"; do
    ok "no staging folder left on $type" no_litter_soon "$T/$type/b"
done
done_testing
