/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz_leftovers finds in share/.zcsync: made of the input, with the names that a
 * run looks out for, and others.
 */
#ifndef ZC_FUZZ_LEFTOVERS_H
#define ZC_FUZZ_LEFTOVERS_H

#include "session_place.h"

#include "base/hex.h"
#include "base/relpath.h"
#include "fs/partial.h"
#include "fs/staging.h"
#include "fs/trash.h"
#include "fs/unsynced.h"

#include <sys/file.h>

#define LEFT_RECORDS 24
#define LEFT_SESSION "0123456789abcdef0123456789abcdef"
#define LEFT_OTHER "fedcba9876543210fedcba9876543210"
#define LEFT_OLD "2020-01-02T03-04-05Z"
#define LEFT_IN "share/" ZC_STAGING_NAME

/* What .zcsync is. */
enum left_folder {
    LEFT_OURS,
    LEFT_THEIRS, /* another user's, where we are root */
    LEFT_FILE,
    LEFT_LINK,   /* to what is outside */
    LEFT_FOLDERS
};

/* Folders of .zcsync; the number of each is in a record. */
static const char *const left_where[] = {
    "", "/" ZC_PARTIALS, "/trash", "/" ZC_UNSYNCED, "/" LEFT_SESSION,
    "/" LEFT_SESSION "/1", "/trash/" LEFT_OLD, "/" LEFT_OTHER};

/* The name NUMBER, or the N bytes at RAW, as far as they can be one. */
static inline void left_name(uint8_t number, const uint8_t *raw, size_t n,
                             char out[ZC_NAME_MAX + 1])
{
    static const char *const all[] = {
        LEFT_SESSION, LEFT_OTHER, "." LEFT_SESSION, ZC_PARTIALS, "trash",
        ZC_UNSYNCED, LEFT_OLD, LEFT_OLD ".size", "2999-01-01T00-00-00Z",
        "2026-02-30T00-00-00Z", "0123456789ABCDEF0123456789ABCDEF",
        "0123456789abcdef0123456789abcde", "1", "big"};
    char key[ZC_PARTIAL_TMP_SIZE];
    size_t i = number % 20;
    memset(out, 0, ZC_NAME_MAX + 1);
    zc_partial_tmp("big", key);
    if (i < ZC_ARRAY_LEN(all)) {
        strcpy(out, all[i]);
    } else if (i < 16) {
        strcpy(out, key + (i == 14 ? 0 : 2));
    } else if (i == 16) {
        zc_trash_name(time(NULL) - number, out);
    } else {
        for (size_t k = 0; k < n && k < ZC_NAME_MAX && raw[k]; k++)
            out[k] = raw[k] == '/' ? '_' : (char)raw[k];
        if (!out[0] || !strcmp(out, ".") || !strcmp(out, ".."))
            strcpy(out, "...");
    }
}

static inline void left_put(int fd, const void *bytes, size_t n)
{
    if (fd >= 0 && n)
        (void)!write(fd, bytes, n);
}

/* A marker of ours, with a time of the input. */
static inline void left_put_mark(int fd, const uint8_t *p, size_t n)
{
    struct zc_unsynced_mark m = {.since = {n ? p[0] * INT64_C(10000000) : 0, 7}};
    char text[ZC_UNSYNCED_TEXT + 1];
    zc_unsynced_format(&m, text);
    left_put(fd, text, ZC_UNSYNCED_TEXT);
}

/* Makes NAME in AT: WHAT it is, of the N bytes at P. What cannot be made is not
 * there. */
static inline void left_one(unsigned what, int at, const char *name,
                            const uint8_t *p, size_t n)
{
    static const char *const targets[] = {"outside", "outside/f", "src/big",
                                          "share/kept"};
    char target[400];
    int fd = -1;
    if (what == 2) {
        (void)mkdirat(at, name, n && p[0] & 1 ? 0 : 0755);
    } else if (what == 3 || what == 7) {
        snprintf(target, sizeof target, "%s/%s", place_path,
                 targets[(n ? p[0] : 0) % ZC_ARRAY_LEN(targets)]);
        (void)symlinkat(what == 3 ? target : "1", at, name);
    } else if (what == 4) {
        (void)mkfifoat(at, name, 0600);
    } else {
        fd = openat(at, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC,
                    what == 5 ? 0 : 0600);
    }
    if (what == 6)
        left_put_mark(fd, p, n);
    else
        left_put(fd, p, n);
    if (what == 1 && fd >= 0) { /* the most of what is at the source */
        char block[4096];
        int src = openat(place_fd, "src/big", O_RDONLY | O_CLOEXEC);
        for (ssize_t got; (got = read(src, block, sizeof block)) > 0;)
            left_put(fd, block, (size_t)got);
        close(src);
    }
    zc_close(&fd);
}

/* The folder IN of .zcsync, made where it is not there: an fd, or -1, as where a
 * symlink leads elsewhere. */
static inline int left_in(const char *in)
{
    int at = openat(place_fd, LEFT_IN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    while (*in && at >= 0) {
        char name[40];
        size_t n = strcspn(++in, "/");
        snprintf(name, sizeof name, "%.*s", (int)n, in);
        (void)mkdirat(at, name, 0700);
        int next = openat(at, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW |
                                        O_CLOEXEC);
        close(at);
        at = next;
        in += n;
    }
    return at;
}

/* Reads the records. */
static inline void left_records(const uint8_t *data, size_t size)
{
    char name[ZC_NAME_MAX + 1];
    for (int i = 0; i < LEFT_RECORDS && size >= 3; i++) {
        size_t n = ZC_MIN((size_t)data[2], size - 3);
        int at = left_in(left_where[data[0] % ZC_ARRAY_LEN(left_where)]);
        left_name(data[1], data + 3, n, name);
        if (at >= 0)
            left_one(data[0] / ZC_ARRAY_LEN(left_where) % 8, at, name, data + 3,
                     n);
        zc_close(&at);
        data += 3 + n;
        size -= 3 + n;
    }
}

/* All of it. */
static inline enum left_folder left_make(uint8_t what, const uint8_t *data,
                                         size_t size)
{
    enum left_folder folder = what % 8 < LEFT_FOLDERS ? what % 8 : LEFT_OURS;
    if (folder == LEFT_THEIRS && geteuid() != 0)
        folder = LEFT_OURS;
    if (folder == LEFT_FILE) {
        left_one(0, place_fd, LEFT_IN, data, ZC_MIN(size, (size_t)9));
    } else if (folder == LEFT_LINK) {
        left_one(3, place_fd, LEFT_IN, (const uint8_t *)"", 1);
    } else {
        place_must(mkdirat(place_fd, LEFT_IN, 0700) == 0, LEFT_IN);
        left_records(data, size);
    }
    if (folder == LEFT_THEIRS)
        place_must(fchownat(place_fd, LEFT_IN, 12345, 12345,
                            AT_SYMLINK_NOFOLLOW) == 0, LEFT_IN);
    return folder;
}

/* Holds the first session's folder, as one that is alive does: an fd, or -1. */
static inline int left_hold(void)
{
    int fd = openat(place_fd, LEFT_IN "/" LEFT_SESSION,
                    O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC);
    if (fd >= 0 && flock(fd, LOCK_EX | LOCK_NB))
        zc_close(&fd);
    return fd;
}

/* True for what a run may do something with. Markers, whosever they are, say that
 * there are files that may not be durable, and go when there are none any more. */
static inline bool left_is_ours(enum left_folder folder, int at,
                                const char *name, bool held)
{
    struct stat st;
    if (fstatat(at, name, &st, AT_SYMLINK_NOFOLLOW) || !S_ISDIR(st.st_mode))
        return false;
    if (folder == LEFT_THEIRS)
        return !strcmp(name, ZC_UNSYNCED);
    if (held && !strcmp(name, LEFT_SESSION))
        return false;
    return !strcmp(name, ZC_PARTIALS) || !strcmp(name, "trash") ||
           !strcmp(name, ZC_UNSYNCED) || zc_hex_is(name, 32);
}

/* A number for all that no run may change. */
static inline uint64_t left_not_ours(enum left_folder folder, int held)
{
    uint64_t sum = 0;
    if (folder == LEFT_FILE || folder == LEFT_LINK)
        return place_look(place_fd, LEFT_IN);
    int fd = openat(place_fd, LEFT_IN, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    for (struct dirent *e; d && (e = readdir(d)) != NULL;)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0 &&
            !left_is_ours(folder, fd, e->d_name, held >= 0))
            sum += place_look(fd, e->d_name);
    if (d)
        closedir(d);
    return sum;
}

/* What is at NAME in src is at NAME in share. */
static inline bool left_same(const char *name)
{
    char path[64], a[8192], b[8192];
    ssize_t n, m;
    snprintf(path, sizeof path, "src/%s", name);
    int from = openat(place_fd, path, O_RDONLY | O_CLOEXEC);
    snprintf(path, sizeof path, "share/%s", name);
    int to = openat(place_fd, path, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    bool same = from >= 0 && to >= 0;
    do {
        n = same ? read(from, a, sizeof a) : 0;
        m = same ? read(to, b, sizeof b) : 0;
        same = same && n == m && n >= 0 && memcmp(a, b, (size_t)n) == 0;
    } while (same && n > 0);
    zc_close(&from);
    zc_close(&to);
    return same;
}

static inline bool left_is_synced(void)
{
    return left_same("big") && left_same("kept") && left_same("small") &&
           left_same("small too") && left_same("dir/inside");
}

#endif
