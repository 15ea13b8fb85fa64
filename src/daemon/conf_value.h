/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of zcsync.conf(5): text to struct and back. Inside the configuration:
 * only conf*.c include this.
 */
#ifndef ZC_DAEMON_CONF_VALUE_H
#define ZC_DAEMON_CONF_VALUE_H

#include "base/buf.h"
#include "base/err.h"
#include "daemon/conf_table.h"
#include "daemon/conf_types.h"

/* Takes VALUE for K into OBJECT (struct zc_conf, zc_conf_peer, ...), where K
 * has no value yet or may have several. `to` is only cut at its commas (see
 * zc_conf_resolve). -1 with a sentence that does not say where. */
int zc_conf_take(const struct zc_conf_key *k, void *object, const char *value,
                 struct zc_err *err);

/* The same for the kinds of K that only mirrors have. */
int zc_conf_take_for_mirror(const struct zc_conf_key *k,
                            struct zc_conf_mirror *m, const char *value,
                            struct zc_err *err);

/* Takes VALUE as it is. *OUT is the caller's to free. */
int zc_conf_take_text(char **out, const char *value, struct zc_err *err);

/* Takes "yes" or "no". */
int zc_conf_take_bool(const char *value, bool *out, struct zc_err *err);

/* Takes an absolute path of up to MAX bytes, in its shortest form, so that two
 * can be compared: single slashes, none at the end, no "."; ".." is refused, as
 * what it means depends on symlinks. *OUT is the caller's to free. */
int zc_conf_take_path(const char *value, size_t max, char **out,
                      struct zc_err *err);

/* "inotify"; "unknown" for what another process made up. */
const char *zc_conf_watch_name(enum zc_watch_kind kind);

/* NULL: there is none. */
const struct zc_conf_peer *zc_conf_find_peer(const struct zc_conf *c,
                                             const char *name);

/* Adds the keys of PEERS, the names of peers as they stand in the file, to KEYS.
 * -1 with a sentence that does not say where. */
int zc_conf_share_peers(const struct zc_conf *c, zc_conf_key_list *keys,
                        const char *peers, struct zc_err *err);

/* Takes USERS, names or numbers of users of this machine with commas or spaces
 * between, or "any", for S. -1 with a sentence that does not say where. */
int zc_conf_share_users(struct zc_conf_share *s, const char *users,
                        struct zc_err *err);
/* "plain users" and "trust" are about shares without `peers`. Likewise. */
int zc_conf_check_share(const struct zc_conf_share *s, struct zc_err *err);

/* zc_conf_check_reach for `listen`, where that can be told without asking
 * anybody. -1 with a sentence that does not say where. */
int zc_conf_check_listen(const struct zc_conf *c, struct zc_err *err);

/* Whether [web] may be reached where it listens. Likewise. */
int zc_conf_check_web(const struct zc_conf *c, struct zc_err *err);

/* Finds out where M's destinations are. -1 with a sentence that does not say
 * where. */
int zc_conf_resolve(const struct zc_conf *c, struct zc_conf_mirror *m,
                    struct zc_err *err);

/* Whether A and B are one host, as far as that is known without asking
 * anybody. */
bool zc_conf_same_host(const char *a, const char *b);

/* Whether the mirrors of C, resolved, leave each other's destinations, and
 * shares, alone. -1 with a sentence that does not say where, which is *LINE. */
int zc_conf_check_fights(const struct zc_conf *c, unsigned *line,
                         struct zc_err *err);

/* Fills in m->text. CHMOD: as it was written, or NULL. -1: out of memory. */
int zc_conf_describe(const struct zc_conf *c, struct zc_conf_mirror *m,
                     const char *chmod);

#endif
