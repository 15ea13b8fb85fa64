// SPDX-License-Identifier: GPL-2.0-or-later
/* src/session/hash.c: the same as XXH3 of all bytes at once, and of what
 * zcsync-protocol(7) says about blocks; holes and zeros are alike. */
#include "tap.h"

#include "scratch.h"
#include "session/hash.h"

#include <xxhash.h>

#define LARGEST (((size_t)1 << 20) + 1)

static int top;
static uint8_t *bytes, *text; /* what a file has; what is hashed for it */
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

static int hash(int fd, uint64_t n, enum zc_hash_kind kind, uint8_t *out)
{
    return zc_hash_fd(&work, fd, n, kind, NULL, out);
}

static size_t put_number(size_t at, uint64_t n)
{
    for (int i = 0; i < 8; i++)
        text[at++] = (uint8_t)(n >> (8 * i));
    return at;
}

/* By the letter of the manual. */
static size_t block_text(size_t n)
{
    size_t len = 0;
    for (size_t at = 0; at < n; at += 16384) {
        size_t now = n - at < 16384 ? n - at : 16384, zeros = 0;
        while (zeros < now && !bytes[at + zeros])
            zeros++;
        if (zeros == now)
            continue;
        len = put_number(len, at);
        memcpy(text + len, bytes + at, now);
        len += now;
    }
    return put_number(len, n);
}

/* True when the hash of the first N bytes of FD is that of ours. */
static bool right(int fd, size_t n, enum zc_hash_kind kind)
{
    uint8_t got[ZC_HASH_SIZE];
    XXH128_canonical_t want;
    XXH128_canonicalFromHash(&want,
                             kind == ZC_HASH_BYTES
                                 ? XXH3_128bits(bytes, n)
                                 : XXH3_128bits(text, block_text(n)));
    memset(got, 0, sizeof got);
    return hash(fd, n, kind, got) == 0 &&
           memcmp(got, want.digest, sizeof got) == 0;
}

static bool both_right(int fd, size_t n)
{
    return right(fd, n, ZC_HASH_BYTES) && right(fd, n, ZC_HASH_BLOCKS);
}

static void test_sizes(void)
{
    static const size_t sizes[] = {0,     1,      4095,   4096,
                                   4097,  16383,  16384,  16385,
                                   32768, 131072, 131073, LARGEST};
    is_int(sizeof(XXH128_canonical_t), ZC_HASH_SIZE, "the size of a hash");
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        zc_auto_close int fd = file_of(sizes[i]);
        ok(both_right(fd, sizes[i]), "%zu bytes", sizes[i]);
    }
}

static void test_part(void)
{
    zc_auto_close int fd = file_of(LARGEST);
    ok(both_right(fd, 0), "none of many bytes");
    ok(both_right(fd, 131073), "some of them");
    ok(both_right(fd, LARGEST - 1), "all but one");
}

/* Writes what BYTES has but for blocks of zeros of SIZE bytes. */
static int sparse_file(size_t n, size_t size)
{
    int fd = openat(top, "sparse", O_RDWR | O_CREAT | O_TRUNC, 0600);
    for (size_t at = 0; at < n; at += size) {
        size_t now = n - at < size ? n - at : size, zeros = 0;
        while (zeros < now && !bytes[at + zeros])
            zeros++;
        if (zeros < now && pwrite(fd, bytes + at, now, (off_t)at) < 0)
            diag("cannot write: %s", strerror(errno));
    }
    if (ftruncate(fd, (off_t)n))
        diag("cannot truncate: %s", strerror(errno));
    return fd;
}

static void test_holes(void)
{
    static const size_t from[] = {0,      100,    4096,   20000,
                                  65536,  131072, 300000, LARGEST - 30000};
    static const size_t len[] = {16384, 20000, 4096,   50000,
                                 65536, 1,     500000, 30000};
    size_t n = LARGEST;
    uint8_t *keep = malloc(n), whole[ZC_HASH_SIZE], holes[ZC_HASH_SIZE];
    memcpy(keep, bytes, n);
    for (size_t i = 0; i < ZC_ARRAY_LEN(from); i++) {
        memset(bytes + from[i], 0, len[i]);
        zc_auto_close int a = file_of(n), b = sparse_file(n, 4096),
                          c = sparse_file(n, 16384);
        ok(both_right(a, n) && both_right(b, n) && both_right(c, n),
           "%zu zeros from %zu on: written, or holes", len[i], from[i]);
        ok(both_right(b, from[i] + len[i] / 2), "up to their middle");
    }
    memcpy(bytes, keep, n);
    free(keep);
    zc_auto_close int big = openat(top, "big", O_RDWR | O_CREAT, 0600);
    if (ftruncate(big, (off_t)1 << 40) || pwrite(big, "x", 1, 1 << 30) != 1)
        diag("no big file: %s", strerror(errno));
    ok(!hash(big, (uint64_t)1 << 40, ZC_HASH_BLOCKS, whole),
       "a terabyte of hole");
    ok(!pwrite(big, "", 1, (off_t)1 << 39) ||
           !hash(big, (uint64_t)1 << 40, ZC_HASH_BLOCKS, holes),
       "a zero in it");
    ok(!memcmp(whole, holes, sizeof whole), "changes nothing");
    ok(!hash(big, ((uint64_t)1 << 40) - 1, ZC_HASH_BLOCKS, holes) &&
           memcmp(whole, holes, sizeof whole) != 0,
       "the size does");
    ok(hash(big, ((uint64_t)1 << 40) + 1, ZC_HASH_BLOCKS, holes) == -1 &&
           errno == EIO,
       "a hole behind the end is none");
}

/* A file that grows, by STEP bytes, with a hole now and then, and its hash along
 * with it. */
static void test_follow(size_t step, enum zc_hash_kind kind)
{
    uint8_t whole[ZC_HASH_SIZE], followed[ZC_HASH_SIZE];
    size_t n = LARGEST, i = 0;
    struct zc_hasher h;
    uint8_t *keep = malloc(n);
    memcpy(keep, bytes, n);
    for (size_t at = 0; at < n; at += 3 * step)
        memset(bytes + at, 0, ZC_MIN(n - at, step));
    zc_auto_close int fd = file_of(0);
    bool good = !zc_hasher_init(&h, n, kind);
    for (size_t at = 0; at < n; at += step, i++) {
        size_t now = ZC_MIN(n - at, step);
        good &= i % 3 ? pwrite(fd, bytes + at, now, (off_t)at) == (ssize_t)now
                      : !ftruncate(fd, (off_t)(at + now));
        good &= !zc_hasher_follow(&h, &work, fd, at + now, NULL);
    }
    good &= h.at == n / ZC_HASH_BLOCK * ZC_HASH_BLOCK;
    /* what was read already is not read again */
    good &= pwrite(fd, "?", 1, 5) == 1;
    good &= !zc_hasher_some(&h, &work, fd, UINT64_MAX, NULL, followed);
    good &= pwrite(fd, bytes + 5, 1, 5) == 1 && !hash(fd, n, kind, whole);
    ok(good && !memcmp(whole, followed, sizeof whole),
       "followed, %zu bytes at a time: the same hash", step);
    zc_hasher_fini(&h);
    memcpy(bytes, keep, n);
    free(keep);
}

static void test_follows(void)
{
    static const size_t steps[] = {1000, 4096, 16384, 16385, 100000, LARGEST};
    for (size_t i = 0; i < ZC_ARRAY_LEN(steps); i++) {
        test_follow(steps[i], ZC_HASH_BYTES);
        test_follow(steps[i], ZC_HASH_BLOCKS);
    }
}

static void test_stop(void)
{
    uint8_t out[ZC_HASH_SIZE];
    atomic_bool stop = true;
    zc_auto_close int fd = file_of(LARGEST);
    ok(zc_hash_fd(&work, fd, LARGEST, ZC_HASH_BLOCKS, &stop, out) == -1 &&
           errno == ECANCELED,
       "it can be stopped");
}

static void test_failures(void)
{
    static const size_t sizes[] = {0, 1, 4096, 131072, 131073};
    uint8_t out[ZC_HASH_SIZE];
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        zc_auto_close int fd = file_of(sizes[i]);
        for (int kind = 0; kind < 2; kind++) {
            errno = 0;
            ok(hash(fd, sizes[i] + 1, kind, out) == -1 && errno == EIO,
               "one byte more than the %zu there are: EIO", sizes[i]);
        }
    }
    zc_auto_close int fd = file_of(10);
    for (int kind = 0; kind < 2; kind++) {
        ok(hash(fd, UINT64_MAX, kind, out) == -1 && errno == EIO,
           "a size that cannot be: EIO");
        ok(hash(-1, 1, kind, out) == -1 && errno == EBADF, "no fd: EBADF");
        ok(hash(top, 1, kind, out) == -1 && errno == EISDIR,
           "a directory: EISDIR");
    }
    ok(both_right(fd, 10), "it works after a failure");
}

static void test_told(void)
{
    /* BLAKE2b-128 of 16 zeros, as b2sum -l 128 has it */
    static const uint8_t want[ZC_HASH_SIZE] = {
        0x46, 0x3b, 0xe1, 0xd5, 0x8a, 0x72, 0xe9, 0x61,
        0x8e, 0xa5, 0x98, 0x84, 0x36, 0x7c, 0x43, 0x58};
    uint8_t hash[ZC_HASH_SIZE] = {0}, told[ZC_HASH_SIZE], other[ZC_HASH_SIZE];
    zc_hash_told(hash, told);
    ok(!memcmp(told, want, sizeof want), "what is told is BLAKE2b of the hash");
    hash[15] = 1;
    zc_hash_told(hash, other);
    ok(memcmp(told, other, sizeof told), "of another, another");
}

int main(void)
{
    top = scratch();
    bytes = malloc(LARGEST);
    text = malloc(2 * LARGEST);
    if (!bytes || !text)
        skip_all("not enough memory");
    uint32_t seed = 1;
    for (size_t i = 0; i < LARGEST; i++) {
        seed = seed * 1103515245 + 12345;
        bytes[i] = (uint8_t)(seed >> 16);
    }
    test_sizes();
    test_part();
    test_holes();
    test_follows();
    test_stop();
    test_failures();
    test_told();
    zc_buf_fini(&work);
    free(bytes);
    free(text);
    close(top);
    return done_testing();
}
