// SPDX-License-Identifier: GPL-2.0-or-later
/* Places below a root; see places.h. The paths lie behind the table. */
#include "tree/places.h"

#include "base/relpath.h"

#include <string.h>

static int by_path(const void *a, const void *b)
{
    const struct zc_place *x = a, *y = b;
    return zc_relpath_cmp(x->path, y->path);
}

struct zc_places *zc_places_new(const struct zc_place *v, size_t n,
                                bool strict)
{
    size_t text = 0;
    for (size_t i = 0; i < n; i++)
        text += strlen(v[i].path) + 1;
    struct zc_places *p = malloc(sizeof *p + n * sizeof *p->v + text);
    if (!p)
        return NULL;
    *p = (struct zc_places){.refs = 1, .strict = strict, .n = n};
    char *to = (char *)(p->v + n);
    for (size_t i = 0; i < n; i++) {
        size_t len = strlen(v[i].path) + 1;
        p->v[i] = v[i];
        p->v[i].path = memcpy(to, v[i].path, len);
        to += len;
    }
    if (n)
        qsort(p->v, n, sizeof *p->v, by_path);
    return p;
}

struct zc_places *zc_places_ref(struct zc_places *p)
{
    if (p)
        __atomic_add_fetch(&p->refs, 1, __ATOMIC_RELAXED);
    return p;
}

void zc_places_unref(struct zc_places *p)
{
    if (p && __atomic_sub_fetch(&p->refs, 1, __ATOMIC_ACQ_REL) == 0)
        free(p);
}

/* As zc_relpath_cmp, of the first N bytes of B. */
static int cmp_first(const char *a, const char *b, size_t n)
{
    const unsigned char *x = (const void *)a, *y = (const void *)b;
    const unsigned char *end = y + n;
    while (*x && y < end && *x == *y)
        x++, y++;
    int p = *x == '/' ? 1 : *x ? *x + 1 : 0;
    int q = y == end ? 0 : *y == '/' ? 1 : *y + 1;
    return p - q;
}

/* The index of the first that is not before the N bytes at PATH; *SAME: it is
 * that one. */
static size_t lower_bound(const struct zc_places *p, const char *path,
                          size_t n, bool *same)
{
    size_t low = 0, high = p->n;
    *same = false;
    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int c = cmp_first(p->v[mid].path, path, n);
        *same |= c == 0;
        if (c < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return low;
}

const struct zc_place *zc_places_at(const struct zc_places *p,
                                    const char *path)
{
    bool same;
    if (!p || !p->n)
        return NULL;
    size_t i = lower_bound(p, path, strlen(path), &same);
    return same ? &p->v[i] : NULL;
}

const struct zc_place *zc_places_over(const struct zc_places *p,
                                      const char *path)
{
    size_t n = p && p->n ? strlen(path) : 0;
    while (n) {
        bool same;
        size_t i = lower_bound(p, path, n, &same);
        if (same)
            return &p->v[i];
        const char *slash = memrchr(path, '/', n);
        n = slash ? (size_t)(slash - path) : 0;
    }
    return NULL;
}

const struct zc_place *zc_places_below(const struct zc_places *p,
                                       const char *path)
{
    size_t n = strlen(path);
    bool same;
    if (!p || !p->n)
        return NULL;
    size_t i = lower_bound(p, path, n, &same);
    i += same;
    return i < p->n && zc_place_is_below(&p->v[i], path, n) ? &p->v[i] : NULL;
}

bool zc_places_may_enter(const struct zc_places *p, const char *path,
                         uint64_t mnt, uint64_t root_mnt, bool *since)
{
    const struct zc_place *over = zc_places_over(p, path);
    *since = false;
    if (over && over->state != ZC_PLACE_MOUNTED)
        return false;
    if (!p || !p->strict || mnt == (over ? over->mnt : root_mnt))
        return true;
    *since = true;
    return false;
}
