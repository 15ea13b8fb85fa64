// SPDX-License-Identifier: GPL-2.0-or-later
/* src/session/hash.c: the same as XXH3 of all bytes at once. */
#include "tap.h"

#include "scratch.h"
#include "session/hash.h"

#include <xxhash.h>

#define LARGEST (((size_t)1 << 20) + 1)

static int top;
static uint8_t *bytes;
static struct zc_buf work = ZC_BUF_INIT;

/* A file of the first N bytes, its offset at their end. */
static int file_of(size_t n)
{
    int fd = openat(top, "file", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (size_t done = 0; fd >= 0 && done < n;) {
        ssize_t r = write(fd, bytes + done, n - done);
        if (r <= 0) {
            diag("cannot write: %s", strerror(errno));
            break;
        }
        done += (size_t)r;
    }
    return fd;
}

/* True when the hash of the first N bytes of FD is that of ours. */
static bool right(int fd, size_t n)
{
    uint8_t got[ZC_HASH_SIZE];
    XXH128_canonical_t want;
    XXH128_canonicalFromHash(&want, XXH3_128bits(bytes, n));
    memset(got, 0, sizeof got);
    return zc_hash_fd(&work, fd, n, got) == 0 &&
           memcmp(got, want.digest, sizeof got) == 0;
}

static void test_sizes(void)
{
    static const size_t sizes[] = {0,    1,      4095,   4096,
                                   4097, 131072, 131073, LARGEST};
    is_int(sizeof(XXH128_canonical_t), ZC_HASH_SIZE, "the size of a hash");
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        zc_auto_close int fd = file_of(sizes[i]);
        ok(right(fd, sizes[i]), "%zu bytes", sizes[i]);
        is_int(lseek(fd, 0, SEEK_CUR), sizes[i], "the offset stays");
    }
}

static void test_part(void)
{
    zc_auto_close int fd = file_of(LARGEST);
    ok(right(fd, 0), "none of many bytes");
    ok(right(fd, 131073), "some of them");
    ok(right(fd, LARGEST - 1), "all but one");
}

static void test_failures(void)
{
    static const size_t sizes[] = {0, 1, 4096, 131072, 131073};
    uint8_t out[ZC_HASH_SIZE];
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        zc_auto_close int fd = file_of(sizes[i]);
        errno = 0;
        ok(zc_hash_fd(&work, fd, sizes[i] + 1, out) == -1 && errno == EIO,
           "one byte more than the %zu there are: EIO", sizes[i]);
    }
    zc_auto_close int fd = file_of(10);
    ok(zc_hash_fd(&work, fd, UINT64_MAX, out) == -1 && errno == EIO,
       "a size that cannot be: EIO");
    ok(right(fd, 10), "it works after a failure");
    ok(zc_hash_fd(&work, -1, 1, out) == -1 && errno == EBADF, "no fd: EBADF");
    ok(zc_hash_fd(&work, top, 1, out) == -1 && errno == EISDIR,
       "a directory: EISDIR");
}

int main(void)
{
    top = scratch();
    bytes = malloc(LARGEST);
    if (!bytes)
        skip_all("not enough memory");
    uint32_t seed = 1;
    for (size_t i = 0; i < LARGEST; i++) {
        seed = seed * 1103515245 + 12345;
        bytes[i] = (uint8_t)(seed >> 16);
    }
    test_sizes();
    test_part();
    test_failures();
    zc_buf_fini(&work);
    free(bytes);
    close(top);
    return done_testing();
}
