#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Big files that have to be read at the destination are put aside, with the rest
# of the list that they are in: nothing of it is lost, done twice or deleted.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-process.sh"

need_mirror
mkdir -p "$T/a/sub" "$T/share"
random_bytes 6000000 >"$T/6M"
names=(a0 b1 c2 d3 e4 f5)
for n in "${names[@]}"; do
    for d in "$T/a" "$T/a/sub"; do
        cp "$T/6M" "$d/$n.big"
        echo "$n" >"$d/$n.small"
        mkdir "$d/$n.dir"
        echo "$n" >"$d/$n.dir/file"
        ln "$d/$n.small" "$d/$n.hard"
    done
done
ln "$T/a/c2.big" "$T/a/sub/z.big"
start_serve s="$T/share"
for dest in "zcsync://$addr/s" "$T/b"; do
    dir=${dest/#zcsync*/$T/share}
    pushes "all of it" "$T/a" "$dest"
    # differences that only bytes tell, some names too many, some missing
    for n in b1 e4; do
        for d in "$dir" "$dir/sub"; do
            printf X | dd of="$d/$n.big" bs=1 seek=5999999 conv=notrunc status=none
            touch -r "$T/a/$n.big" "$d/$n.big"
            echo more >"$d/$n.extra"
            rm "$d/$n.small"
        done
    done
    run "$ZCSYNC" push -nic --delete "$T/a" "$dest"
    is "$rc" 0 "a dry run"
    is "$(grep -c '^[<>]f.*big$' <<<"$out")" 4 "tells of four big files"
    is "$(grep -c '^\*deleting' <<<"$out")" 4 "and of what will be deleted"
    kept=$(stat -c %i "$dir/a0.big" "$dir/sub/f5.big")
    pushes "by their bytes" -c --delete "$T/a" "$dest"
    ok "equal" same_tree "$T/a" "$dir"
    is "$(stat -c %i "$dir/a0.big" "$dir/sub/f5.big")" "$kept" "what was equal stayed"
done

# big and small ones in one round of a mirror
start_mirror --fsync=none "$T/a" "$T/b"
ok "a mirror comes up" shows_up 20 "$T/a" "$T/b"
watcher=$(watcher_of "$mirror_pid")
for round in 1 2 3; do
    kill -STOP "$watcher"
    for n in "${names[@]}"; do
        random_bytes 1000 | dd of="$T/a/$n.big" bs=1 seek=70000 conv=notrunc status=none
        random_bytes 1000 >>"$T/a/sub/$n.big"
        echo "$round" >"$T/a/$n.new.$round"
        echo "$round" >"$T/a/sub/$n.small"
    done
    mkdir "$T/a/dir.$round"
    echo "$round" >"$T/a/dir.$round/f"
    kill -CONT "$watcher"
    becomes_equal 20 "$T/a" "$T/b" "round $round"
done
stop_mirror
like "$rc" "^(0|20)$" "ends"
done_testing
