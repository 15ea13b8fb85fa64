#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# .zcsync is the staging folder's name in the root of a share and in the roots of
# mounts below it; anywhere else it is a name like any other.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"

cd "$T" || exit
mkdir -p a/sub/.zcsync/deep a/other share
echo one >a/sub/.zcsync/one
echo two >a/sub/.zcsync/deep/two
echo file >a/other/.zcsync
pushes "a push" a b
ok "takes it along" same_tree a b
start_serve s="$T/share"
mkdir share/sub
pushes "into one below a share" a/sub/.zcsync "zcsync://$addr/s/sub/.zcsync/"
ok "it is there" same_tree a/sub/.zcsync share/sub/.zcsync
push_exits 3 "but not into that of the share" a/sub "zcsync://$addr/s/.zcsync/x"
one_sentence 'reserved' "which is reserved"
rm -r share/sub

backends=(inotify)
can_fanotify . && backends+=(fanotify)
for backend in "${backends[@]}"; do
    start_mirror --watch="$backend" a "zcsync://$addr/s"
    ok "$backend: at first" mirrored a share
    echo more >a/sub/.zcsync/more
    echo changed >a/sub/.zcsync/deep/two
    ok "changes in it follow" mirrored a share
    mkdir a/new && mkdir a/new/.zcsync && echo x >a/new/.zcsync/x
    ok "a new one" mirrored a share
    mv a/new/.zcsync a/new/plain && mv a/sub/.zcsync/deep a/new/.zcsync
    ok "renames" mirrored a share
    rm -r a/sub/.zcsync && mkdir a/sub/.zcsync && echo y >a/sub/.zcsync/y
    ok "made anew" mirrored a share
    rm -r a/new && mkdir -p a/sub/.zcsync/deep && echo two >a/sub/.zcsync/deep/two
    ok "removed" mirrored a share
    nok "with one connection" grep -E 'lost|closed|refused|nonsense' \
        "$mirror_log.err"
    stop_mirror
done

# Where the destination has a mount, the name is its staging folder's.
if [ "$(id -u)" = 0 ] && unshare -m true 2>/dev/null; then
    mkdir -p c/sub
    # shellcheck disable=SC2016 # for the inner shell
    run unshare -m bash -c '
        mount -t tmpfs none c/sub || exit 77
        "$1" push a c
        echo "rc $?"
        find c/sub -mindepth 1 | sort
        mkdir -p m/in && mount -t tmpfs none m/in && mkdir m/in/.zcsync m/in/d &&
            mkdir m/in/d/.zcsync && echo z >m/in/d/.zcsync/z
        "$1" push m d
        echo "rc $?"
        find d -mindepth 1 | sort' - "$ZCSYNC"
    if [ "$rc" = 77 ]; then
        skip 3 "no tmpfs here"
    else
        like "$out" '^rc 23' "where it is one, the entry is left out"
        like "$err" 'sub/.zcsync: could not take it: .zcsync is the name' \
            "and named"
        like "$out" $'rc 0\nd/in\nd/in/d\nd/in/d/.zcsync\nd/in/d/.zcsync/z' \
            "a mount of the source has one at its top, and only there"
    fi
else
    skip 3 "needs root and a mount namespace"
fi
done_testing
