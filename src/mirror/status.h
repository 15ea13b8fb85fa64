/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a mirror is doing, in a fixed-size struct that can lie in memory shared
 * between processes: the watcher process writes, the supervisor reads at any
 * moment, without a lock and without asking. Counters are atomics of their own;
 * the texts of one peer or mirror are covered by its `seq` (odd while they are
 * being written; readers try again). No pointers, and no bools, as a reader cannot
 * know that what is there is one.
 */
#ifndef ZC_MIRROR_STATUS_H
#define ZC_MIRROR_STATUS_H

#include "base/util.h"

#include <stdatomic.h>

#define ZC_STATUS_PEERS_MAX 64
#define ZC_STATUS_NAME 256
#define ZC_STATUS_TEXT 512
#define ZC_STATUS_SECURITY 128

enum zc_mirror_state {
    ZC_MIRROR_STARTING,
    ZC_MIRROR_SCANNING, /* adding watches */
    ZC_MIRROR_WATCHING,
    ZC_MIRROR_GONE,     /* the source is not there; `text` says why */
    ZC_MIRROR_STOPPED,
};

enum zc_peer_state {
    ZC_PEER_CONNECTING,
    ZC_PEER_DISCONNECTED, /* `text` says why, `since` since when */
    ZC_PEER_SCANNING,     /* the whole tree is being compared */
    ZC_PEER_BEHIND,       /* changes are on their way */
    ZC_PEER_IN_SYNC,
    ZC_PEER_BLOCKED, /* some entries are refused, or the brake holds: `path`
                        and `text` say which and why */
    ZC_PEER_PAUSED,  /* let go, as somebody asked for it */
    ZC_PEER_STATES
};

/* The last verification that came to its end, and the one under way. */
struct zc_verify_status {
    atomic_int_fast64_t ended, began; /* wall clock ns; 0: none */
    atomic_uint_fast64_t files, bytes; /* that were compared */
    atomic_uint_fast64_t found, repaired, unread; /* entries */
    atomic_uint_fast64_t now_files, now_bytes, now_found;
};

/* The round under way: what is done, of what has to be. */
struct zc_round_status {
    atomic_int_fast64_t began; /* wall clock ns; 0: there is none */
    atomic_uchar whole;   /* the whole tree is compared */
    atomic_uchar listed;  /* need_* are final */
    atomic_uchar writing; /* all is sent; the peer writes it to its disk */
    atomic_uint_fast64_t entries; /* looked at so far */
    atomic_uint_fast64_t need_files, need_bytes, done_files, done_bytes;
    atomic_uint_fast64_t rate; /* bytes a second */
    atomic_int_fast64_t left;  /* ns until it is over; -1: not known */
};

struct zc_peer_status {
    atomic_uint state;            /* enum zc_peer_state */
    atomic_int_fast64_t since;    /* wall clock ns of the last change of state */
    atomic_uint_fast64_t behind;  /* names not applied yet */
    atomic_uint_fast64_t held;    /* ... of them, those that are held back */
    atomic_uint_fast64_t behind_bytes; /* file bytes known to be missing */
    atomic_int_fast64_t oldest;   /* zc_clock_ns of the oldest of them, 0: none */
    atomic_uint_fast64_t sent_files, sent_bytes, deleted, rounds, full_rounds;
    /* All bytes both ways, frames included, and what they were before they were
     * compressed. */
    atomic_uint_fast64_t wire_bytes, plain_bytes;
    atomic_uint_fast64_t failed;  /* names that are refused at present */
    atomic_uint_fast64_t errors, connects;
    atomic_int_fast64_t retry_at;  /* zc_clock_ns of the next try to connect, or
                                      to do what is refused; 0: none is set */
    atomic_int_fast64_t last_sync; /* wall clock ns: it was in sync last */
    atomic_int_fast64_t compared; /* wall clock ns: the last round of the whole
                                     tree was over; 0: there was none */
    struct zc_round_status now;
    struct zc_verify_status verify;
    atomic_uint seq;
    char name[ZC_STATUS_NAME]; /* DEST; set once, before anyone reads */
    char path[ZC_STATUS_TEXT], text[ZC_STATUS_TEXT];
    char security[ZC_STATUS_SECURITY]; /* of the connection: "plain",
                                          "AES-256-GCM, kernel TLS"; "": none */
    char key[ZC_STATUS_SECURITY];      /* base64 of the peer's; "": plain */
};

struct zc_mirror_status {
    atomic_uint state; /* enum zc_mirror_state */
    atomic_int_fast64_t since;
    atomic_int_fast64_t heartbeat; /* zc_clock_ns: the watch thread is alive; it
                                      only beats while it has something to do or
                                      is asked to (zc_mirror_request) */
    atomic_uint watch_kind; /* enum zc_watch_kind */
    atomic_uint_fast64_t dirs, watches, watch_limit, unwatched, events,
        overflows;
    atomic_uint seq;
    char name[ZC_STATUS_NAME]; /* of the mirror; set once */
    char source[ZC_STATUS_TEXT];
    char text[ZC_STATUS_TEXT];
    char note[ZC_STATUS_TEXT]; /* what events do not tell of; "": nothing */
    uint32_t n_peers;
    struct zc_peer_status peers[ZC_STATUS_PEERS_MAX];
};

const char *zc_mirror_state_text(unsigned state); /* "watching" */
const char *zc_peer_state_text(unsigned state);   /* "in sync" */

/* Sets a state and, when it changed, `since`. */
void zc_mirror_set_state(struct zc_mirror_status *m, enum zc_mirror_state s);
void zc_peer_set_state(struct zc_peer_status *p, enum zc_peer_state s);
/* Sets the texts (NULL: as it is). One writer at a time. */
void zc_mirror_set_text(struct zc_mirror_status *m, const char *text);
void zc_peer_set_text(struct zc_peer_status *p, const char *path,
                      const char *text);
/* Sets `security` and `key`; likewise. */
void zc_peer_set_security(struct zc_peer_status *p, const char *security,
                          const char *key);
/* Sets `note`, likewise. */
void zc_mirror_set_note(struct zc_mirror_status *m, const char *note);

/* How often a reader tries again, which takes 0.3 s: a writer that died while it
 * wrote is not waited for any longer, nor is one that has been taken over. */
#define ZC_STATUS_PATIENCE 320
/* Copy the texts as they were at one moment. *PATIENCE is what is left of it when
 * several are read one after the other; NULL: all of it. */
void zc_mirror_get_text(struct zc_mirror_status *m, char text[ZC_STATUS_TEXT],
                        int *patience);
void zc_mirror_get_note(struct zc_mirror_status *m, char note[ZC_STATUS_TEXT],
                        int *patience);
void zc_peer_get_text(struct zc_peer_status *p, char path[ZC_STATUS_TEXT],
                      char text[ZC_STATUS_TEXT], int *patience);
void zc_peer_get_security(struct zc_peer_status *p,
                          char security[ZC_STATUS_SECURITY],
                          char key[ZC_STATUS_SECURITY], int *patience);

#endif
