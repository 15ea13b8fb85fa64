// SPDX-License-Identifier: GPL-2.0-or-later
/* What counts of an entry, and sums of hashes of that; see digest_sum.h. */
#include "tree/digest_sum.h"

#include "base/relpath.h"
#include "base/xxh.h"
#include "fs/fileflags.h"
#include "fs/keep.h"
#include "fs/meta.h"

#include <string.h>
#include <sys/stat.h>

/* --- an entry --- */

/* What counts of an entry, as bytes. */
struct said {
    uint8_t b[1 + 1 + ZC_NAME_MAX + 64 + ZC_SYMLINK_MAX];
    size_t n;
};

static void say(struct said *s, const void *p, size_t n)
{
    memcpy(s->b + s->n, p, n);
    s->n += n;
}

/* Both ends may have another order of bytes. */
static void say_number(struct said *s, uint64_t v)
{
    uint8_t b[8];
    for (unsigned i = 0; i < sizeof b; i++)
        b[i] = (uint8_t)(v >> 8 * i);
    say(s, b, sizeof b);
}

static bool time_counts(const struct zc_msg_digest *what, uint32_t mode)
{
    if (S_ISREG(mode))
        return what->flags & ZC_DIGEST_FILE_TIMES;
    if (S_ISDIR(mode))
        return what->flags & ZC_DIGEST_DIR_TIMES;
    if (S_ISLNK(mode))
        return what->flags & ZC_DIGEST_LINK_TIMES;
    return what->keep & ZC_KEEP_TIMES;
}

static void say_time(struct said *s, const struct zc_msg_digest *what,
                     const struct zc_entry *e)
{
    int64_t seconds = e->mtime_s;
    uint32_t ns = e->mtime_ns;
    if (!time_counts(what, e->mode))
        return;
    zc_time_cut(&seconds, &ns, what->time_step);
    say_number(s, (uint64_t)seconds);
    say_number(s, ns);
}

static void say_mode(struct said *s, const struct zc_msg_digest *what,
                     const struct zc_entry *e)
{
    uint32_t mode = e->mode & S_IFMT;
    if (what->keep & ZC_KEEP_PERMS && !S_ISLNK(e->mode))
        mode = e->mode;
    else if (what->flags & ZC_DIGEST_EXECUTABLE && S_ISREG(e->mode))
        mode |= e->mode & 0111 ? 1 : 0;
    say_number(s, mode);
}

static void say_attributes(struct said *s, const struct zc_msg_digest *what,
                           const struct zc_entry *e)
{
    static const uint8_t none[sizeof e->xattr_digest];
    bool any = e->flags & ZC_ENTRY_XATTRS;
    if (what->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS))
        say(s, any ? e->xattr_digest : none, sizeof none);
    if (what->flags & ZC_DIGEST_PROPERTIES)
        say_number(s, e->properties);
    if (what->keep & ZC_KEEP_FLAGS && (S_ISREG(e->mode) || S_ISDIR(e->mode)))
        say_number(s, (uint64_t)e->project << 32 |
                          (e->fileflags & ZC_FILEFLAGS_CARRIED));
}

static void say_entry(struct said *s, const struct zc_msg_digest *what,
                      const struct zc_entry *e)
{
    s->n = 0;
    say(s, &e->name_len, 1);
    say(s, e->name, e->name_len);
    say_mode(s, what, e);
    say_time(s, what, e);
    say_attributes(s, what, e);
    if (S_ISREG(e->mode))
        say_number(s, e->size);
    else if (S_ISLNK(e->mode))
        say(s, e->target, e->target_len);
    else if (S_ISCHR(e->mode) || S_ISBLK(e->mode))
        say_number(s, (uint64_t)e->rdev_major << 32 | e->rdev_minor);
}

/* --- sums --- */

void zc_dsum_add(uint64_t to[2], const uint64_t v[2])
{
    to[0] += v[0];
    to[1] += v[1] + (to[0] < v[0]);
}

/* A * B, all of it. */
static void multiply_64(uint64_t a, uint64_t b, uint64_t to[2])
{
    uint64_t al = (uint32_t)a, ah = a >> 32, bl = (uint32_t)b, bh = b >> 32;
    uint64_t low = al * bl, mid = ah * bl + (low >> 32);
    uint64_t cross = al * bh + (uint32_t)mid;
    to[0] = cross << 32 | (uint32_t)low;
    to[1] = ah * bh + (mid >> 32) + (cross >> 32);
}

void zc_dsum_multiply(uint64_t v[2], const uint64_t by[2])
{
    uint64_t to[2];
    multiply_64(v[0], by[0], to);
    to[1] += v[0] * by[1] + v[1] * by[0];
    v[0] = to[0];
    v[1] = to[1];
}

static void add_hash(uint64_t to[2], const void *p, size_t n, uint64_t seed)
{
    XXH128_hash_t h = XXH3_128bits_withSeed(p, n, seed);
    const uint64_t v[2] = {h.low64, h.high64};
    zc_dsum_add(to, v);
}

void zc_dsum_add_entry(uint64_t to[2], const struct zc_msg_digest *what,
                       const struct zc_entry *e, uint64_t seed)
{
    struct said said;
    say_entry(&said, what, e);
    add_hash(to, said.b, said.n, seed);
}

void zc_dsum_add_numbers(uint64_t to[2], const uint64_t *v, size_t n,
                         uint64_t seed)
{
    struct said said;
    said.n = 0;
    for (size_t i = 0; i < n; i++)
        say_number(&said, v[i]);
    add_hash(to, said.b, said.n, seed);
}

uint64_t zc_dsum_key(uint64_t dir, const char *name, size_t n)
{
    return XXH3_64bits_withSeed(name, n, dir);
}

void zc_dsum_bytes(const uint64_t v[2], uint8_t digest[ZC_DIGEST_SIZE])
{
    XXH128_canonical_t c;
    XXH128_canonicalFromHash(&c, (XXH128_hash_t){v[0], v[1]});
    memcpy(digest, c.digest, ZC_DIGEST_SIZE);
}
