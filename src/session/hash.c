// SPDX-License-Identifier: GPL-2.0-or-later
/* Hashing a file's content; see hash.h, and CONVENTIONS in
 * zcsync-protocol(7). */
#include "session/hash.h"

#include "base/io.h"
#include "base/xxh.h"
#include "fs/cached.h"

#include <endian.h>
#include <sodium.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define CHUNK ((size_t)128 << 10)
#define BLOCK ((uint64_t)ZC_HASH_BLOCK) /* CHUNK is some of them */

static void add_number(XXH3_state_t *state, uint64_t number)
{
    number = htole64(number);
    XXH3_128bits_update(state, &number, sizeof number);
}

/* The N bytes at OFFSET, where a block begins. */
static void add_blocks(XXH3_state_t *state, const uint8_t *p, size_t n,
                       uint64_t offset)
{
    for (size_t at = 0; at < n; at += BLOCK) {
        size_t now = ZC_MIN(n - at, (size_t)BLOCK);
        if (zc_all_zero(p + at, now))
            continue;
        add_number(state, offset + at);
        XXH3_128bits_update(state, p + at, now);
    }
}

/* Where data are at or behind AT, in whole blocks and within N bytes: from
 * *BEGIN (N: there are none) to the value returned. All of it where the file
 * system cannot tell. */
static uint64_t next_data(int fd, uint64_t at, uint64_t n, uint64_t *begin)
{
    *begin = at;
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    if (data < 0 && errno == ENXIO)
        *begin = n;
    if (data < (off_t)at)
        return n;
    *begin = ZC_MIN((uint64_t)data / BLOCK * BLOCK, n);
    off_t hole = lseek(fd, data, SEEK_HOLE);
    if (hole <= data)
        return n;
    return ZC_MIN(((uint64_t)hole + BLOCK - 1) / BLOCK * BLOCK, n);
}

/* What is in [AT, END). */
static int add_range(XXH3_state_t *state, uint8_t *buf, int fd, uint64_t at,
                     uint64_t end, enum zc_hash_kind kind,
                     const atomic_bool *stop)
{
    while (at < end) {
        size_t now = (size_t)ZC_MIN(end - at, (uint64_t)CHUNK);
        ssize_t r = zc_io_pread(fd, buf, now, (off_t)at);
        if (r != (ssize_t)now) {
            if (r >= 0)
                errno = EIO;
            return -1;
        }
        if (kind == ZC_HASH_BLOCKS)
            add_blocks(state, buf, now, at);
        else
            XXH3_128bits_update(state, buf, now);
        at += now;
        if (stop && atomic_load_explicit(stop, memory_order_relaxed)) {
            errno = ECANCELED;
            return -1;
        }
    }
    return 0;
}

/* A hole behind the end of the file looks like any other. */
static int has_bytes(int fd, uint64_t n)
{
    struct stat st;
    if (fstat(fd, &st))
        return -1;
    if ((uint64_t)st.st_size >= n)
        return 0;
    errno = EIO;
    return -1;
}

/* Data that are next in front of LIMIT, from *BEGIN (LIMIT: there are none) to the
 * value returned. Where they end is asked once. */
static uint64_t data_ahead(struct zc_hasher *h, int fd, uint64_t limit,
                           uint64_t *begin)
{
    *begin = h->at;
    if (h->kind == ZC_HASH_BYTES)
        return limit;
    if (h->at >= h->data) {
        uint64_t end = next_data(fd, h->at, h->n, begin);
        if (*begin >= limit)
            return *begin = limit;
        h->data = end;
    }
    return ZC_MIN(h->data, limit);
}

/* The next piece: data within MAX bytes, in front of LIMIT. */
static int add_piece(struct zc_hasher *h, uint8_t *buf, int fd, uint64_t limit,
                     uint64_t max, const atomic_bool *stop)
{
    uint64_t begin, end = data_ahead(h, fd, limit, &begin);
    if (end - begin > max)
        end = begin + max;
    h->at = end;
    h->read += end - begin;
    return add_range(h->state, buf, fd, begin, end, h->kind, stop);
}

static uint8_t *buffer(struct zc_buf *scratch)
{
    zc_buf_reset(scratch);
    uint8_t *buf = zc_buf_reserve(scratch, CHUNK);
    if (!buf)
        errno = ENOMEM;
    return buf;
}

int zc_hasher_init(struct zc_hasher *h, uint64_t n, enum zc_hash_kind kind)
{
    *h = (struct zc_hasher){.state = XXH3_createState(), .kind = kind, .n = n};
    if (!h->state) {
        errno = ENOMEM;
        return -1;
    }
    XXH3_128bits_reset(h->state);
    return 0;
}

void zc_hasher_fini(struct zc_hasher *h)
{
    XXH3_freeState(h->state);
    h->state = NULL;
}

int zc_hasher_some(struct zc_hasher *h, struct zc_buf *scratch, int fd,
                   uint64_t max, const atomic_bool *stop,
                   uint8_t out[ZC_HASH_SIZE])
{
    uint8_t *buf = buffer(scratch);
    if (!buf)
        return -1;
    max = ZC_MAX(max / CHUNK, (uint64_t)1) * CHUNK; /* whole blocks */
    for (uint64_t from = h->read; h->at < h->n && h->read - from < max;)
        if (add_piece(h, buf, fd, h->n, max - (h->read - from), stop))
            return -1;
    if (h->at < h->n)
        return 1;
    if (h->kind == ZC_HASH_BLOCKS) {
        add_number(h->state, h->n);
        if (has_bytes(fd, h->n))
            return -1;
    }
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, XXH3_128bits_digest(h->state));
    memcpy(out, c.digest, ZC_HASH_SIZE);
    return 0;
}

int zc_hasher_follow(struct zc_hasher *h, struct zc_buf *scratch, int fd,
                     uint64_t end, const atomic_bool *stop)
{
    end = ZC_MIN(end, h->n) / BLOCK * BLOCK;
    uint8_t *buf = h->at < end ? buffer(scratch) : NULL;
    while (h->at < end)
        if (!buf || add_piece(h, buf, fd, end, UINT64_MAX, stop))
            return -1;
    return 0;
}

void zc_hash_from_disk(int fd)
{
    (void)zc_cached_forget(fd);
}

int zc_hash_fd(struct zc_buf *scratch, int fd, uint64_t n,
               enum zc_hash_kind kind, const atomic_bool *stop,
               uint8_t out[ZC_HASH_SIZE])
{
    struct zc_hasher h;
    if (zc_hasher_init(&h, n, kind))
        return -1;
    int fail = zc_hasher_some(&h, scratch, fd, UINT64_MAX, stop, out);
    int eno = errno;
    zc_hasher_fini(&h);
    errno = eno;
    return fail ? -1 : 0;
}

void zc_hash_told(const uint8_t hash[ZC_HASH_SIZE], uint8_t told[ZC_HASH_SIZE])
{
    _Static_assert(ZC_HASH_SIZE == crypto_generichash_BYTES_MIN, "its size");
    (void)crypto_generichash(told, ZC_HASH_SIZE, hash, ZC_HASH_SIZE, NULL, 0);
}
