/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Big files, sent range by range: FILE, DATA, SENT, and when the peer has got
 * all of it, a verdict. Any worker; those that are between SENT and their
 * verdict, or passed and not answered, are under the sender's lock.
 */
#ifndef ZC_SENDER_BIG_H
#define ZC_SENDER_BIG_H

#include "sender/clones.h"
#include "sender/sfile.h"
#include "tree/suffix.h"

#include <sys/queue.h>

struct zc_sbig;

struct zc_bigs {
    unsigned most; /* files on their way at a time */
    LIST_HEAD(, zc_sbig) waiting; /* for the peer; the newest first */
    unsigned n; /* those, and those being sent */
    struct zc_clones clones;
    unsigned n_ready; /* it has answered, nobody has claimed */
    bool delta; /* what the peer has is not sent */
    bool aligned; /* ... if it is where it was */
    struct zc_suffixes suffixes; /* that have not shrunk, in this session */
};

void zc_bigs_init(struct zc_sender *s, struct zc_bigs *bigs);
/* When OPEN and OPENED have crossed. */
void zc_bigs_start(struct zc_sender *s);
void zc_bigs_fini(struct zc_sender *s);

/* FILE, its ranges, SENT. Takes F's fd over. Waits for room among those on their
 * way, and goes on with others meanwhile. -1: the run has failed. */
int zc_big_send(struct zc_sworker *w, int dirfd, struct zc_sfile *f);
/* GOT, from the peer. False: no such file was sent. Without the lock. */
bool zc_big_got(struct zc_sender *s, struct zc_ref ref);
/* BYTES: it cannot make the file from what was passed, because of ENO. Likewise. */
bool zc_big_refused(struct zc_sender *s, struct zc_ref ref, int eno);
/* SUMS, likewise. -1 with a sentence. */
int zc_big_sums(struct zc_sender *s, const struct zc_msg_sums *m,
                struct zc_err *err);
/* A big file about which the peer has answered, now the caller's to go on with;
 * NULL: there is none. With the lock held. */
struct zc_sbig *zc_big_claim(struct zc_sender *s);
/* Sends more of it; or decides on it, tells the peer, and frees it. -1: the run has
 * failed. */
int zc_big_go_on(struct zc_sworker *w, struct zc_sbig *b);

#endif
