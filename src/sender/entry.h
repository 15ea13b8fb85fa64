/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the peer is told of one file, directory or whatever else has a name: an
 * entry, made of what stat and its attributes say; and which version of it that
 * was. Any thread; the names of ids have a lock of their own.
 */
#ifndef ZC_SENDER_ENTRY_H
#define ZC_SENDER_ENTRY_H

#include "fs/idmap.h"
#include "fs/meta.h"
#include "sender/core.h"
#include "tree/dirnode.h"

/* The names of users and groups, each told once before an entry has its id. */
struct zc_ids {
    struct zc_idmap *map;
    pthread_mutex_t lock; /* telling: taken with no other, then the conn's */
};

void zc_ids_init(struct zc_sender *s, struct zc_ids *ids);
/* When S's options are known. */
int zc_ids_start(struct zc_sender *s, struct zc_err *err);
void zc_ids_fini(struct zc_sender *s);
/* Sends the names of all ids that are new among these and in the attribute set
 * of N bytes. -1: the run has failed. */
int zc_ids_announce(struct zc_sworker *w, uint32_t uid, uint32_t gid,
                    const uint8_t *xattrs, size_t n);

/* Fills E from ST; the name and the target are the caller's. */
void zc_entry_from_stat(const struct zc_sender *s, const struct zc_stat *st,
                        struct zc_entry *e);
/* A damaged inode may have more nanoseconds than a second has. Its entry says
 * that there are none, and the user is told, once per listing. */
bool zc_entry_odd_time(const struct zc_stat *st);
void zc_entry_tell_odd_time(struct zc_sworker *w, struct zc_dirnode *node,
                            const char *name, const struct zc_stat *st);
/* NAME's attributes (as far as they are kept) into W, their digest into E. -1
 * and errno: they cannot be read; then W has none. */
int zc_entry_xattrs(struct zc_sworker *w, int dirfd, const char *name,
                    struct zc_entry *e);
/* Tells the user of a trouble with NAME in the directory NODE ("": with NODE
 * itself). */
void zc_entry_trouble(struct zc_sworker *w, struct zc_dirnode *node,
                      const char *name, enum zc_trouble kind,
                      const char *what, int eno);
/* The same of what could not be read, with errno: a name that is gone, or another
 * kind of file than it was a moment ago, has changed, and is no trouble of the
 * source's. */
void zc_entry_unread(struct zc_sworker *w, struct zc_dirnode *node,
                     const char *name, const char *what);
/* Flags (enum zc_entry_flag) for an entry of which WHAT (enum zc_change) is in
 * doubt. */
unsigned zc_entry_doubt(const struct zc_sender *s, unsigned what,
                        const struct zc_stat *st);

/* A version of a file; ino 0: none. */
struct zc_seen {
    uint64_t dev, ino, size;
    int64_t ctime_s;
    uint32_t ctime_ns;
};
struct zc_seen zc_seen_of(const struct zc_stat *st);
bool zc_seen_same(const struct zc_seen *seen, const struct zc_stat *st);

/* Changed so lately that a later change might not show in its times. */
bool zc_changed_lately(const struct zc_stat *st);
/* A file with holes, fewer blocks than its size asks for, or one that shall get
 * some. KEEP: enum zc_keep. */
bool zc_maybe_sparse(const struct zc_stat *st, unsigned keep);

#endif
