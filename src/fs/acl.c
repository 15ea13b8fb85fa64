// SPDX-License-Identifier: GPL-2.0-or-later
/* ACLs in the kernel's xattr form; see acl.h. */
#include "fs/acl.h"

#include <endian.h>
#include <string.h>
#include <xxhash.h>

enum { HEAD_SIZE = 4, ENTRY_SIZE = 8, VERSION = 2 };
enum { /* tags, as in linux/posix_acl.h */
    TAG_USER = 0x02,
    TAG_GROUP_OBJ = 0x04,
    TAG_GROUP = 0x08,
    TAG_MASK = 0x10,
};

struct entry {
    uint16_t tag, perm;
    uint32_t id;
};

static bool named(const struct entry *e, enum zc_id_kind *kind)
{
    *kind = e->tag == TAG_USER ? ZC_ID_USER : ZC_ID_GROUP;
    return e->tag == TAG_USER || e->tag == TAG_GROUP;
}

/* Reads the next entry from R; false at the end. */
static bool next(struct zc_rd *r, struct entry *e)
{
    if (!zc_rd_left(r))
        return false;
    e->tag = zc_rd_u16(r);
    e->perm = zc_rd_u16(r);
    e->id = zc_rd_u32(r);
    enum zc_id_kind kind;
    if (!named(e, &kind))
        e->id = UINT32_MAX; /* has no meaning there */
    return !r->bad;
}

bool zc_acl_ok(const uint8_t *acl, size_t n)
{
    struct zc_rd r = zc_rd_init(acl, n);
    return zc_rd_u32(&r) == VERSION && zc_rd_left(&r) % ENTRY_SIZE == 0;
}

/* A cursor on the entries of what zc_acl_ok let pass. */
static struct zc_rd entries(const uint8_t *acl, size_t n)
{
    return zc_rd_init(acl + HEAD_SIZE, n - HEAD_SIZE);
}

static int by_tag_and_id(const void *pa, const void *pb)
{
    const struct entry *a = pa, *b = pb;
    if (a->tag != b->tag)
        return a->tag < b->tag ? -1 : 1;
    return (a->id > b->id) - (a->id < b->id);
}

/* An insertion sort, because it is stable and ACLs are short and mostly sorted;
 * for long ones the order of equal ids is given up. */
static void sort_entries(struct entry *v, size_t n)
{
    if (n > 256) {
        qsort(v, n, sizeof *v, by_tag_and_id);
        return;
    }
    for (size_t i = 1; i < n; i++) {
        struct entry e = v[i];
        size_t at = i;
        for (; at && by_tag_and_id(&v[at - 1], &e) > 0; at--)
            v[at] = v[at - 1];
        v[at] = e;
    }
}

void zc_acl_put_local(struct zc_buf *out, const uint8_t *acl, size_t n,
                      struct zc_idmap *ids)
{
    if (!zc_acl_ok(acl, n)) {
        zc_buf_put(out, acl, n);
        return;
    }
    zc_auto_free struct entry *v = calloc(n / ENTRY_SIZE + 1, sizeof *v);
    if (!v) {
        out->failed = true;
        return;
    }
    size_t len = 0;
    enum zc_id_kind kind;
    for (struct zc_rd r = entries(acl, n); next(&r, &v[len]); len++)
        if (ids && named(&v[len], &kind))
            v[len].id = zc_idmap_local(ids, kind, v[len].id);
    sort_entries(v, len);

    zc_buf_u32(out, VERSION);
    for (size_t i = 0; i < len; i++) {
        if (i && named(&v[i], &kind) && by_tag_and_id(&v[i - 1], &v[i]) == 0)
            continue;
        zc_buf_u16(out, v[i].tag);
        zc_buf_u16(out, v[i].perm);
        zc_buf_u32(out, v[i].id);
    }
}

void zc_acl_hash(const uint8_t *acl, size_t n, struct zc_idmap *ids,
                 uint64_t *low, uint64_t *high)
{
    if (!zc_acl_ok(acl, n)) {
        XXH128_hash_t h = XXH3_128bits(acl, n);
        *low = h.low64;
        *high = h.high64;
        return;
    }
    /* A sum over hashes of the entries does not depend on their order, which
     * may be by other ids on the other host. */
    *low = *high = 0;
    struct entry e;
    for (struct zc_rd r = entries(acl, n); next(&r, &e);) {
        char text[2 * sizeof e + ZC_ID_NAME_MAX + 1];
        enum zc_id_kind kind;
        const char *name = "";
        if (ids && named(&e, &kind) && e.id != 0)
            name = zc_idmap_name(ids, kind, e.id);
        size_t len = strlen(name);
        uint32_t id = htole32(len ? UINT32_MAX : e.id);
        uint16_t tag = htole16(e.tag), perm = htole16(e.perm);
        memcpy(text, &tag, 2);
        memcpy(text + 2, &perm, 2);
        memcpy(text + 4, &id, 4);
        memcpy(text + 8, name, len);
        XXH128_hash_t h = XXH3_128bits(text, 8 + len);
        *low += h.low64;
        *high += h.high64;
    }
}

void zc_acl_ids(const uint8_t *acl, size_t n,
                void (*found)(void *arg, enum zc_id_kind kind, uint32_t id),
                void *arg)
{
    enum zc_id_kind kind;
    struct entry e;
    if (!zc_acl_ok(acl, n))
        return;
    for (struct zc_rd r = entries(acl, n); next(&r, &e);)
        if (named(&e, &kind))
            found(arg, kind, e.id);
}

uint32_t zc_acl_group_perms(const uint8_t *acl, size_t n)
{
    uint32_t group = 0, mask = 7;
    struct entry e;
    if (!zc_acl_ok(acl, n))
        return 0;
    for (struct zc_rd r = entries(acl, n); next(&r, &e);) {
        if (e.tag == TAG_GROUP_OBJ)
            group = e.perm & 7;
        else if (e.tag == TAG_MASK)
            mask = e.perm & 7;
    }
    return group & mask;
}
