/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash map from a pair of 64-bit numbers (device and inode, list and index)
 * to a pointer. Open addressing, no tombstones. The map owns no values. Not
 * shared between threads without a lock.
 */
#ifndef ZC_BASE_MAP_H
#define ZC_BASE_MAP_H

#include "base/util.h"

struct zc_map_slot {
    uint64_t a, b;
    void *value; /* NULL: free slot */
};

struct zc_map {
    struct zc_map_slot *slots;
    size_t used, cap; /* cap is 0 or a power of two */
};

void zc_map_fini(struct zc_map *m); /* frees the table, not the values */
void *zc_map_get(const struct zc_map *m, uint64_t a, uint64_t b);
/* VALUE must not be NULL; replaces. 0, or -1 when memory ran out. */
int zc_map_put(struct zc_map *m, uint64_t a, uint64_t b, void *value);
void *zc_map_del(struct zc_map *m, uint64_t a, uint64_t b); /* the old value */
/* Walks all entries: start with *AT = 0; NULL at the end. The map must not
 * change meanwhile. */
struct zc_map_slot *zc_map_next(const struct zc_map *m, size_t *at);

#endif
