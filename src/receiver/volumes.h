/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mounts (or subvolumes) that a session has met, the root's own included:
 * each has a staging folder of its own, because rename(2) does not cross them.
 *
 * The list belongs to receiver.lock, but for the functions that are called
 * between rounds or at the end, by the reader; a volume stays until such a one
 * lets it go.
 */
#ifndef ZC_RECEIVER_VOLUMES_H
#define ZC_RECEIVER_VOLUMES_H

#include "base/err.h"
#include "fs/heritage.h"
#include "fs/meta.h"
#include "fs/staging.h"
#include "tree/dirnode.h"

#include <stdatomic.h>
#include <sys/queue.h>

struct zc_receiver;

/* Directories that take different names for the same: spelling.h. */
enum zc_folding {
    ZC_FOLDING_UNKNOWN,
    ZC_FOLDING_NONE,
    ZC_FOLDING_SOME, /* those with a flag */
    ZC_FOLDING_ALL
};

/* What is left of the last look at how much room there is: room.h. */
struct zc_budget {
    atomic_int_fast64_t bytes, inodes;
    atomic_int_fast64_t until; /* zc_clock_ns: it is too old then */
    atomic_bool low;           /* something was refused since */
};

struct zc_volume {
    SLIST_ENTRY(zc_volume) next;
    uint64_t dev, mnt_id;
    int dirfd; /* its top directory; -1: dry run, and not there */
    struct zc_staging *staging;
    uint32_t time_step;    /* see zc_time_step */
    bool preallocate;      /* fallocate(2) pays on this file system */
    bool careful;          /* see zc_meta_trusted */
    bool created_known;    /* what a new file's owner is here: */
    uint32_t created_uid, created_gid;
    atomic_uint folding;   /* enum zc_folding */
    atomic_uint links;     /* medium.c: what is known of hard links; 0: nothing */
    unsigned passes_on;    /* by directories: enum zc_heritage_kind, and */
    struct zc_heritage heritage; /* what things in the staging folder have */
    bool has_properties;   /* those of btrfs */
    bool may_refuse;       /* some directories refuse what is made elsewhere */
    bool staging_kept;     /* over the end of a round */
    bool clones;           /* copies may take no room */
    struct zc_budget budget;
    bool top_wanted;       /* its top directory's times were wanted: */
    int64_t top_mtime_s;
    uint32_t top_mtime_ns;
};

struct zc_volumes {
    SLIST_HEAD(, zc_volume) list; /* the latest first, the root's last */
    bool left; /* mounts that were written to in earlier rounds */
    atomic_bool careful; /* one of those in the session is */
};

void zc_volumes_init(struct zc_volumes *v);

/* Is what ST tells of on V (NULL: no)? */
bool zc_volume_has(const struct zc_volume *v, const struct zc_stat *st);
/* The root's, or, in a dry run that has no root, one that stands for it. NULL
 * and errno. */
struct zc_volume *zc_volume_of_root(struct zc_receiver *r);
/* The one with the directory FD (ST), which lies on another than its parent.
 * NULL and errno. */
struct zc_volume *zc_volume_enter(struct zc_receiver *r, int fd,
                                  const struct zc_stat *st);
/* The one that NODE lies on, from *V (the root's) on: which, is seen on the way
 * down. *TOP: it is its top directory. 0, or -1 and errno. */
int zc_volume_of_node(struct zc_receiver *r, struct zc_dirnode *node,
                      struct zc_volume **v, bool *top);
/* The one with the directory FD, if it has been met; else NULL. */
struct zc_volume *zc_volume_known(struct zc_receiver *r, int fd);
/* The finest time step at the root. */
uint32_t zc_volumes_time_step(const struct zc_receiver *r);

/* syncfs(2) on all of them; any thread, without the lock. 0 or errno. */
int zc_volumes_syncfs(struct zc_receiver *r);
/* At the end of a round. ALL: what was written and not synced may be anywhere,
 * in earlier rounds, too; else syncing the top directories will do. -1: errno.
 */
int zc_volumes_sync(struct zc_receiver *r, bool all);
/* Another round may follow: the staging folders stay, and what making them did
 * to their parents' times is undone. */
void zc_volumes_keep_staging(struct zc_receiver *r);
/* The staging folders go, and so does what that did. */
void zc_volumes_clear_staging(struct zc_receiver *r);
/* Mounts that were met are left alone between rounds, or nobody could unmount
 * them. */
void zc_volumes_leave(struct zc_receiver *r);
void zc_volumes_free(struct zc_receiver *r);

#endif
