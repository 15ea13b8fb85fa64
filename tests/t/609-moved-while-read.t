#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# Directories trade places with their own parents while they are read: that is no
# file system loop, nothing is given up, and what is left over is deleted.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
need_no_sanitizers "takes long with sanitizers"

need_mirror
need python3
cd "$T" || exit
cat >storm.py <<'E2'
import os, random, sys, time
top, until = sys.argv[1], time.monotonic() + float(sys.argv[2])
random.seed(7)
def chain(i):
    return os.path.join(top, 'c%d' % i)
for i in range(8):
    os.makedirs(os.path.join(chain(i), *('d' * 12)))
n = 0
while time.monotonic() < until:
    n += 1
    p = chain(random.randrange(8))
    depth = random.randrange(1, 11)
    outer = os.path.join(p, *('d' * depth))
    inner = os.path.join(outer, 'd')
    aside = os.path.join(top, 'aside')
    try:
        os.rename(inner, aside)                    # x/d/d -> aside
        os.rename(outer, os.path.join(aside, 'o')) # x/d -> aside/o
        os.rename(aside, outer)                    # aside -> x/d
        os.rename(os.path.join(outer, 'o'), os.path.join(outer, 'e'))
        open(os.path.join(outer, 'f%d' % (n % 50)), 'w').close()
        deep = outer
        while os.path.isdir(os.path.join(deep, 'd')):
            deep = os.path.join(deep, 'd')
        os.rename(os.path.join(outer, 'e'), os.path.join(deep, 'd'))
    except OSError:
        pass
E2
watches=(inotify)
can_fanotify "$T" && watches+=(fanotify)
for watch in "${watches[@]}"; do
    mkdir "$watch"
    start_mirror --fsync=none --watch="$watch" "$watch" "$watch-copy"
    ok "$watch: at first" mirrored "$watch" "$watch-copy"
    python3 storm.py "$watch" 3
    ok "$watch: equal when it is over" mirrored "$watch" "$watch-copy"
    unlike "$(cat "$mirror_log.err")" 'loop' \
        "$watch: no loop is seen"
    stop_mirror
    is "$rc" 0 "$watch: it ends well"
done
done_testing
