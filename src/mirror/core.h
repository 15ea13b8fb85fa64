/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A running mirror, as the files of this folder share it. Each calls those
 * below it only:
 *
 *   run.c         start and stop
 *     |
 *   source.c      the watch thread: events, and the source that comes and goes
 *   mounts.c      what is mounted on the source and below it
 *     |
 *   questions.c   requests that come over the control socket
 *     |
 *   peer.c        a peer's thread: connect, rounds, back-off
 *     |
 *   overtake.c    small names that need not wait for the end of a long round
 *   young.c       names that were touched and have to be looked at at once
 *     |
 *   report.c      what status and user get to know
 *   hardlinks.c   a round with the other names of the files in it
 *   ghosts.c      changes of files that nobody knows the names of
 *   compare.c     when everything is compared although nothing was seen
 *   gone.c        names that a peer could not be told of when they went
 *     |
 *   index.c       what is known of files with several names
 *   search.c      where in the tree those names are, or what changed lately
 *   round.c       a round with more names
 *     |
 *   core.c        locks, and what all need
 *   dirty.h       what a peer has not been told yet (dirty_*.c)
 */
#ifndef ZC_MIRROR_CORE_H
#define ZC_MIRROR_CORE_H

#include "base/vec.h"
#include "mirror/mirror.h"
#include "mirror/status.h"
#include "watch/watch.h"

#include <pthread.h>

struct zc_dirty;
struct zc_gone;
struct zc_index;
struct zc_mhardlinks;
struct zc_mreport;
struct zc_questions;
struct zc_session;
struct zc_mverify;
struct zc_transport;
struct zc_young;

/*
 * Locks, in the order in which they may be taken:
 *
 *   a session's own locks  (callbacks come with some of them held)
 *   zc_mirror.gate         taken only to get at `lock`
 *   zc_mirror.lock
 *   zc_mirror.report_lock  calls of the user's callbacks, one at a time
 *   zc_mpeer.session_lock  what there is to be stopped
 *
 * `lock` covers the watcher and all that hangs on it. It is never held across
 * anything that waits for a peer, nor across the user's callbacks. The watch
 * thread takes it again and again; the gate lets others in between, because
 * whoever waits for `lock` holds the gate.
 */

struct zc_inode {
    uint64_t dev, ino;
};
typedef ZC_VEC(struct zc_inode) zc_inodes;

/* search.c; under `lock`. */
struct zc_searches {
    unsigned under_way; /* searches and walks */
    bool unsure;        /* one has ended, but what the watcher tells until it is
                           at POS may have been before that end */
    uint64_t pos;
    int64_t next, cost; /* of searches for names: when one may begin, and how
                           long the last one took: ns */
};

/* ghosts.c; under `lock`: changes that could not be told of any file. */
struct zc_ghosts {
    uint64_t seen, walked; /* ghosts so far; for how many of them the tree has
                              been walked */
    int64_t floor;         /* no ghost that is left is older; wall clock */
    int64_t walk_at, soonest; /* no walk before; soonest: when somebody asks */
    bool walking;
};

/* compare.c; under `lock`. */
struct zc_compare {
    int64_t at;     /* the next time; INT64_MAX: never */
    bool under_way; /* the watcher looks at the tree first */
};

/* durable.c; under `lock`. Of changes, wall clock ns; 0: there are none. */
struct zc_mdurable {
    int64_t since[2]; /* the oldest that may not be durable: in rounds before the
                         last FINISHED that told of a sync, and after it */
    int64_t lost;     /* ... of sessions that are over */
    int64_t repair;   /* ... and of which the source is looked through, */
    uint64_t ghosts, ticket; /* by then; what was found then is sent */
};

/* overtake.c; under `lock`. */
struct zc_overtake {
    pthread_t thread;
    pthread_cond_t cond;
    bool started, stop;
    bool asked;  /* it shall look, */
    bool busy;   /* and uses the peer's session */
    int64_t at;  /* not before; INT64_MAX: no round is under way */
};

struct zc_mpeer {
    struct zc_mirror *mirror;
    size_t number; /* among the mirror's peers */
    const struct zc_mirror_peer *conf;
    struct zc_peer_status *st;
    struct zc_options push;
    struct zc_events events;
    pthread_t thread;
    bool started;
    int wake; /* eventfd: something that the thread waits for may have come */

    /* Under `lock`. */
    struct zc_dirty *dirty;
    bool waiting;    /* the thread is idle ... */
    int64_t wake_at; /* ... until then */
    bool connected, in_round, ended;
    bool full;           /* the round under way is one of the whole tree */
    atomic_bool leisure; /* everything is in doubt, or that round under way, for
                            no other reason than the time (compare.h) */
    uint64_t generation; /* of the source that the session has open */
    uint64_t asked, answered; /* rounds for questions: they find out whether
                                 the destination is still there, and end on
                                 stable storage */
    bool unsynced;    /* the last round may not be on stable storage */
    bool hurry;       /* somebody asks: connect, or try what is refused, now */
    uint64_t n_found; /* times that names were marked by no event: they were
                         found to be those of a file that has changed */
    /* The brake held; everything is to be compared again at brake_retry, or
     * when something changed, but not before brake_soonest. */
    bool braked;
    int64_t brake_retry, brake_soonest;
    struct zc_gone *gone; /* names that were seen to go and not sent as such */
    bool gone_due;   /* they may be all that the brake holds for ... */
    bool gone_tried; /* ... and were not, or not all */
    bool blocked; /* entries are refused */
    struct zc_mdurable durable;
    struct zc_overtake overtake;
    bool paused;  /* somebody wants the destination left alone ... */
    bool let_go;  /* ... and so it is */
    bool verifying; /* verify.c has a connection of its own */
    bool release; /* a session is due that deletes however much it is ... */
    bool forced;  /* ... and this is the one */

    bool due; /* the watch thread's: the thread is to be woken */

    /* The thread's, and its session's callbacks', one at a time. */
    struct zc_stats stats;
    bool owners_told; /* that they are left as they are */
    uint64_t round_number;
    struct zc_mreport *report;
    struct zc_mhardlinks *hardlinks; /* its lists are under `lock` */

    pthread_mutex_t session_lock;
    struct zc_session *session; /* to be stopped, or */
    struct zc_transport *transport; /* shut down while there is no session */
    bool connecting;
};

struct zc_mirror {
    const struct zc_mirror_options *opt;
    struct zc_mirror_status *st;
    pthread_mutex_t gate, lock, report_lock;
    int wake; /* eventfd: the watch thread shall look again */

    /* Under `lock`. */
    struct zc_watch *w; /* NULL: the source is not there */
    bool ready;         /* all was watched once: peers may be sent rounds */
    bool settled;       /* what the watcher has read is told, and that was all
                           there was */
    bool gone;          /* the watcher, or a look at the root, said so */
    struct zc_err why;
    uint64_t generation; /* rises when the source goes */
    size_t n_questions;  /* that are open */
    /* mounts.c: places below the source that were unmounted, and one of them;
     * what the last watcher knew of mounts; and where what the source was on was
     * mounted (NULL: not known). */
    size_t n_unmounted;
    char unmounted[ZC_STATUS_TEXT];
    struct zc_places *places;
    char *mount_point;
    struct zc_index *index;
    struct zc_young *young;
    struct zc_mverify *verify; /* NULL: not yet */
    struct zc_ghosts ghosts;
    struct zc_searches searches;
    struct zc_compare compare;

    atomic_bool stopping; /* what is due is still sent */
    atomic_bool hurry;    /* and now nothing more */
    struct zc_mpeer *peers;
    size_t n_peers;

    /* The watch thread's. */
    struct zc_questions *questions;
    int64_t root_at; /* when to look for the root again */
    unsigned told;   /* enum zc_mirror_state; ~0U: nothing yet */
    int64_t active_ns; /* a peer is busy: its numbers are brought up to date so
                          often; 0: none is */
};

void zc_mirror_lock(struct zc_mirror *m);
void zc_mirror_unlock(struct zc_mirror *m);

/* Makes a thread that polls FD, an eventfd, look again. */
void zc_mirror_wake(int fd);
/* That thread has woken: FD is not readable any more. */
void zc_mirror_woken(int fd);
void zc_mirror_wake_peers(struct zc_mirror *m);
/* Wakes the watch thread if there are questions: one may have another answer
 * now. With the lock. */
void zc_mirror_wake_asked(struct zc_mirror *m);

/* Whether T, a connection to P, has a key at its other end that is still P's. -1
 * with a sentence. Any thread. */
int zc_mirror_check_key(const struct zc_mpeer *p, const struct zc_transport *t,
                        struct zc_err *err);

/* Marks NAME in DIR in the dirty set of every peer. With the lock. */
void zc_mirror_mark(struct zc_mirror *m, zc_wdir dir, const char *name,
                    size_t n, unsigned what, int64_t now);
/* The directory of PATH, or NONE; *NAME points into PATH. With the lock. */
zc_wdir zc_mirror_split(struct zc_mirror *m, const char *path,
                        const char **name);

#endif
