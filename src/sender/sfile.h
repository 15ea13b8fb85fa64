/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What outgoing.c, outsmall.c and outbig.c share: a file being sent. Not for
 * others. */
#ifndef ZC_SENDER_SFILE_H
#define ZC_SENDER_SFILE_H

#include "base/relpath.h"
#include "sender/core.h"
#include "sender/lists.h"

/* One file being sent. */
struct zc_sfile {
    struct zc_slist *list;
    uint32_t index;
    unsigned tries;
    struct zc_entry listed; /* as it was listed; its name is the peer's */
    char name[ZC_NAME_MAX + 1]; /* its name here */
    int fd;
    struct zc_stat st;
    uint64_t from; /* the peer has the bytes before */
};

/* outgoing.c */
void zc_sfile_init(struct zc_sender *s, struct zc_sfile *f,
                   struct zc_slist *l, uint32_t index, unsigned tries);
void zc_sfile_state(struct zc_sworker *w, const struct zc_sfile *f,
                    enum zc_sstate state);
/* The peer asked for it and shall not have it; the user is told why. */
int zc_sfile_give_up(struct zc_sworker *w, const struct zc_sfile *f,
                     const char *what, int eno);
/* It changed under us: once more, later. -1: memory. */
int zc_sfile_retry(struct zc_sworker *w, const struct zc_sfile *f);
/* Fills in the FILE or META message for F as it is now. -1: the run has failed.
 */
int zc_sfile_describe(struct zc_sworker *w, int dirfd,
                      const struct zc_sfile *f, struct zc_msg_file *m);

/* outsmall.c */
/* Appends FILE with F's bytes. 1: done; 0: it changed meanwhile; -1: the run
 * has failed. */
int zc_small_append(struct zc_sworker *w, int dirfd, struct zc_sfile *f);
/* The same for one that was listed with all there is to know: if it is still
 * that version when its bytes have been read, the listed entry is what to send,
 * and one look is enough. True: done. False: it is another version, and nothing
 * was appended. */
bool zc_small_listed(struct zc_sworker *w, struct zc_sfile *f);

/* outbig.c */
/* FILE, its ranges, SENT. Takes F's fd over. -1: the run has failed. */
int zc_big_send(struct zc_sworker *w, int dirfd, struct zc_sfile *f);

#endif
