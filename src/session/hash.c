// SPDX-License-Identifier: GPL-2.0-or-later
/* Hashing a file's content; see hash.h. */
#include "session/hash.h"

#include "base/io.h"

#include <string.h>
#include <xxhash.h>

#define CHUNK ((size_t)128 << 10)

int zc_hash_fd(struct zc_buf *scratch, int fd, uint64_t n,
               uint8_t out[ZC_HASH_SIZE])
{
    XXH3_state_t *state = XXH3_createState();
    zc_buf_reset(scratch);
    uint8_t *buf = zc_buf_reserve(scratch, CHUNK);
    int fail = -1;
    if (!state || !buf) {
        errno = ENOMEM;
        goto out;
    }
    XXH3_128bits_reset(state);
    for (uint64_t at = 0; at < n;) {
        size_t now = (size_t)ZC_MIN(n - at, (uint64_t)CHUNK);
        ssize_t r = zc_io_pread(fd, buf, now, (off_t)at);
        if (r != (ssize_t)now) {
            if (r >= 0)
                errno = EIO;
            goto out;
        }
        XXH3_128bits_update(state, buf, now);
        at += now;
    }
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, XXH3_128bits_digest(state));
    memcpy(out, c.digest, ZC_HASH_SIZE);
    fail = 0;
out:
    XXH3_freeState(state);
    return fail;
}
