/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hard links. The names of one inode of the source form a group. The first name
 * met, the leader, is treated like any other entry; those that come later
 * become links to it: at once where it is in place, else when it is. Where the
 * leader fails, the first that waits takes its place.
 *
 * Any thread, not under receiver.lock. A group that is handed out is referenced
 * until zc_hardlink_put.
 */
#ifndef ZC_RECEIVER_HARDLINKS_H
#define ZC_RECEIVER_HARDLINKS_H

#include "base/map.h"
#include "fs/meta.h"
#include "proto/msg.h"
#include "receiver/lists.h"

struct zc_hardlink_group;
struct zc_shelf;

/* The inode of the source by which a group is known. */
struct zc_hardlink_key {
    bool grouped; /* else it has one name, or hard links are not kept */
    uint32_t dev;
    uint64_t ino;
};
struct zc_hardlink_key zc_hardlink_key(const struct zc_receiver *r,
                                       const struct zc_entry *e);

/* All under receiver.lock. */
struct zc_hardlinks {
    struct zc_map groups;  /* key -> zc_hardlink_group */
    struct zc_map leaders; /* (list, index) -> the group that it leads */
    struct zc_map inodes;  /* local (device, inode) -> the key of the file that
                              it stands for: those with several names. Where it
                              is not grouped: (list, index) of its entry */
    size_t bytes, max;     /* of memory for them, about; ZC_HARDLINKS_MAX */
    bool full;             /* it was not enough in this round */
};

/* A peer says how many names an inode has, and may keep groups open with that.
 * This is for about two million of them. */
#define ZC_HARDLINKS_MAX ((size_t)512 << 20)
void zc_hardlinks_init(struct zc_hardlinks *h);

/* All that is there is read, by several threads, and nothing is changed: a
 * leader is settled as soon as it leads, and nobody waits for it until its
 * bytes are known. */
bool zc_hardlinks_at_once(const struct zc_receiver *r);

enum zc_hardlink_role {
    ZC_HARDLINK_LEADER,  /* the first name met: an entry like any other */
    ZC_HARDLINK_READY,   /* the inode is in place: link to it */
    ZC_HARDLINK_WAITING, /* it will be: queued, and counted as outstanding */
    ZC_HARDLINK_ALONE,   /* there are too many groups: it is to be a file of its
                            own, which the sender is told */
    ZC_HARDLINK_NOMEM
};
/* E (LIST/REF) belongs to a group: what is it there? With READY, *GROUP is
 * handed out. */
enum zc_hardlink_role zc_hardlink_join(struct zc_receiver *r,
                                       struct zc_rlist *list,
                                       const struct zc_entry *e,
                                       struct zc_ref ref,
                                       struct zc_hardlink_group **group);
void zc_hardlink_put(struct zc_receiver *r, struct zc_hardlink_group *group);
/* READY: true when the local file ST, in S, is the group's inode already; or,
 * where that cannot be seen, looks as if it were. */
bool zc_hardlink_same(struct zc_rworker *w, struct zc_hardlink_group *group,
                      const struct zc_shelf *s, const struct zc_stat *st);
/* READY: makes NAME in D another name of the group's inode. 0, or -1 with errno
 * and *OP. */
int zc_hardlink_make(struct zc_rworker *w, struct zc_hardlink_group *group,
                     struct zc_rdir *d, const char *name, unsigned *op);

/* Makes NAME in S, which is open as TO, a link to LEADER in FROM, whatever has the
 * name. The same. */
int zc_hardlink_at(struct zc_rworker *w, int from, const char *leader,
                   struct zc_shelf *s, int to, const char *name, unsigned *op);
/* Likewise, by way of the staging folder. */
int zc_hardlink_over(struct zc_rworker *w, int from, const char *leader,
                     struct zc_shelf *s, const char *name, unsigned *op);

/* The leader of group KEY is in place as NAME in D (or, with OK false, will
 * never be): settles those that wait. Where KEY is no group, or its leader was
 * settled, nothing happens. */
void zc_hardlink_settle(struct zc_rworker *w, struct zc_hardlink_key key,
                        struct zc_rdir *d, const char *name, bool ok);
/* zc_entry_done for what may have led a group: where it left that unsettled,
 * because what came for it was not that inode any more, or did not come, the
 * leader failed. */
void zc_hardlink_done(struct zc_rworker *w, struct zc_rlist *list,
                      struct zc_ref ref, enum zc_status status, unsigned op,
                      int eno);
/* Those of a list that were settled before its NEED was sent. */
void zc_hardlink_serve(struct zc_rworker *w,
                       struct zc_hardlink_deferred *deferred);

/* The local file ST has several names. True when another of them already stands
 * for another file of the source: the name of E (REF) needs an inode of its own.
 */
bool zc_hardlink_taken(struct zc_receiver *r, const struct zc_stat *st,
                       const struct zc_entry *e, struct zc_ref ref);

/* At the end of a round, or of a session that broke off: all of it, waiters in
 * lists included. */
void zc_hardlinks_free(struct zc_receiver *r);

#endif
