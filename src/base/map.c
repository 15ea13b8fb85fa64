// SPDX-License-Identifier: GPL-2.0-or-later
/* Linear probing with backward-shift deletion; see map.h. */
#include "base/map.h"

static size_t home(const struct zc_map *m, uint64_t a, uint64_t b)
{
    uint64_t h = (a ^ (b * 0x9e3779b97f4a7c15u)) * 0xff51afd7ed558ccdu;
    h ^= h >> 32;
    h *= 0xc4ceb9fe1a85ec53u;
    h ^= h >> 29;
    return (size_t)h & (m->cap - 1);
}

void zc_map_fini(struct zc_map *m)
{
    free(m->slots);
    *m = (struct zc_map){0};
}

static struct zc_map_slot *find(const struct zc_map *m, uint64_t a, uint64_t b)
{
    size_t i = home(m, a, b);
    while (m->slots[i].value && (m->slots[i].a != a || m->slots[i].b != b))
        i = (i + 1) & (m->cap - 1);
    return &m->slots[i];
}

void *zc_map_get(const struct zc_map *m, uint64_t a, uint64_t b)
{
    return m->cap ? find(m, a, b)->value : NULL;
}

static int grow(struct zc_map *m)
{
    struct zc_map bigger = {.cap = m->cap ? m->cap * 2 : 64};
    bigger.slots = calloc(bigger.cap, sizeof *bigger.slots);
    if (!bigger.slots)
        return -1;
    for (size_t i = 0; i < m->cap; i++)
        if (m->slots[i].value)
            *find(&bigger, m->slots[i].a, m->slots[i].b) = m->slots[i];
    bigger.used = m->used;
    free(m->slots);
    *m = bigger;
    return 0;
}

int zc_map_put(struct zc_map *m, uint64_t a, uint64_t b, void *value)
{
    if (m->used * 4 >= m->cap * 3 && grow(m))
        return -1;
    struct zc_map_slot *s = find(m, a, b);
    m->used += !s->value;
    *s = (struct zc_map_slot){a, b, value};
    return 0;
}

void *zc_map_del(struct zc_map *m, uint64_t a, uint64_t b)
{
    if (!m->cap)
        return NULL;
    struct zc_map_slot *hole = find(m, a, b);
    void *old = hole->value;
    if (!old)
        return NULL;
    m->used--;
    size_t mask = m->cap - 1, at = (size_t)(hole - m->slots), i = at;
    /* Move back every entry that probing would no longer reach. */
    for (;;) {
        i = (i + 1) & mask;
        if (!m->slots[i].value)
            break;
        size_t want = home(m, m->slots[i].a, m->slots[i].b);
        if (((i - want) & mask) >= ((i - at) & mask)) {
            m->slots[at] = m->slots[i];
            at = i;
        }
    }
    m->slots[at].value = NULL;
    return old;
}

struct zc_map_slot *zc_map_next(const struct zc_map *m, size_t *at)
{
    while (*at < m->cap) {
        struct zc_map_slot *s = &m->slots[(*at)++];
        if (s->value)
            return s;
    }
    return NULL;
}
