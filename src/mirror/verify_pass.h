/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A verification as it goes on; see verify.h. The files verify*.c only. */
#ifndef ZC_MIRROR_VERIFY_PASS_H
#define ZC_MIRROR_VERIFY_PASS_H

#include "base/vec.h"
#include "mirror/core.h"
#include "mirror/verify_state.h"
#include "session/events.h"

#include <pthread.h>

/* Something that differs, or that could not be read. */
struct zc_verify_find {
    char *path; /* relative to the root; on the heap */
    unsigned flags; /* enum zc_item_flags */
    uint32_t mode;
};
typedef ZC_VEC(struct zc_verify_find) zc_verify_finds;

struct zc_mverify {
    struct zc_mirror *m;
    pthread_t thread;
    pthread_cond_t cond; /* with the mirror's lock */
    /* Under the mirror's lock. */
    bool started, stop, ended;
    bool asked[ZC_STATUS_PEERS_MAX];
    struct zc_verify_peer *peers; /* `due` only: all else is the thread's */

    /* The thread's. */
    struct zc_mpeer *p; /* the one that it is at */
    struct zc_session *session;
    struct zc_options push;
    struct zc_events events;
    struct zc_stats stats;
    zc_verify_finds finds; /* of the round under way */
    bool first_look;       /* what cannot be read is news */
    unsigned told;         /* lines of the log in this pass */
    int64_t saved;         /* zc_clock_ns, when the file was written last */
    bool state_bad;        /* ... and that it cannot be was said */
    bool lost_told;        /* likewise, that a session failed */
    int64_t retry;         /* zc_clock_ns: no session before that */

    pthread_mutex_t stop_lock;     /* what there is to be stopped: */
    struct zc_session *stoppable;
    struct zc_transport *transport;
    bool connecting;
};

/* The peer, and what is known of it. */
static inline struct zc_verify_peer *zc_mverify_peer(struct zc_mverify *v)
{
    return &v->peers[v->p->number];
}

/* Writes down where it is, if that is long enough ago, or NOW. */
void zc_mverify_save(struct zc_mverify *v, bool now);
/* Whether it may go on with its peer: neither of them is paused, lost or ended.
 * With the lock. */
bool zc_mverify_may(const struct zc_mverify *v);
/* Shows in the status what the thread knows. */
void zc_mverify_show(struct zc_mverify *v, size_t peer);

/* The events of its session, ARG being V. */
void zc_verify_item(void *arg, const struct zc_item *item);
void zc_verify_trouble(void *arg, enum zc_trouble kind, const char *what,
                       const char *path, int eno);

/* Goes on with the pass under way, slice by slice, over V's session. 1: it is at
 * its end; 0: it has to stop here; -1 with a sentence: the session has failed. */
int zc_verify_pass(struct zc_mverify *v, struct zc_err *err);

#endif
