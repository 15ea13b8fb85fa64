/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where the user sits at the other end: what happens (events.h) goes there, as
 * ITEM, TROUBLE and STATS, and what came of it all as VERDICT. Events come from
 * threads that must not wait for the connection, the reader above all; so they
 * are gathered, and a thread of its own sends them. A peer that asks for much and
 * reads little does not fill our memory: from some point on it is only counted.
 */
#ifndef ZC_SENDER_TELLER_H
#define ZC_SENDER_TELLER_H

#include "session/conn.h"
#include "session/events.h"

struct zc_teller {
    struct zc_conn *conn; /* NULL until _start */
    const struct zc_stats *stats;
    pthread_t thread;
    bool running;
    bool logs;       /* what could not be read goes to our own log, too */
    uint64_t logged; /* troubles that have gone there */
    uint64_t counted[ZC_STATS_COUNT]; /* as last told */
    pthread_mutex_t lock; /* all below */
    pthread_cond_t more, less;
    struct zc_buf out;
    uint64_t dropped; /* there was no room for */
    bool ending, over;
};

/* T, all of whose fields are set here. STATS must outlive it. */
void zc_teller_init(struct zc_teller *t, const struct zc_stats *stats,
                    bool logs);
void zc_teller_fini(struct zc_teller *t);
/* The callbacks that gather. */
struct zc_events zc_teller_events(struct zc_teller *t);

/* From now on it is sent over CONN, which must outlive T. -1 with a sentence. */
int zc_teller_start(struct zc_teller *t, struct zc_conn *conn,
                    struct zc_err *err);

/* Sends what is left, the last counts and the verdict: CODE, with the sentence
 * of ERR where it is none of 0, 23 and 24. Nothing is sent where the connection
 * is what failed, and no more is where the peer takes nothing for PATIENCE_S
 * seconds (0: for ever). Returns what the verdict is: 23 instead of 0 where
 * something could not be told. */
enum zc_exit zc_teller_end(struct zc_teller *t, enum zc_exit code,
                           unsigned patience_s, const struct zc_err *err);

#endif
