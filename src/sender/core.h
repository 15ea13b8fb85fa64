/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The sending side's state, shared by
 *   session.c     handshake, rounds, the end
 *   workers.c     what its threads do next
 *   walk.c        directories -> LIST
 *   names.c       names in doubt -> AT, LIST, RENAME
 *   files.c       files -> FILE, DATA, END, with small.c and big.c
 *   answers.c     NEED, GOT, RESULT -> work
 * Not for others.
 *
 *      dirs to list  --walk.c-->  LIST ----------------> peer
 *           ^                       |                      |
 *           |  DESCEND              v kept as zc_slist     |
 *           +----------- answers.c <-------- NEED ---------+
 *                            | wanted files
 *                            v
 *                        files.c --> FILE, DATA ... --> RESULT: list released
 *
 * Threads: a few workers (scan and send), one reader (answers.c), and the
 * caller's own, which is one of the workers in a mirror, and watches the stop
 * flag in a push. The reader never sends: were it to
 * wait for a full socket, and the peer for us to read, both would wait for
 * ever. Lock order: sender.lock, then the link's turn is never taken under it.
 */
#ifndef ZC_SENDER_CORE_H
#define ZC_SENDER_CORE_H

#include "base/vec.h"
#include "fs/meta.h"
#include "sender/lease.h"
#include "sender/retries.h"
#include "sender/round.h"
#include "session/conn.h"
#include "session/events.h"
#include "session/options.h"
#include "tree/dirnode.h"
#include "tree/names.h"

/* A big file on its way: FILE is sent, END is not. */
struct zc_sbig {
    struct zc_sbig *next;
    struct zc_slist *list;
    uint32_t index;
    unsigned tries;
    int fd;
    struct zc_stat before; /* as of FILE */
    enum zc_lease lease;
    uint64_t from; /* the peer has the bytes before */
    bool got, claimed; /* GOT has come; a worker is deciding on it */
    bool spoiled;      /* came short, must be sent again */
    int read_eno;
};

#define ZC_WORKERS_MAX 8u
#define ZC_TRIES_MAX 6 /* looks at a file that changes under us */
#define ZC_TRIES_ROUND 2 /* the same in a mirror, which comes again */

/* Where the round is. */
struct zc_round_state {
    bool seeding; /* its first lists are being made */
    bool sync;    /* zc_round.sync */
    bool done_sent;
    bool finished; /* between rounds, too */
    enum zc_exit peer_code; /* of FINISHED */
    unsigned busy; /* workers that have something in hand */
};

/* What the user has been told of in this round. */
struct zc_told {
    pthread_mutex_t lock; /* and callbacks one at a time */
    bool failed, vanished; /* a trouble of that kind */
};

/* How much is sent at a time, and with --bwlimit how fast. */
struct zc_rate {
    uint64_t limit; /* bytes a second, 0: none */
    size_t batch_max; /* bytes gathered before they are sent */
    uint64_t range_max; /* bytes of one DATA */
    pthread_mutex_t lock; /* innermost */
    int64_t next; /* zc_clock_ns, when the next bytes may go */
};

struct zc_ids;
struct zc_lists;
struct zc_slist;
struct zc_walk;

struct zc_sender {
    /* Set, and kept, by whoever opens the session. */
    const struct zc_options *opt;
    const struct zc_events *events;
    struct zc_stats *stats;
    struct zc_conn conn;
    struct zc_ids *ids; /* entry.h */
    struct zc_lists *lists; /* lists.h */
    struct zc_walk *walk; /* walk.h */
    struct zc_dirtree *tree;
    struct zc_stat root_stat;
    uint64_t dest_dev, dest_ino; /* the peer's root, if on this machine */
    char *single_name; /* the peer's name for the one file, or NULL */
    const char *source_name; /* and ours */

    struct zc_told told;
    struct zc_rate rate;
    unsigned ping_s; /* the shorter of both sides' time-outs, 0: none */

    pthread_mutex_t lock; /* all below */
    pthread_cond_t work;  /* something changed */
    pthread_cond_t over;  /* the session is: for the pinger */
    struct zc_sbig *bigs;  /* all on their way */
    unsigned n_bigs, n_got;
    struct zc_retries retries;
    struct zc_round_state round;
    bool closing;
    _Atomic bool failed; /* err is set; everybody stops */
    struct zc_err err;
};

/* A list in a worker's buffer, without its number yet. */
struct zc_snew {
    struct zc_slist *list;
    size_t at; /* of its frame */
    bool last;
};

/* One worker's own things. */
struct zc_sworker {
    struct zc_sender *s;
    pthread_t thread;
    unsigned number;
    struct zc_buf out;    /* frames to be sent together */
    ZC_VEC(struct zc_snew) fresh; /* the lists among them */
    struct zc_buf xattrs, path, scratch;
    struct zc_mover mover;
    ZC_VEC(const char *) moved_to; /* files renamed in this round, sorted */
    struct {
        uint32_t uid, gid;
        bool any;
    } told; /* entry.c: whose names the peer surely has */
};

static inline unsigned zc_tries_max(const struct zc_sender *s)
{
    return s->opt->rounds ? ZC_TRIES_ROUND : ZC_TRIES_MAX;
}

/* core.c */
/* S's opt, events and stats are set, all else is zero. */
void zc_sender_init(struct zc_sender *s);
void zc_sender_fini(struct zc_sender *s);
/* The session fails, for the first reason that is known; everybody stops. None
 * of these with a lock held. */
void zc_sender_fail(struct zc_sender *s, const struct zc_err *err);
void zc_sender_fail_nomem(struct zc_sender *s);
/* Tells the user: of a trouble, of an item, of a RENAME that the peer has not
 * carried out. Nobody wants items: they need not be made. */
void zc_sender_trouble(struct zc_sender *s, enum zc_trouble kind,
                       const char *what, const char *path, int eno);
bool zc_sender_wants_items(const struct zc_sender *s);
void zc_sender_item(struct zc_sender *s, const struct zc_item *item);
void zc_sender_not_renamed(struct zc_sender *s, const char *path);
/* Waits as --bwlimit demands before N bytes are sent. */
void zc_sender_throttle(struct zc_sender *s, uint64_t n);

/* workers.c */
/* Works until the session is over. */
void *zc_sworker_main(void *worker);
/* Works until the round is over. */
void zc_sworker_round(struct zc_sworker *w);

/* names.c */
/* Sends the beginning of ROUND, which is about some names only. -1: the run has
 * failed. */
int zc_place_round(struct zc_sworker *w, const struct zc_round *round);
/* files.c */
/* Sends the wanted entries of L. -1: the run has failed. */
int zc_send_list(struct zc_sworker *w, struct zc_slist *l);
int zc_send_again(struct zc_sworker *w, const struct zc_retry *r);
/* Sends the file INDEX of L, which the peer has not asked for. */
int zc_send_eager(struct zc_sworker *w, int dirfd, struct zc_slist *l,
                  uint32_t index);
/* A big file that has been GOT, now the caller's to decide on; NULL: there is
 * none. With the lock held. */
struct zc_sbig *zc_send_claim_got(struct zc_sender *s);
/* Decides on it, tells the peer, and frees it. */
int zc_send_verdict(struct zc_sworker *w, struct zc_sbig *b);

#endif
