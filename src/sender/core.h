/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The state of a sender, which all files of this room share, and what any of
 * them may call; it calls none of them. Most of it is theirs: each file keeps
 * its part in a struct of its own, in its own header. Not for other rooms.
 *
 *   session.c     OPEN, threads, rounds, the end
 *   workers.c     what the threads do next
 *   walk.c        directories -> LIST
 *   survey.c      directories -> digests, before that
 *   digests.c     what they are of
 *   sdir.c        a directory, and what is asked of its names
 *   names.c       names in doubt -> AT, LIST, RENAME
 *   places.c      mounts below the source
 *   entry.c       what a list says of a name
 *   links.c       symlinks that are followed, or left out
 *   prune.c       directories that hold nothing
 *   earlier.c     which names an earlier SRC has
 *   lists.c       what the peer was told, and asks for
 *   answers.c     NEED, GOT, RESULT -> work
 *   files.c       files -> FILE, DATA, END, with sfile.c, small.c, big.c
 *   check.c       whether the peer has the same
 *   delta.c       what the peer has of a big one already
 *
 *      dirs to list  --walk.c-->  LIST ----------------> peer
 *           ^                       |                      |
 *           |  DESCEND              v kept by lists.c      |
 *           +----------- answers.c <-------- NEED ---------+
 *                            | wanted files
 *                            v
 *                        files.c --> FILE, DATA ... --> RESULT: list released
 *
 * Threads: a few workers (they walk and send), one reader (answers.c), and the
 * caller's own, which is one of the workers in a mirror, and watches the stop
 * flag in a push. The reader never sends: were it to wait for a full socket, and
 * the peer for us to read, both would wait for ever.
 */
#ifndef ZC_SENDER_CORE_H
#define ZC_SENDER_CORE_H

#include "base/vec.h"
#include "fs/meta.h"
#include "move/mover.h"
#include "sender/retries.h"
#include "session/conn.h"
#include "session/events.h"
#include "session/options.h"
#include "session/source.h"
#include "session/terms.h"
#include "tree/dirnode.h"
#include "tree/places.h"

#include <sys/queue.h>

/* Where the round is. */
struct zc_round_state {
    bool seeding; /* its first lists are being made */
    uint64_t path_names; /* in the paths of its ATs: ZC_PLACE_NAMES_MAX */
    bool sync;    /* zc_round.sync */
    bool leisure; /* zc_round.leisure */
    bool unseen;  /* zc_round.unseen */
    bool done_sent;
    bool finished;          /* between rounds, too */
    enum zc_exit peer_code; /* of FINISHED, and */
    bool synced;
    unsigned busy;          /* workers that have something in hand */
};

/* What the user has been told of in this round. */
struct zc_told {
    pthread_mutex_t lock; /* also: callbacks one at a time */
    bool failed, vanished; /* a trouble of that kind */
    bool errors_ignored; /* in this session: what they might cost */
    bool properties; /* in this session: there are none at the destination */
};

/* How much is sent at a time, and with --bwlimit how fast. */
struct zc_rate {
    uint64_t limit;     /* bytes a second, 0: none */
    size_t batch_max;   /* bytes gathered before they are sent */
    uint64_t range_max; /* bytes of one DATA, at most */
    atomic_uint_fast64_t range; /* as the line is: others have turns, too */
    pthread_mutex_t lock; /* next, paid */
    int64_t next;         /* zc_clock_ns, when the next bytes may go */
    uint64_t paid;        /* bytes on the wire that `next` has in it */
};

struct zc_bigs;
struct zc_checks;
struct zc_earlier;
struct zc_ids;
struct zc_linknames;
struct zc_lists;
struct zc_pinger;
struct zc_prune;
struct zc_sdigests;
struct zc_survey;
struct zc_walk;
STAILQ_HEAD(zc_slists, zc_slist); /* lists.h */

/*
 * Lock order: `lock`, told.lock and rate.lock each alone; the turn to send on
 * CONN, which may last, never with one of those held; whoever has it may take
 * `lock` (lists get their numbers so). ids->lock before the turn.
 */
struct zc_sender {
    /* Set, and kept, by whoever opens the session. */
    const struct zc_options *opt;
    const struct zc_events *events;
    struct zc_stats *stats;

    struct zc_conn conn; /* the turn to send is a lock */
    struct zc_terms terms;
    uint64_t noted; /* bytes of NOTEs in this round; for the reader thread */

    struct zc_source source;
    struct zc_dirtree *tree; /* it, while there is a round */
    struct zc_places *places; /* what may be looked into, in this round */
    int mountinfo_fd; /* zc_splaces_prepare; -1: opened when it is needed */
    struct zc_stat root_stat;
    struct zc_filter *filter; /* the rules above the root; NULL: none */
    atomic_uint_fast64_t rules; /* bytes of directories' own, in this round */

    struct zc_ids *ids; /* entry.h; with a lock of its own */
    struct zc_linknames *linknames; /* likewise */
    struct zc_prune *prune;         /* likewise */
    struct zc_sdigests *digests;
    struct zc_earlier *earlier;     /* set when the session begins */
    struct zc_told told;
    struct zc_rate rate;

    pthread_mutex_t lock; /* all below */
    pthread_cond_t work;  /* something changed */
    pthread_cond_t own;   /* likewise, for the thread that the round is of */
    bool own_waits;       /* for something to do */
    bool (*ready)(const struct zc_sender *s); /* there is; workers.c */
    pthread_cond_t over;  /* the session is: for the pinger */
    struct zc_lists *lists;
    struct zc_walk *walk;
    struct zc_survey *survey;
    struct zc_bigs *bigs;
    struct zc_retries retries;
    struct zc_checks *checks;
    struct zc_round_state round;
    struct zc_pinger *pinger;
    bool closing;
    _Atomic bool failed; /* err is set; everybody stops */
    struct zc_err err;
};

/* One worker's own things. */
struct zc_sworker {
    struct zc_sender *s;
    pthread_t thread;
    unsigned number;
    bool leisure; /* the thread has the priority for that */
    struct zc_buf out;    /* frames to be sent together */
    struct zc_slists fresh; /* the lists among them, without numbers yet */
    struct zc_buf xattrs, path, scratch;
    struct zc_mover mover;
    bool overtakes; /* what it sends is sent again later, and properly: no word
                       of what goes wrong, and nothing that lasts */
    bool silent; /* survey.c: the same is looked at again if something is wrong, */
    bool troubled; /* ... as now */
    struct {
        uint32_t uid, gid;
        bool any;
    } told; /* entry.c: whose names the peer surely has */
};

/* S's events and stats are set, all else is zero. */
void zc_sender_init(struct zc_sender *s);
/* Before anything is sent. OPT must outlive S. */
void zc_sender_set_options(struct zc_sender *s, const struct zc_options *opt);
void zc_sender_fini(struct zc_sender *s);
/* The session fails, for the first reason that is known; everybody stops. None
 * of these with a lock held. */
void zc_sender_fail(struct zc_sender *s, const struct zc_err *err);
void zc_sender_fail_nomem(struct zc_sender *s);
/* Something changed: whoever waits looks what there is to do. With the lock. */
void zc_sender_wake_all(struct zc_sender *s);
/* The same where it is no more than what `ready` knows of: nobody is woken for
 * nothing, nor others where the round's own thread waits; that one wakes them when
 * there is more than it can do. Most rounds of a mirror are about one small file,
 * and each change of threads costs as much as the file. */
void zc_sender_wake(struct zc_sender *s);
/* Tell the user: of a trouble; of an item, where items are wanted at all; of a
 * RENAME that the peer has not carried out. */
void zc_sender_trouble(struct zc_sender *s, enum zc_trouble kind,
                       const char *what, const char *path, int eno);
bool zc_sender_wants_items(const struct zc_sender *s);
void zc_sender_item(struct zc_sender *s, const struct zc_item *item);
void zc_sender_not_renamed(struct zc_sender *s, const char *path);
/* The hash of the first N bytes of FD, as the session has it; -1 and errno, also
 * where the session has failed meanwhile. */
int zc_sender_hash(struct zc_sworker *w, int fd, uint64_t n,
                   uint8_t out[ZC_HASH_SIZE]);
/* Waits as --bwlimit demands before N bytes are sent. */
void zc_sender_throttle(struct zc_sender *s, uint64_t n);
/* A DATA of N bytes took NS to be sent. */
void zc_sender_pace(struct zc_sender *s, uint64_t n, int64_t ns);
/* Does not wait: others will, all the longer. */
void zc_sender_charge(struct zc_sender *s, uint64_t n);

#endif
