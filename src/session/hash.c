// SPDX-License-Identifier: GPL-2.0-or-later
/* Hashing a file's content; see hash.h, and CONVENTIONS in
 * zcsync-protocol(7). */
#include "session/hash.h"

#include "base/io.h"

#include <endian.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>
#include <xxhash.h>

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

static int add_all(XXH3_state_t *state, uint8_t *buf, int fd, uint64_t n,
                   enum zc_hash_kind kind, const atomic_bool *stop)
{
    if (kind == ZC_HASH_BYTES)
        return add_range(state, buf, fd, 0, n, kind, stop);
    for (uint64_t at = 0, begin, end; at < n; at = end) {
        end = next_data(fd, at, n, &begin);
        if (add_range(state, buf, fd, begin, end, kind, stop))
            return -1;
    }
    add_number(state, n);
    return has_bytes(fd, n);
}

int zc_hash_fd(struct zc_buf *scratch, int fd, uint64_t n,
               enum zc_hash_kind kind, const atomic_bool *stop,
               uint8_t out[ZC_HASH_SIZE])
{
    XXH3_state_t *state = XXH3_createState();
    zc_buf_reset(scratch);
    uint8_t *buf = zc_buf_reserve(scratch, CHUNK);
    int fail = -1;
    if (!state || !buf) {
        errno = ENOMEM;
    } else {
        XXH3_128bits_reset(state);
        fail = add_all(state, buf, fd, n, kind, stop);
    }
    if (!fail) {
        XXH128_canonical_t c;
        XXH128_canonicalFromHash(&c, XXH3_128bits_digest(state));
        memcpy(out, c.digest, ZC_HASH_SIZE);
    }
    XXH3_freeState(state);
    return fail;
}
