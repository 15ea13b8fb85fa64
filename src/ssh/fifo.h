/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Bytes on their way: put in at one end, taken out at the other, in one piece
 * of memory of a fixed size. One thread.
 */
#ifndef ZC_SSH_FIFO_H
#define ZC_SSH_FIFO_H

#include "base/util.h"

struct zc_fifo {
    uint8_t *data;
    size_t size, at, len; /* LEN bytes at DATA + AT */
};

/* -1: out of memory. */
static inline int zc_fifo_init(struct zc_fifo *f, size_t size)
{
    *f = (struct zc_fifo){.data = malloc(size), .size = size};
    return f->data ? 0 : -1;
}

static inline void zc_fifo_fini(struct zc_fifo *f)
{
    free(f->data);
    *f = (struct zc_fifo){0};
}

static inline const uint8_t *zc_fifo_head(const struct zc_fifo *f)
{
    return f->data + f->at;
}

static inline void zc_fifo_took(struct zc_fifo *f, size_t n)
{
    f->at += n;
    f->len -= n;
    if (!f->len)
        f->at = 0;
}

/* How much more there is room for in one piece. What is there moves to the
 * front when there is less than LEAST behind it, and as much in front: so a
 * byte moves once at most. */
static inline size_t zc_fifo_room(struct zc_fifo *f, size_t least)
{
    if (f->size - f->at - f->len < least && f->at >= f->len) {
        memmove(f->data, f->data + f->at, f->len);
        f->at = 0;
    }
    return f->size - f->at - f->len;
}

/* Where that goes. */
static inline uint8_t *zc_fifo_tail(const struct zc_fifo *f)
{
    return f->data + f->at + f->len;
}

static inline void zc_fifo_put(struct zc_fifo *f, size_t n)
{
    f->len += n;
}

#endif
