/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files of which the peer has said what hash it has (NEED CHECK). Where nothing
 * is to be sent, a big one is read slice by slice, when there is nothing else
 * to do, so that it holds up neither other files nor the walk.
 */
#ifndef ZC_SENDER_CHECK_H
#define ZC_SENDER_CHECK_H

#include "sender/sfile.h"

struct zc_scheck;
STAILQ_HEAD(zc_scheck_list, zc_scheck);

/* Under the sender's lock. */
struct zc_checks {
    struct zc_scheck_list waiting;
    unsigned n; /* open files, those being read included */
};

void zc_checks_init(struct zc_checks *c);
void zc_checks_fini(struct zc_checks *c); /* no worker is left */

/* HASH is what ITEM tells of. */
bool zc_check_is(const uint8_t hash[ZC_HASH_SIZE],
                 const struct zc_need_item *item);
/* Has the file here the hash of the one there? -1 and errno. */
int zc_check_equal(struct zc_sworker *w, const struct zc_sfile *f);
/* It has not: that is what the user shall read. */
void zc_check_changed(struct zc_sworker *w, const struct zc_sfile *f);
/* A dry run: F, which is open and was looked at, is compared, told of and settled,
 * now, or later, or with the RESULT where META is asked for, too; then its fd (and
 * `cached`) is taken. -1: the run has failed. */
int zc_check_dry(struct zc_sworker *w, struct zc_sfile *f);

/* One of those for later; NULL: there is none. With the lock. */
struct zc_scheck *zc_checks_claim(struct zc_sender *s);
/* Its next slice. -1: the run has failed. */
int zc_check_go_on(struct zc_sworker *w, struct zc_scheck *c);

#endif
