/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One mirror: a directory that is watched, and peers that are kept equal to it.
 *
 *   watch thread:  watcher --> dirty set of each peer        (one lock)
 *   a thread per peer: connect -> reconcile -> rounds as names become due;
 *                      lost: back-off with jitter, connect again
 *
 * A slow or absent peer costs the others nothing, and its dirty set is bounded.
 */
#ifndef ZC_MIRROR_MIRROR_H
#define ZC_MIRROR_MIRROR_H

#include "mirror/holds.h"
#include "mirror/status.h"
#include "net/reach.h"
#include "session/events.h"
#include "session/options.h"
#include "watch/watch.h"

#define ZC_MIRROR_ITSELF SIZE_MAX

struct zc_mirror_peer {
    const char *name; /* for messages: DEST as the user wrote it */
    /* Connects, blocking, as zc_reach. Called by the peer's thread, once per
     * session, which ends with zc_reached_end. At the stop a connect under way
     * is interrupted by SIGURG, for which zc_mirror_run installs a handler that
     * does nothing: system calls end with EINTR. */
    int (*reach)(void *arg, struct zc_reached *out, struct zc_err *err);
    void *arg;
    void *other_arg; /* the same, for a second connection beside that one, by
                        another thread */
    /* Whether the public key KEY (base64) still is the destination's; NULL: it
     * is. Any thread, with ARG. */
    bool (*trusted)(void *arg, const char *key);
    const char *share, *path; /* as in zc_options */
    bool own;                 /* likewise */
    bool paused; /* at the start (ZC_MIRROR_PAUSE) */
};

/* All that is at the peers is read again, and compared. */
struct zc_mirror_verify {
    unsigned every_s; /* so often; 0: when it is asked for */
    bool repair;      /* what differs is made equal; else it is told */
    bool cold;        /* what is in memory is read from the disk all the same */
    const char *state; /* a directory for where it is; NULL: none */
};

struct zc_mirror_options {
    const char *name; /* of the mirror, for messages */
    /* No other process on this host runs a mirror of that name: sessions that a
     * process before this one left behind are ended, too. */
    bool unique;
    struct zc_options push; /* share and path are each peer's */
    enum zc_watch_kind watch;
    unsigned rescan_s;  /* of what could not be watched; 0: the watcher's own */
    unsigned compare_s; /* everything is compared so often; 0: never */
    struct zc_mirror_verify verify;
    const zc_holds *holds; /* NULL: nothing is held back */
    const struct zc_mirror_peer *peers;
    size_t n_peers;
    struct zc_mirror_status *status; /* zeroed; may be shared with others */
    /* What happens to entries and the troubles, of all peers, one call at a
     * time; PEER is the index. Each may be NULL. */
    void (*item)(void *arg, size_t peer, const struct zc_item *item);
    void (*trouble)(void *arg, size_t peer, enum zc_trouble kind,
                    const char *what, const char *path, int eno);
    /* The mirror (PEER is ZC_MIRROR_ITSELF, STATE enum zc_mirror_state) or a
     * peer (enum zc_peer_state) is in another state; PATH and TEXT may be
     * empty. Being behind and in sync again is not told each time. What people
     * should know is also logged. */
    void (*changed)(void *arg, size_t peer, unsigned state, const char *path,
                    const char *text);
    /* What was called FROM at PEER is called TO now, if the peer could do that:
     * beside `item`, for who wants to know all that may have changed. */
    void (*renamed)(void *arg, size_t peer, const char *from, const char *to);
    /* A round with PEER is over: it has said that it has all of it. */
    void (*round)(void *arg, size_t peer);
    void *arg;
    int stop_fd;    /* readable: the mirror ends */
    int control_fd; /* requests and answers (zc_mirror_request); -1: none */
    /* At the stop, peers that are connected may take so long to get what is
     * due. */
    unsigned drain_s;
};

#define ZC_MIRROR_PATH 1024

enum zc_mirror_verb {
    ZC_MIRROR_WAIT,    /* until everything that was written before is durable */
    ZC_MIRROR_PAUSE,   /* let go of the destination, and leave it alone ... */
    ZC_MIRROR_RESUME,  /* ... until then, and compare everything */
    ZC_MIRROR_RELEASE, /* the brake holds: let that one deletion through */
    ZC_MIRROR_RESCAN,  /* compare `path` now */
    ZC_MIRROR_VERIFY,  /* begin to verify, or go on */
    ZC_MIRROR_REKEY,   /* `trusted` may have another answer: sessions with whom
                          is not, end. No answer */
    ZC_MIRROR_CANCEL,  /* nobody waits for ID any more */
};

/* A request to a running mirror, as one packet over its control_fd (a
 * SOCK_SEQPACKET). */
struct zc_mirror_request {
    uint64_t id;
    int32_t peer;     /* index; -1: all; -2: none, only the answer counts: the
                         watch thread is alive */
    uint32_t verb;    /* enum zc_mirror_verb */
    char path[ZC_MIRROR_PATH]; /* of RESCAN: below the source, or ""; absolute
                                  paths are those of the source, too */
};
/* One packet back when that is so, or cannot be, or about what is in the way,
 * each time that changes. */
struct zc_mirror_answer {
    uint64_t id;
    uint32_t done;
    uint32_t code;     /* enum zc_exit: it cannot be; no other answer follows */
    char missing[512]; /* a sentence, when not done */
};

/* Runs until stop_fd is readable (0), or fails for good (-1 and a sentence: the
 * source cannot be opened at the start, bad options). Trouble with peers never
 * ends it. Threads are started and joined inside; call before others start. */
int zc_mirror_run(const struct zc_mirror_options *opt, struct zc_err *err);

#endif
