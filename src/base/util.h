/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Small things every module uses: sizes, bounds, overflow checks, scoped
 * cleanup. Header only; no state, any thread.
 */
#ifndef ZC_BASE_UTIL_H
#define ZC_BASE_UTIL_H

#include <errno.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define ZC_ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define ZC_MIN(a, b) ((a) < (b) ? (a) : (b))
#define ZC_MAX(a, b) ((a) > (b) ? (a) : (b))
/* The TYPE whose MEMBER is at P, which is not NULL. */
#define ZC_CONTAINER_OF(p, type, member) \
    ((type *)(void *)((char *)(p) - offsetof(type, member)))
#define ZC_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#define ZC_KIB ((uint64_t)1024)
#define ZC_MIB (1024 * ZC_KIB)
#define ZC_GIB (1024 * ZC_MIB)

/* True when A + B does not fit in *SUM; *SUM is then undefined. */
#define zc_add_overflows(a, b, sum) __builtin_add_overflow((a), (b), (sum))

/* Scoped cleanup for simple locals: `zc_auto_free char *s = ...`, and
 * `zc_auto_close int fd = ...` (closed when >= 0; errno is kept). */
static inline void zc_cleanup_free(void *pp)
{
    free(*(void **)pp);
}

static inline void zc_cleanup_close(int *fd)
{
    if (*fd >= 0) {
        int keep = errno;
        close(*fd);
        errno = keep;
    }
}
#define zc_auto_free __attribute__((cleanup(zc_cleanup_free)))
#define zc_auto_close __attribute__((cleanup(zc_cleanup_close)))

static inline bool zc_all_zero(const uint8_t *p, size_t n)
{
    size_t head = ZC_MIN(n, (size_t)16);
    for (size_t i = 0; i < head; i++)
        if (p[i])
            return false;
    return n == head || !memcmp(p, p + head, n - head);
}

/* Closes *FD when it is open and marks it closed; keeps errno. */
static inline void zc_close(int *fd)
{
    zc_cleanup_close(fd);
    *fd = -1;
}

#endif
