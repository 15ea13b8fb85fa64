/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What all of the receiver shares: the terms of the session, its lock, its end,
 * and the answers that a thread gathers for the sender. What only some need is
 * kept by the files that are about it; this struct knows where.
 *
 *      socket --> reader --+--> queue --> workers --> answers --> socket
 *                          |                 |
 *                          +-- DATA: splice  +--> commits --> committer
 *                              into files    |           (fsync=batch)
 *                                            +--> what reads much: slow
 *                                                 workers
 *
 * The reader never waits for anything but the socket and room in the queue;
 * workers may wait for the socket to take their answers, which the sender
 * always does. Not for other rooms: they have receive.h.
 */
#ifndef ZC_RECEIVER_CORE_H
#define ZC_RECEIVER_CORE_H

#include "base/relpath.h"
#include "base/vec.h"
#include "session/accept.h"
#include "session/conn.h"
#include "session/intake.h"
#include "session/options.h"
#include "session/terms.h"
#include "tree/dirnode.h"

#include <string.h>

struct zc_rbigs;
struct zc_anchor;
struct zc_backup;
struct zc_behind;
struct zc_commits;
struct zc_deletions;
struct zc_hardlinks;
struct zc_ledger;
struct zc_moved;
struct zc_queue;
struct zc_rdigests;
struct zc_rdirs;
struct zc_rlists;
struct zc_room;
struct zc_rsurvey;
struct zc_rworker;
struct zc_seals;
struct zc_shared;
struct zc_shelves;
struct zc_space;
struct zc_volumes;

/* What the reader knows of the round it is in. */
struct zc_rround {
    uint32_t next_list;
    bool full;           /* it began with LIST 0 */
    uint64_t path_names; /* in the paths of its ATs: ZC_PLACE_NAMES_MAX */
    uint8_t done_flags;  /* of DONE */
};

/* What was done in a round. */
struct zc_rdone {
    atomic_uint_fast64_t created, deleted; /* entries */
    atomic_uint_fast64_t changes;          /* on disk, of any kind */
    atomic_bool need_syncfs; /* some of them no fsync of a file covers */
    atomic_bool trouble; /* the sender was told of some */
    atomic_bool unsent;  /* it could not send something it had listed */
};

struct zc_receiver {
    unsigned threads; /* as asked for */
    const struct zc_pull *pull; /* we have dialled; NULL: the peer has */
    bool opened; /* both ends know what it is about */
    bool heard_out; /* ... and that it is over */
    unsigned n_slow;  /* slow workers; under `lock` */
    struct zc_conn conn;
    /* Set when the session is opened, and fixed from then on. */
    struct zc_terms terms;
    /* What is asked for often, of their OPEN. */
    uint32_t flags; /* enum zc_open_flag */
    unsigned keep;  /* enum zc_keep */
    unsigned apply; /* enum zc_open_apply */
    enum zc_fsync fsync;
    uint64_t max_delete;
    struct zc_idmap *ids;
    bool dry, is_root;
    bool partials; /* what is left of big files is kept, and used */
    /* Owners that are kept by default, by one who may not give files away: what
     * cannot be set is no difference, and told once, in FINISHED. */
    bool owners_limited;
    gid_t *groups; /* that files may be given to, then */
    int n_groups;
    atomic_bool owners_left;
    /* Who is told of room (zc_accept_options). */
    void (*tell_room)(void *arg, const char *text);
    void *tell_room_arg;
    atomic_bool doubts; /* files here may not be what they look like: behind.h */
    struct zc_changes *changes; /* NULL: nobody wants to know */
    int root_fd; /* -1: dry run, and not there */
    struct zc_dirtree *tree;
    mode_t umask; /* of whoever started us */
    /* Bytes of attribute sets that wait for their directory to be finished, or
     * for the end of the round; zc_attrs_take. */
    atomic_size_t attrs_held;

    /* Lock order: shelves.lock, this one, then the tree's, the staging folders'
     * and the id map's own. The turn to send (conn.lock) is never taken under
     * it. */
    pthread_mutex_t lock;
    struct { /* what is waited for, with `lock` */
        pthread_cond_t work; /* workers: something is queued */
        pthread_cond_t slow; /* slow workers: something was put aside */
        pthread_cond_t room; /* the reader: it is shorter, or all are idle */
        pthread_cond_t commit;    /* the committer: something to commit */
        pthread_cond_t committed; /* the reader: a group has its names */
        pthread_cond_t over;      /* the pinger: the session ends, or a round
                                     begins */
    } wake;
    struct { /* between rounds nobody wakes up */
        atomic_bool in_round; /* set by the reader, with the first message */
        atomic_bool asleep;   /* the pinger: wake it when a round begins */
        atomic_bool finished; /* in a pull: FINISHED is on its way */
        atomic_bool lost;     /* the sender hears nothing any more */
        atomic_bool over;     /* nobody waits for an answer: nothing is compared */
        bool given_up;        /* it has said that it goes no further */
    } line;
    atomic_bool stopping; /* set under `lock`: all threads end */
    atomic_bool failed;
    struct zc_err err; /* under `lock`, until FAILED, or line.lost: why */

    /* Each is its file's, whose header says what may be touched and when. */
    struct zc_anchor *anchor;
    struct zc_backup *backup, *trash;
    struct zc_behind *behind;
    struct zc_queue *queue;
    struct zc_ledger *ledger;
    struct zc_rlists *lists;
    struct zc_rdirs *dirs;
    struct zc_rdigests *digests;
    struct zc_rsurvey *survey;
    struct zc_seals *seals;
    struct zc_shelves *shelves;
    struct zc_volumes *volumes;
    struct zc_hardlinks *hardlinks;
    struct zc_moved *moved;
    struct zc_shared *shared;
    struct zc_deletions *deletions;
    struct zc_commits *commits;
    struct zc_rbigs *bigs;
    struct zc_space *space;
    struct zc_room *room;
    struct { /* room.c: of what it refuses, for the sender */
        atomic_uint op;   /* ZC_OP_ROOM, for bytes, or ZC_OP_INODES, */
        atomic_uint left; /* and how many are free: MiB, or inodes */
    } scarce;

    struct zc_rround round;
    struct zc_rdone done;
    struct zc_intake *intake; /* somebody's, or ... */
    struct zc_intake own_intake;
    struct zc_rworker *reader;      /* what the reader does itself */
    atomic_int_fast64_t last_input; /* zc_clock_ns of the last frame */
};

/* A thread that does something, and what it has to say about it. */
struct zc_rworker {
    struct zc_receiver *r;
    pthread_t thread;
    bool slow; /* it may read as much as it likes: nothing waits for it */
    bool compares; /* what it is at is of no use to anybody but the sender */
    struct zc_buf out; /* frames */
    ZC_VEC(struct zc_result_item) results; /* those that can wait */
    struct zc_buf xattrs, path, scratch;   /* memory to work in */
    struct zc_alternate_dirs alternates;   /* of the list that it is at */
};

/* E's name, NUL-ended. */
static inline void zc_entry_name(const struct zc_entry *e,
                                 char out[ZC_NAME_MAX + 1])
{
    memcpy(out, e->name, e->name_len);
    out[e->name_len] = '\0';
}

/* open.c: the terms, the directory, and what this process may do from then on.
 * The peer has dialled, and opens one of our shares. -1 and ERR. */
int zc_receiver_accept(struct zc_receiver *r,
                       const struct zc_accept_options *opt, struct zc_err *err);
/* We have dialled, and ask for OPT. -1 and ERR. */
int zc_receiver_connect(struct zc_receiver *r, const struct zc_options *opt,
                        struct zc_err *err);

/* A sentence about a message that is not allowed. Returns -1. */
int zc_receiver_nonsense(struct zc_err *err, const char *what);
/* The session fails: the first reason counts, and is told to the sender. */
void zc_receiver_fail(struct zc_receiver *r, const struct zc_err *err);
/* ... for want of memory. */
void zc_receiver_nomem(struct zc_receiver *r);
/* Does the session end, with ERR, because the sender is gone, or gives up? What
 * it had sent before that is as good as ever. */
bool zc_receiver_is_left(const struct zc_receiver *r, const struct zc_err *err);
/* All threads shall end. */
void zc_receiver_stop(struct zc_receiver *r);
/* Files have to be on the disk before they have their names. */
static inline bool zc_receiver_syncs_first(const struct zc_receiver *r)
{
    return r->fsync == ZC_FSYNC_BATCH || r->fsync == ZC_FSYNC_FILE;
}

/* NAME ("": itself) in NODE is not what it was. */
void zc_receiver_changed(struct zc_receiver *r, struct zc_dirnode *node,
                         const char *name);
/* Something was changed that no fsync of a file of its own covers. */
void zc_receiver_unsynced(struct zc_receiver *r);

/* Attribute sets have up to 192 KiB, and many directories may be open. */
#define ZC_ATTRS_HELD_MAX ((size_t)64 << 20)
/* A copy of the N bytes of SET, to be given back with its length. NULL: there is
 * no room, or no memory. */
uint8_t *zc_attrs_take(struct zc_receiver *r, const uint8_t *set, size_t n);
void zc_attrs_give_back(struct zc_receiver *r, const uint8_t *set, size_t n);

void zc_rworker_fini(struct zc_rworker *w);
/* Sends what W has gathered. -1: the sender hears it no more, or the session is
 * over. */
int zc_rworker_flush(struct zc_rworker *w);
/* The hash of the first N bytes of FD, as the session has it; -1 and errno, also
 * where the session ends meanwhile. */
int zc_rworker_hash(struct zc_rworker *w, int fd, uint64_t n,
                    uint8_t out[ZC_HASH_SIZE]);
/* One RESULT: at once for notes, gathered for the rest. */
void zc_rworker_result(struct zc_rworker *w, struct zc_ref ref,
                       enum zc_status status, unsigned op, int eno);
/* A NOTE about NAME (may be "") in D. */
void zc_rworker_note(struct zc_rworker *w, struct zc_dirnode *d,
                     const char *name, unsigned op, uint32_t mode, int eno);
void zc_rworker_note_path(struct zc_rworker *w, const char *path, unsigned op,
                          uint32_t mode, int eno);

#endif
