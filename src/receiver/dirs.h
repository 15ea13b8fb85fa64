/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Directories at the destination, from the moment the sender names one until
 * all in it is finished:
 *
 *   NEW -- first list has files --> STAGED: filled in .zcsync under final names
 *    |                                |  all files done, or many of them
 *    | no files: mkdir in place       v
 *    +-----------------------> in place <-- one rename, metadata set before
 *                                 |
 *   EXISTS ---------------------> | nothing pending: metadata, and times last
 *                                 v
 *                              finished; the parent has one thing less to do
 *
 * A directory lives as long as something is pending in it (see ledger.h).
 * Functions that may finish one take a worker, for the notes. Any thread, not
 * under receiver.lock.
 */
#ifndef ZC_RECEIVER_DIRS_H
#define ZC_RECEIVER_DIRS_H

#include "base/map.h"
#include "base/vec.h"
#include "fs/meta.h"
#include "proto/msg.h"
#include "receiver/ledger.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "tree/names.h"

struct zc_filter;
struct zc_groups;
struct zc_receiver;
struct zc_rworker;
struct zc_spelling;

enum zc_rdir_state {
    ZC_RD_EXISTS,
    ZC_RD_NEW,    /* to be made when its first list is here */
    ZC_RD_STAGED, /* being filled in the staging folder */
    ZC_RD_ABSENT, /* dry run: would be made */
    ZC_RD_FAILED, /* could not be made; what is in it is skipped */
};

/* How far its lists have been compared: the worker's that does it, one at a
 * time. */
struct zc_rdir_cursor {
    char *last_name;       /* of the lists so far; NULL: none */
    struct zc_names names; /* what is here, */
    size_t at;             /* up to which it has been passed, */
    bool read;             /* once it has been read */
};

struct zc_rdir {
    LIST_ENTRY(zc_rdir) all; /* every one that lives */
    struct zc_shelf shelf;
    struct zc_rdir *parent;
    struct zc_ref ref;
    enum zc_rdir_state state;
    bool volume_top;
    /* What it shall look like; ids are local ones. */
    uint32_t mode, uid, gid;
    unsigned keep; /* of it: enum zc_keep */
    int64_t mtime_s;
    uint32_t mtime_ns;
    struct zc_fileflags fileflags;
    bool implied; /* leave it as it is */
    bool top;     /* a round's own: LIST 0, or AT */
    bool shallow; /* AT: what is below its subdirectories is not in doubt */
    bool seen;    /* what is missing in it was seen to go */
    int missing;  /* AT: errno, where it could not be opened */
    bool have_xattrs;
    uint8_t *xattrs;
    size_t xattrs_len;
    struct zc_filter *filter; /* the rules in it; NULL: those of OPEN */
    struct zc_filter *inherited; /* what that was before it got its own */
    struct zc_queue_line lists;
    struct zc_rdir_cursor cursor;
    struct zc_spelling *spelling; /* where names can be the same; or NULL */
    bool spelling_known;          /* whether it is one, has been found out */
    uint32_t digest; /* its number in the digests (digests.h); 0: none */
    struct zc_groups *groups; /* as the sender has told them; or NULL. Names of
                                 those that are the same are not listed */
    size_t group; /* that the cursor is in */
    bool grouped, listing; /* the reader's: GROUPS, another LIST has come */
    /* Progress, under receiver.lock. */
    bool answered; /* which groups differ is on its way to the sender */
    bool list_over;   /* its last list has been received */
    bool walking;     /* its last list has not been compared: moved.h */
    bool searched;    /* its own files will be, or have been */
    bool meta_asked;  /* NEED META is open */
    bool in_doubt;    /* that tells whether anything differs */
    bool listed;      /* its last list was compared */
    bool differs;     /* metadata has to be set at the end */
    bool closing;     /* no more direct writes */
    bool placing;     /* its way into place has begun */
    struct zc_ledger_dir book;
    unsigned direct;      /* workers writing under final names in it */
    uint64_t direct_done; /* files written that way */
    char staged_name[ZC_STAGING_NAME_SIZE];
};

/* All under receiver.lock. */
struct zc_rdirs {
    struct zc_map by_ref; /* (list, index) -> zc_rdir that lives */
    LIST_HEAD(, zc_rdir) all;
    uint64_t rules; /* bytes that zc_rdir_take_rules had, this round */
    /* This round's own, kept until the deletions are decided. */
    ZC_VEC(struct zc_rdir *) tops;
};

void zc_rdirs_init(struct zc_rdirs *d);
/* All that are left, after a session that broke off. */
void zc_rdirs_free(struct zc_receiver *r);

/* A child of PARENT as E describes it. Counts as pending in PARENT. NULL: out
 * of memory. */
struct zc_rdir *zc_rdir_new(struct zc_receiver *r, struct zc_rdir *parent,
                            const struct zc_entry *e, struct zc_ref ref,
                            enum zc_rdir_state state);
/* An existing directory ST, NAME in DIRFD, may be another mount's top. */
int zc_rdir_set_volume(struct zc_receiver *r, struct zc_rdir *d, int dirfd,
                       const char *name, const struct zc_stat *st);
/* The directory at PATH ("": the root) as a top of this round. One more thing
 * is pending in it, until the round is over. It is FAILED where it is not a
 * directory here. */
struct zc_rdir *zc_rdir_new_top(struct zc_receiver *r, struct zc_bytes path,
                                const struct zc_entry *e, struct zc_ref ref);
/* RULES are D's own, and of what is in it. -1 with a sentence. */
int zc_rdir_take_rules(struct zc_receiver *r, struct zc_rdir *d,
                       struct zc_bytes rules, struct zc_err *err);
/* The rules in D. */
const struct zc_filter *zc_rdir_rules(const struct zc_receiver *r,
                                      const struct zc_rdir *d);
/* Makes sure D is there before its first list is worked on. */
void zc_rdir_start(struct zc_rworker *w, struct zc_rdir *d, bool has_files);
/* D cannot be worked in; the caller, who is listing it, has told. */
void zc_rdir_fail(struct zc_rworker *w, struct zc_rdir *d);

/* One more thing is pending in D, which has some: it lives on. */
void zc_rdir_hold(struct zc_receiver *r, struct zc_rdir *d);
/* One thing less; finishes D, and parents, when that was the last. */
void zc_rdir_drop(struct zc_rworker *w, struct zc_rdir *d);
/* After a file in D was finished, or D was listed: is D to be put in place? */
void zc_rdir_check(struct zc_rworker *w, struct zc_rdir *d);
/* What is being made on the way to PATH is put in place as soon as may be. */
void zc_rdirs_hurry(struct zc_rworker *w, const char *path);
/* The session has broken off: what is being made, and has files in it already,
 * is put in place as it is. No worker is at work in it any more. */
void zc_rdirs_keep(struct zc_rworker *w);
/* A worker wants to write under final names in D: true when it may. End with
 * zc_rdir_direct_end. */
bool zc_rdir_direct_begin(struct zc_receiver *r, struct zc_rdir *d);
void zc_rdir_direct_end(struct zc_rworker *w, struct zc_rdir *d,
                        unsigned files);

/* NAME (N bytes) in D is the staging folder, which is nobody's. */
bool zc_rdir_reserves(const struct zc_rdir *d, const char *name, size_t n);
/* One of NAMES, which are in D, is not. */
bool zc_rdir_any_name(const struct zc_rdir *d, const struct zc_names *names);

/* Nothing is left to do in the tops but to finish them? */
bool zc_rdirs_tops_ready(const struct zc_receiver *r);
/* Finishes them. LEAVE: as they are. */
void zc_rdirs_finish_tops(struct zc_rworker *w, bool leave);

#endif
