/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Users and groups between two hosts: by name where both know the name, else by
 * number. One map serves one session; all functions lock inside, so any thread
 * may call. Names come from getpwuid_r(3) and friends and are cached, absence
 * included.
 */
#ifndef ZC_FS_IDMAP_H
#define ZC_FS_IDMAP_H

#include "base/err.h"
#include "fs/idrules.h"

#include <sys/types.h>

struct zc_idmap;

#define ZC_ID_NAME_MAX 255 /* bytes of a user or group name */

/* NUMERIC: names are never looked at (--numeric-ids). NULL: out of memory. */
struct zc_idmap *zc_idmap_new(bool numeric);
void zc_idmap_free(struct zc_idmap *m);

/* The name of local ID, "" when it has none or the map is numeric. The string
 * lives as long as the map. */
const char *zc_idmap_name(struct zc_idmap *m, enum zc_id_kind kind,
                          uint32_t id);

/* Sender: true the first time it is called for KIND and ID, that is when the
 * peer has to be told the name. Always false in a numeric map. */
bool zc_idmap_announce(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id);

/* Receiver: the peer's ID is called NAME (a valid user or group name, checked
 * by the caller for length only). 0, or -1: out of memory. At most
 * ZC_IDMAP_LEARN_MAX names are kept; later ones are ignored. */
#define ZC_IDMAP_LEARN_MAX 100000
int zc_idmap_learn(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id,
                   const char *name, size_t n);

/* Receiver: the local id for the peer's ID: that of the learned name if this
 * host knows it, else ID itself. 0 (root) maps to 0 always. */
uint32_t zc_idmap_local(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id);

/* Receiver: into PEERS (local id, 0 -> 1 + the peer's) which of the peer's ids maps
 * to a local one, for each name that was learned and each rule about numbers; where
 * there are several it is one of them. 0, or -1: memory. */
struct zc_map;
int zc_idmap_peers(struct zc_idmap *m, enum zc_id_kind kind,
                   struct zc_map *peers);

/* --chown: every id of KIND maps to local ID from now on. */
void zc_idmap_force(struct zc_idmap *m, enum zc_id_kind kind, uint32_t id);

/* --usermap, --groupmap: before anything is learned, which ids of KIND map to
 * what; the map's from now on. */
void zc_idmap_rule(struct zc_idmap *m, enum zc_id_kind kind,
                   struct zc_idrules *rules);

/* True when all ids of KIND map to *ID, by one of these two. */
bool zc_idmap_all_are(struct zc_idmap *m, enum zc_id_kind kind, uint32_t *id);

/* The local id of NAME, or of a decimal number. 0 or -1 (unknown). */
int zc_id_lookup(enum zc_id_kind kind, const char *name, uint32_t *id);

/* True when users or groups of this host have changed since the map was made,
 * and some name or id had no match: it may have one now, and a sandbox may keep
 * the new files from being read. For a map that will go on being used (LASTING)
 * that they have changed is enough: whoever had a match may have another number. */
bool zc_idmap_outdated(struct zc_idmap *m, bool lasting);

/* Loads the name-service modules, so that no later sandbox hides them. */
void zc_idmap_warm_up(void);

#endif
