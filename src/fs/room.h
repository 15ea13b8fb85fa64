/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How much is to stay free on a file system (`min free`), and how much more
 * there is. Any thread.
 */
#ifndef ZC_FS_ROOM_H
#define ZC_FS_ROOM_H

#include "base/util.h"

struct zc_min_free {
    uint64_t bytes;
    unsigned hundredths; /* ... of a percent, of the bytes and of the inodes */
};

static inline bool zc_min_free_any(const struct zc_min_free *m)
{
    return m->bytes || m->hundredths;
}

/* Reads "1%", "0.5%", or a size. 0, or -1: *OUT is unchanged then. */
int zc_min_free_parse(const char *text, struct zc_min_free *out);

/* What may be used yet; below zero: it is too much already. */
struct zc_spare {
    int64_t bytes, inodes; /* INT64_MAX: as many as you like */
    uint64_t free_bytes, free_inodes; /* as df(1) has them for users */
};

/* Of the file system that FD is on. -1 and errno. */
int zc_spare_of(int fd, const struct zc_min_free *m, struct zc_spare *out);

#endif
