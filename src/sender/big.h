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

#include <sys/queue.h>

struct zc_sbig;

struct zc_bigs {
    unsigned most; /* files on their way at a time */
    LIST_HEAD(, zc_sbig) sent; /* the newest first */
    unsigned n; /* those, and those being sent */
    unsigned n_got; /* the peer has got, nobody has claimed */
    struct zc_clones clones;
};

void zc_bigs_init(struct zc_sender *s, struct zc_bigs *bigs);
void zc_bigs_fini(struct zc_sender *s);

/* FILE, its ranges, SENT. Takes F's fd over. Waits for room among those on their
 * way, and does verdicts meanwhile. -1: the run has failed. */
int zc_big_send(struct zc_sworker *w, int dirfd, struct zc_sfile *f);
/* GOT, from the peer. False: no such file was sent. Without the lock. */
bool zc_big_got(struct zc_sender *s, struct zc_ref ref);
/* BYTES: it cannot make the file from what was passed, because of ENO. Likewise. */
bool zc_big_refused(struct zc_sender *s, struct zc_ref ref, int eno);
/* A big file that has been answered, now the caller's to decide on; NULL: there is
 * none. With the lock held. */
struct zc_sbig *zc_big_claim_got(struct zc_sender *s);
/* Decides on it, tells the peer, and frees it; or sends its bytes, if those are
 * wanted after all. -1: the run has failed. */
int zc_big_answered(struct zc_sworker *w, struct zc_sbig *b);

#endif
