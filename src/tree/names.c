// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Reading and sorting the names of a directory; see names.h.
 *
 * Names in one directory tend to start alike ("IMG_0001.jpg"), so what they all
 * have in common is skipped, and the eight bytes after it become a big-endian
 * number: comparing two numbers decides nearly always, and the names themselves
 * stay untouched in memory. Numbers and references are merge-sorted together,
 * on the stack for small directories.
 */
#include "tree/names.h"

#include "base/relpath.h"

#include <dirent.h>
#include <endian.h>
#include <string.h>

#define READ_SIZE (64 * 1024) /* getdents64(2) gains nothing beyond */
#define ON_STACK 256          /* sort so many names without malloc */
#define RUN 12                /* sort so many by insertion */
#define KEY_SIZE 8

struct item {
    uint64_t key;
    struct zc_name_ref ref;
};

struct sorter {
    const char *bytes;
    size_t common; /* first bytes that all names share */
};

void zc_names_fini(struct zc_names *n)
{
    free(n->bytes);
    free(n->v);
    *n = (struct zc_names){0};
}

/* --- reading --- */

struct reader {
    struct zc_names *n;
    size_t bytes_len, bytes_cap, v_cap;
};

/* Makes room for COUNT more names of BYTES in sum, NULs included. The first
 * chunk, mostly the only one, gets just what it needs. */
static int make_room(struct reader *r, size_t count, size_t bytes)
{
    struct zc_names *n = r->n;
    size_t need = r->bytes_len + bytes + KEY_SIZE; /* see key_of */
    if (need > UINT32_MAX) {
        errno = EOVERFLOW;
        return -1;
    }
    if (need > r->bytes_cap) {
        size_t cap = r->bytes_cap ? ZC_MAX(need, need + need / 4) : need;
        char *bigger = realloc(n->bytes, cap);
        if (!bigger)
            return -1;
        n->bytes = bigger;
        r->bytes_cap = cap;
    }
    need = n->len + count;
    if (need > r->v_cap) {
        size_t cap = r->v_cap ? need + need / 4 : need;
        struct zc_name_ref *bigger = realloc(n->v, cap * sizeof *bigger);
        if (!bigger)
            return -1;
        n->v = bigger;
        r->v_cap = cap;
    }
    return 0;
}

/* "." and "..", and what the file system itself calls deleted. */
static bool skipped(const struct dirent64 *e)
{
    const char *s = e->d_name;
    return (s[0] == '.' && (!s[1] || (s[1] == '.' && !s[2]))) || !e->d_ino;
}

/* Takes over one chunk of SIZE bytes from getdents64. */
static int take_chunk(struct reader *r, const char *room, size_t size)
{
    const size_t head = offsetof(struct dirent64, d_name);
    size_t count = 0, bytes = 0;
    const struct dirent64 *e;
    for (const char *p = room; p < room + size; p += e->d_reclen) {
        e = (const struct dirent64 *)(const void *)p;
        count++;
        bytes += e->d_reclen - head; /* the name, its NUL and padding */
    }
    if (make_room(r, count, bytes))
        return -1;
    struct zc_names *n = r->n;
    for (const char *p = room; p < room + size; p += e->d_reclen) {
        e = (const struct dirent64 *)(const void *)p;
        if (skipped(e))
            continue;
        size_t len = strlen(e->d_name);
        if (len > ZC_NAME_MAX) {
            n->too_long = true;
            continue;
        }
        memcpy(n->bytes + r->bytes_len, e->d_name, len + 1);
        n->v[n->len++] = (struct zc_name_ref){
            .offset = (uint32_t)r->bytes_len,
            .len = (uint8_t)len,
            .type = e->d_type,
        };
        r->bytes_len += len + 1;
    }
    return 0;
}

/* --- sorting --- */

/* The first bytes that all names share. */
static size_t common_prefix(const struct zc_names *n)
{
    const char *first = zc_names_at(n, 0);
    size_t common = n->v[0].len;
    for (size_t i = 1; i < n->len && common; i++) {
        const char *s = zc_names_at(n, i);
        size_t at = 0;
        while (at < common && s[at] == first[at])
            at++;
        common = at;
    }
    return common;
}

/* The bytes from COMMON on as a number, zeros after the end. Reads KEY_SIZE
 * bytes whatever the name's length: the buffer has that much to spare. */
static uint64_t key_of(const struct zc_names *n, size_t i, size_t common)
{
    uint64_t key;
    size_t len = n->v[i].len - common;
    memcpy(&key, zc_names_at(n, i) + common, KEY_SIZE);
    key = be64toh(key);
    if (len >= KEY_SIZE)
        return key;
    return len ? key & ~UINT64_C(0) << 8 * (KEY_SIZE - len) : 0;
}

static int compare(const struct sorter *s, const struct item *a,
                   const struct item *b)
{
    if (a->key != b->key)
        return a->key < b->key ? -1 : 1;
    size_t skip = s->common + KEY_SIZE;
    if (a->ref.len <= skip || b->ref.len <= skip)
        return (a->ref.len > b->ref.len) - (a->ref.len < b->ref.len);
    return zc_name_cmp(s->bytes + a->ref.offset + skip, a->ref.len - skip,
                       s->bytes + b->ref.offset + skip, b->ref.len - skip);
}

static void sort_run(const struct sorter *s, struct item *v, size_t n)
{
    for (size_t i = 1; i < n; i++) {
        struct item e = v[i];
        size_t at = i;
        for (; at && compare(s, &v[at - 1], &e) > 0; at--)
            v[at] = v[at - 1];
        v[at] = e;
    }
}

/* Merges the sorted A and B, which follow each other, into TO. */
static void merge(const struct sorter *s, const struct item *a, size_t an,
                  const struct item *b, size_t bn, struct item *to)
{
    if (!bn || compare(s, &a[an - 1], &b[0]) <= 0) {
        memcpy(to, a, (an + bn) * sizeof *to);
        return;
    }
    const struct item *a_end = a + an, *b_end = b + bn;
    while (a < a_end && b < b_end)
        *to++ = compare(s, a, b) <= 0 ? *a++ : *b++;
    memcpy(to, a, (size_t)(a_end - a) * sizeof *to);
    memcpy(to + (a_end - a), b, (size_t)(b_end - b) * sizeof *to);
}

/* Sorts V with SPARE, of the same size, as room; returns which one holds the
 * result. */
static struct item *sort_items(const struct sorter *s, struct item *v,
                               struct item *spare, size_t n)
{
    for (size_t i = 0; i < n; i += RUN)
        sort_run(s, v + i, ZC_MIN((size_t)RUN, n - i));
    for (size_t run = RUN; run < n; run *= 2) {
        for (size_t i = 0; i < n; i += 2 * run) {
            size_t an = ZC_MIN(run, n - i), bn = ZC_MIN(run, n - i - an);
            merge(s, v + i, an, v + i + an, bn, spare + i);
        }
        struct item *sorted = spare;
        spare = v;
        v = sorted;
    }
    return v;
}

static int sort_names(struct zc_names *n)
{
    struct item few[2 * ON_STACK];
    zc_auto_free struct item *many = NULL;
    struct item *v = few;
    if (n->len < 2)
        return 0;
    if (n->len > ON_STACK) {
        v = many = malloc(2 * n->len * sizeof *many);
        if (!many)
            return -1;
    }
    struct sorter s = {n->bytes, common_prefix(n)};
    for (size_t i = 0; i < n->len; i++)
        v[i] = (struct item){key_of(n, i, s.common), n->v[i]};
    v = sort_items(&s, v, v + n->len, n->len);

    /* A directory that changes while it is read may tell a name twice. */
    size_t len = 0;
    for (size_t i = 0; i < n->len; i++)
        if (i == 0 || compare(&s, &v[i - 1], &v[i]) != 0)
            n->v[len++] = v[i].ref;
    n->len = len;
    return 0;
}

int zc_names_read(int dirfd, struct zc_names *n)
{
    char room[READ_SIZE] __attribute__((aligned(8)));
    struct reader r = {.n = n};
    *n = (struct zc_names){0};
    if (lseek(dirfd, 0, SEEK_SET) < 0)
        return -1;
    for (;;) {
        ssize_t got = getdents64(dirfd, (void *)room, sizeof room);
        if (got == 0)
            break;
        if (got < 0 || take_chunk(&r, room, (size_t)got))
            goto fail;
    }
    if (sort_names(n) == 0)
        return 0;
fail:;
    int keep = errno;
    zc_names_fini(n);
    errno = keep;
    return -1;
}

size_t zc_names_lower_bound(const struct zc_names *n, const char *name,
                            size_t len)
{
    size_t low = 0, high = n->len;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        if (zc_name_cmp(zc_names_at(n, mid), n->v[mid].len, name, len) < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

size_t zc_names_find(const struct zc_names *n, const char *name)
{
    size_t at = zc_names_lower_bound(n, name, strlen(name));
    return at < n->len && !strcmp(zc_names_at(n, at), name) ? at : n->len;
}

int zc_names_insert(struct zc_names *n, const char *name, size_t len)
{
    size_t at = zc_names_lower_bound(n, name, len), bytes = 0;
    if (at < n->len && n->v[at].len == len &&
        !memcmp(zc_names_at(n, at), name, len))
        return 0;
    for (size_t i = 0; i < n->len; i++)
        bytes = ZC_MAX(bytes, (size_t)n->v[i].offset + n->v[i].len + 1);
    struct reader r = {.n = n, .bytes_len = bytes, .bytes_cap = bytes,
                       .v_cap = n->len};
    if (make_room(&r, 1, len + 1))
        return -1;
    memcpy(n->bytes + bytes, name, len);
    n->bytes[bytes + len] = '\0';
    memmove(n->v + at + 1, n->v + at, (n->len++ - at) * sizeof *n->v);
    n->v[at] = (struct zc_name_ref){.offset = (uint32_t)bytes,
                                    .len = (uint8_t)len,
                                    .type = DT_UNKNOWN};
    return 0;
}
