/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receiving side's state, shared by
 *   receive.c    the session: threads, the end
 *   opening.c    its beginning: OPEN, OPENED
 *   reader.c     messages from the socket, checked
 *   places.c     rounds about some names only: AT, RENAME
 *   workers.c    the queue between reader and workers, and their answers
 *   walk.c       LIST against the directory here
 *   compare.c    one entry: what differs, what is needed or done at once
 *   apply.c      FILE and META: writing files, setting metadata
 *   bigfile.c    FILE, DATA, SENT, END of files that do not fit in a frame
 *   commit.c     from the staging folder to the name, after the sync
 *   rdir.c       directories: made, filled, put in place, finished
 *   links.c      hard link groups
 *   deletions.c  what is to be deleted, and the brake
 * Not for others.
 *
 *      socket --> reader --+--> work queue --> workers --> answers --> socket
 *                          |                      |
 *                          +-- DATA: splice       +--> commits --> committer
 *                              into files                     (fsync=batch)
 *
 * The reader never waits for anything but the socket and room in the queue;
 * workers may wait for the socket to take their answers, which the sender
 * always does. Lock order: receiver.lock, then the tree's own; the link's turn
 * is never taken under receiver.lock.
 */
#ifndef ZC_RECEIVER_CORE_H
#define ZC_RECEIVER_CORE_H

#include "base/map.h"
#include "base/relpath.h"
#include "base/vec.h"
#include "fs/idmap.h"
#include "fs/meta.h"
#include "receiver/commit.h"
#include "receiver/dirs.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/place.h"
#include "receiver/queue.h"
#include "receiver/receive.h"
#include "session/conn.h"
#include "session/events.h"
#include "session/hash.h"
#include "session/options.h"
#include "tree/dirnode.h"
#include "tree/names.h"

#include <string.h>

struct zc_receiver;
struct zc_rdir;

/* A file that comes in ranges. Owned by the reader until END, then by the
 * worker that finishes it. */
struct zc_rbig {
    struct zc_rbig *next;
    struct zc_ref ref;
    struct zc_rlist *list;
    struct zc_rdir *dir;
    struct zc_msg_file m; /* pointers into `body` */
    uint8_t *body;
    uint32_t mode; /* it was made with */
    int fd;
    char tmp[ZC_STAGING_NAME_SIZE];
    uint64_t end; /* of the last range */
    bool sent;    /* SENT has come */
    unsigned op;  /* what failed, with eno */
    int eno;
    uint8_t verdict;
    uint8_t hash[ZC_HASH_SIZE];
};

struct zc_rplan { /* deletions.c */
    bool held; /* something may not be replaced: the brake */
    struct zc_buf names; /* records */
    uint64_t count;      /* entries to be deleted, trees counted through */
    uint64_t named;      /* of these, what a mirror saw go */
};

struct zc_receiver {
    const struct zc_receive_options *opt;
    struct zc_conn conn;
    /* Of OPEN. */
    uint32_t flags;
    unsigned keep;
    enum zc_fsync fsync;
    uint64_t max_delete;
    unsigned ping_s;
    struct zc_filter *filter;
    struct zc_idmap *ids;
    bool dry, is_root;
    int root_fd; /* -1: dry run, and not there */
    struct zc_dirtree *tree;
    mode_t umask; /* of whoever started us */

    pthread_mutex_t lock; /* all below */
    struct { /* what is waited for, with `lock` */
        pthread_cond_t work; /* workers: something is queued */
        pthread_cond_t room; /* the reader: it is shorter, or all are idle */
        pthread_cond_t commit;    /* the committer: something to commit */
        pthread_cond_t committed; /* the reader: a group has its names */
        pthread_cond_t over;      /* the pinger: the session ends */
    } wake;
    struct zc_queue *queue;
    bool stopping;
    struct zc_rdirs *dirs;
    struct zc_rlists *lists;
    uint32_t next_list;
    uint64_t pending; /* against ZC_PENDING_MAX */
    uint64_t place_names; /* against ZC_PLACE_NAMES_MAX; the reader's */
    struct zc_volumes *volumes;
    struct zc_hardlinks *hardlinks;
    struct zc_rplan plan;
    struct zc_commits *commits;
    atomic_bool failed;
    struct zc_err err;
    bool full; /* the round began with LIST 0 */

    atomic_uint_fast64_t created, deleted;
    atomic_uint_fast64_t local_seen; /* entries that were here */
    uint64_t tree_size; /* entries, about, after the last round: for the brake
                           of rounds that see a part of them only */
    atomic_bool source_has_entries;  /* in its root */
    atomic_uint_fast64_t changes; /* made on disk */
    atomic_bool need_syncfs;
    atomic_int_fast64_t last_input; /* zc_clock_ns of the last frame */

    struct zc_rbig *bigs; /* the reader's */
    unsigned n_bigs;
    uint8_t done_flags; /* of DONE */
    struct zc_rworker *reader; /* what the reader does itself */
    struct zc_space *space;
};

struct zc_rworker {
    struct zc_receiver *r;
    pthread_t thread;
    struct zc_buf out; /* frames */
    ZC_VEC(struct zc_result_item) results;
    struct zc_buf xattrs, path, scratch;
};

/* opening.c */
int zc_receiver_open(struct zc_receiver *r, struct zc_err *err);

/* reader.c */
/* One round, until DONE (0), or trouble (-1). */
int zc_receiver_read(struct zc_receiver *r, struct zc_err *err);

/* places.c: called by the reader. -1 and ERR: the session is over. */
int zc_place_at(struct zc_receiver *r, struct zc_bytes body,
                struct zc_err *err);
int zc_place_rename(struct zc_receiver *r, struct zc_bytes body,
                    struct zc_err *err);
/* A list of a shallow directory: its eager entries count as asked for. */
int zc_place_eager(struct zc_receiver *r, struct zc_rlist *list,
                   struct zc_msg_list m, struct zc_err *err);
/* Before M, a file of LIST, whose directory is shallow, is written: true when
 * it has been dealt with (it is here already to the last byte; a directory that
 * must stay is in its way; its own directory is not there). */
bool zc_place_settles(struct zc_rworker *w, struct zc_rlist *list,
                      const struct zc_msg_file *m);

/* E's name, NUL-ended. */
static inline void zc_entry_name(const struct zc_entry *e,
                                 char out[ZC_NAME_MAX + 1])
{
    memcpy(out, e->name, e->name_len);
    out[e->name_len] = '\0';
}

/* core.c */
/* A sentence about a message that is not allowed. Returns -1. */
int zc_receiver_nonsense(struct zc_err *err, const char *what);
/* The session fails: the first reason counts, and is told to the sender. */
void zc_receiver_fail(struct zc_receiver *r, const struct zc_err *err);
/* Tells the sender why, unless the connection is what failed. */
void zc_receiver_send_error(struct zc_receiver *r, const struct zc_err *err);
/* Wakes all threads, so that they end. */
void zc_receiver_stop(struct zc_receiver *r);
void zc_rworker_fini(struct zc_rworker *w);
int zc_rworker_flush(struct zc_rworker *w);
/* One RESULT: at once for notes, gathered for the rest. */
void zc_rworker_result(struct zc_rworker *w, struct zc_ref ref,
                       enum zc_status status, unsigned op, int eno);
/* A NOTE about NAME (may be "") in D. */
void zc_rworker_note(struct zc_rworker *w, struct zc_dirnode *d,
                     const char *name, unsigned op, uint32_t mode, int eno);
void zc_rworker_note_path(struct zc_rworker *w, const char *path, unsigned op,
                          uint32_t mode, int eno);

/* walk.c */
/* The own entry E of TOP: answers LIST 0, or AT. */
void zc_walk_top(struct zc_rworker *w, struct zc_rdir *top,
                 struct zc_rlist *list, const struct zc_entry *e);
void zc_walk_list(struct zc_rworker *w, struct zc_work *work);

/* apply.c */
void zc_apply_files(struct zc_rworker *w, struct zc_work *work);
void zc_apply_meta(struct zc_rworker *w, struct zc_work *work);

/* bigfile.c: called by the reader. -1 and ERR: the session is over. */
int zc_big_begin(struct zc_receiver *r, struct zc_bytes body,
                 struct zc_err *err);
int zc_big_data(struct zc_receiver *r, struct zc_mover *mover,
                struct zc_bytes body, struct zc_err *err);
int zc_big_sent(struct zc_receiver *r, struct zc_bytes body,
                struct zc_err *err);
int zc_big_end(struct zc_receiver *r, struct zc_bytes body,
               struct zc_err *err);
void zc_big_finish(struct zc_rworker *w, struct zc_rbig *b);
void zc_big_free(struct zc_receiver *r, struct zc_rbig *b);
/* True while a file is coming in that is worth keeping out of the slab. */
bool zc_big_receiving(const struct zc_receiver *r);

/* A big file's bytes will not be needed: the space they take comes free. */
void zc_big_shed(struct zc_receiver *r, struct zc_rbig *b);

/* deletions.c */
/* NAME in D is not in the source. NAMED: a mirror saw it go, it was not merely
 * missed in a list. */
void zc_plan_delete(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                    const char *name, bool named);
/* Decides on the plan and carries it out. 0, or -1: the brake holds. */
int zc_plan_run(struct zc_rworker *w, struct zc_err *err);
/* May NAME, a directory in D that something else shall replace, be removed? */
bool zc_plan_replace(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                     const char *name);

#endif
