#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-or-later
# What is made in a new directory between the moment in which it is opened and the
# one in which it is watched is mirrored, and so is all that comes later in it. On
# btrfs an open directory shows what was in it when it was opened.
. "$(dirname "$0")/lib.sh"
. "$here/lib-mirror.sh"
. "$here/lib-mount.sh"

need_mirror
need_no_sanitizers "the sanitizers want to be loaded first"
cd "$T" || exit
cat >late.c <<'E2'
/* Whoever is about to watch a directory called "late..." finds that it was just
 * then that somebody made another one in it. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/inotify.h>
#include <sys/stat.h>
#include <unistd.h>

int inotify_add_watch(int fd, const char *path, uint32_t mask)
{
    char at[4096], inner[4200];
    ssize_t n = readlink(path, at, sizeof at - 1);
    at[n < 0 ? 0 : n] = '\0';
    const char *name = strrchr(at, '/');
    if (name && !strncmp(name, "/late", 5)) {
        snprintf(inner, sizeof inner, "%s/in", at);
        if (mkdir(inner, 0755) == 0) {
            snprintf(inner, sizeof inner, "%s/in/deep", at);
            mkdir(inner, 0755);
        }
    }
    return ((__typeof__(&inotify_add_watch))dlsym(
        RTLD_NEXT, "inotify_add_watch"))(fd, path, mask);
}
E2
# shellcheck disable=SC2086 # CC may be two words
${CC:-cc} -shared -fPIC -o late.so late.c 2>log/cc ||
    skip_all "cannot compile what is preloaded"

here_too() # NAME DIR
{
    mkdir -p "$2/src/late-first" || return
    mirror_as=(env LD_PRELOAD="$T/late.so")
    start_mirror --fsync=none --watch=inotify "$2/src" "$T/$1-copy"
    mirror_as=()
    ok "$1: at first" mirrored "$2/src" "$T/$1-copy"
    mkdir "$2/src/late" "$2/src/late-too"
    ok "$1: new directories" wait_until 10 test -d "$T/$1-copy/late/in/deep"
    for dir in late late-too late-first; do
        ok "$1: what is in $dir" wait_until 10 test -d "$2/src/$dir/in/deep"
        echo in >"$2/src/$dir/in/file" && echo deep >"$2/src/$dir/in/deep/file"
    done
    ok "$1: and comes later" mirrored "$2/src" "$T/$1-copy"
    mv "$2/src/late/in/deep" "$2/src/late-too/moved"
    echo more >>"$2/src/late-too/moved/file"
    ok "$1: or is moved" mirrored "$2/src" "$T/$1-copy"
    stop_mirror
    is "$rc" 0 "$1: it ends well"
}

here_too "here" "$T"
if [ "$(id -u)" = 0 ] && make_fs btrfs disk 200; then
    here_too btrfs "$T/disk"
else
    skip 8 "no btrfs here"
fi
done_testing
