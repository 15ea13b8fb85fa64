/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which keys the destinations of one mirror may have, in memory that zcsyncd
 * and the mirror's watcher share: a reload writes, and the watcher asks whenever
 * it wants to know, without a restart. One writer, one thread; any readers.
 */
#ifndef ZC_DAEMON_PEER_KEYS_H
#define ZC_DAEMON_PEER_KEYS_H

#include "daemon/conf_types.h"

struct zc_peer_keys;

struct zc_peer_keys *zc_peer_keys_new(void); /* none; NULL: out of memory */
/* In this process only. NULL is fine. */
void zc_peer_keys_free(struct zc_peer_keys *k);

/* K has the keys of M's destinations from now on. True when it had others. */
bool zc_peer_keys_set(struct zc_peer_keys *k, const struct zc_conf_mirror *m);

/* Whether KEY, in base64, is one of destination I's. */
bool zc_peer_keys_have(const struct zc_peer_keys *k, size_t i,
                       const char *key);

#endif
