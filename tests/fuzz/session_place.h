/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where fuzz_session works: a directory of its own with
 *
 *     share/    what a hostile sender writes to, with symlinks that lead out of it
 *     src/      what a hostile receiver is sent
 *     outside/  what is nobody's
 *
 * share is made anew for each input. The other two are not, and have to be as they
 * were, down to the last change of an inode. tests/tools/record-sessions.pl makes the
 * same trees.
 */
#ifndef ZC_FUZZ_SESSION_PLACE_H
#define ZC_FUZZ_SESSION_PLACE_H

#include "base/log.h"
#include "fs/remove.h"

#include <dirent.h>
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define PLACE_TIME 1700000000
#define PLACE_BIG (300 * 1024) /* with a hole between its first and last block */

static char place_path[256], place_in_share[280], place_in_src[280];
static int place_fd = -1;
static uint64_t place_was; /* what place_look said at first */

static inline void place_must(bool done, const char *what)
{
    if (!done) {
        perror(what);
        abort();
    }
}

/* A file of TEXT, or of PLACE_BIG bytes that repeat it; as old as that. */
static inline void place_file(int dirfd, const char *name, const char *text,
                              bool big, time_t when)
{
    char block[4096];
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0644);
    place_must(fd >= 0, name);
    size_t n = strlen(text), size = big ? sizeof block : n;
    for (size_t i = 0; i < sizeof block; i++)
        block[i] = text[i % n];
    place_must(pwrite(fd, block, size, 0) == (ssize_t)size, name);
    if (big)
        place_must(pwrite(fd, block, size, PLACE_BIG - sizeof block) ==
                       (ssize_t)size, name);
    struct timespec times[2] = {{when, 0}, {when, 0}};
    place_must(futimens(fd, times) == 0, name);
    close(fd);
}

static inline int place_dir(int at, const char *name)
{
    place_must(mkdirat(at, name, 0755) == 0, name);
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place_must(fd >= 0, name);
    return fd;
}

static inline void place_share(void)
{
    const struct zc_remove_ops ops = {.unseal = true};
    place_must(zc_remove_tree(place_fd, "share", "share", &ops) == 0, "share");
    int fd = place_dir(place_fd, "share");
    place_file(fd, "kept", "kept\n", false, PLACE_TIME - 9);
    place_file(fd, "big", "as it was ", true, PLACE_TIME - 9);
    place_must(symlinkat("../outside", fd, "planted") == 0, "planted");
    place_must(symlinkat("real", fd, "inner") == 0, "inner");
    int real = place_dir(fd, "real");
    place_file(real, "f", "real\n", false, PLACE_TIME - 9);
    close(real);
    close(fd);
}

static inline void place_src(void)
{
    int fd = place_dir(place_fd, "src");
    place_file(fd, "big", "as it is now ", true, PLACE_TIME);
    place_file(fd, "kept", "changed\n", false, PLACE_TIME);
    place_file(fd, "small", "small\n", false, PLACE_TIME);
    place_must(linkat(fd, "small", fd, "small too", 0) == 0, "small too");
    place_must(symlinkat("small", fd, "link") == 0, "link");
    int dir = place_dir(fd, "dir");
    place_file(dir, "inside", "inside\n", false, PLACE_TIME);
    close(dir);
    close(fd);
}

/* A number for all that there is at NAME in AT, but its times of access. */
static inline uint64_t place_look(int at, const char *name)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW))
        return 1;
    uint64_t sum = st.st_ino;
    const uint64_t of[] = {st.st_mode, st.st_uid, st.st_gid, st.st_nlink,
                           (uint64_t)st.st_size, (uint64_t)st.st_ctim.tv_sec,
                           (uint64_t)st.st_ctim.tv_nsec};
    for (size_t i = 0; i < ZC_ARRAY_LEN(of); i++)
        sum = (sum ^ of[i]) * 0x9e3779b97f4a7c15;
    if (!S_ISDIR(st.st_mode))
        return sum;
    int fd = openat(at, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            sum += place_look(fd, e->d_name); /* in whatever order */
    if (d)
        closedir(d);
    return sum;
}

static inline uint64_t place_all(void)
{
    return place_look(place_fd, "src") * 3 + place_look(place_fd, "outside");
}

/* Nothing but share has changed, nor is there anything new. */
static inline bool place_untouched(void)
{
    DIR *d = opendir(place_path);
    unsigned n = 0;
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        n++;
    if (d)
        closedir(d);
    return n == 5 && place_all() == place_was;
}

static inline void place_remove(void)
{
    static const char *const all[] = {"share", "src", "outside"};
    const struct zc_remove_ops ops = {.unseal = true};
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
        (void)zc_remove_tree(place_fd, all[i], all[i], &ops);
    rmdir(place_path);
}

/* In memory where that can be: much is made and removed. The process is as one of
 * zcsync's own. */
static inline void place_make(void)
{
    signal(SIGPIPE, SIG_IGN);
    umask(022);
    zc_log_level = ZC_LOG_ERROR;
    const char *tmp = getenv("TMPDIR");
    if (!tmp)
        tmp = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";
    snprintf(place_path, sizeof place_path, "%s/zcsync-fuzz-XXXXXX", tmp);
    place_must(mkdtemp(place_path) != NULL, place_path);
    snprintf(place_in_share, sizeof place_in_share, "%s/share", place_path);
    snprintf(place_in_src, sizeof place_in_src, "%s/src", place_path);
    place_fd = open(place_path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    place_must(place_fd >= 0, place_path);
    atexit(place_remove);
    place_src();
    int fd = place_dir(place_fd, "outside");
    place_file(fd, "f", "not yours\n", false, PLACE_TIME);
    close(fd);
    place_was = place_all();
}

#endif
