/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One file on its way out, small or big: what is said about it, and what becomes
 * of it when it does not go well. On the stack of the worker that sends it,
 * which has its list (see lists.h).
 */
#ifndef ZC_SENDER_SFILE_H
#define ZC_SENDER_SFILE_H

#include "base/relpath.h"
#include "fs/meta.h"
#include "sender/core.h"
#include "sender/lists.h"
#include "sender/segments.h"

struct zc_sfile {
    struct zc_slist *list;
    uint32_t index;
    unsigned tries; /* before this one */
    struct zc_entry listed; /* as it was listed; its name is the peer's */
    char name[ZC_NAME_MAX + 1]; /* its name here */
    int fd; /* or -1; whoever opens it closes it */
    struct zc_cached *cached; /* of it, before it was read; goes with it */
    bool followed; /* `name` is a symlink, and what it leads to is meant */
    struct zc_stat st; /* as it is now, when it was looked at */
    struct zc_segments segments; /* the same */
    uint64_t basis; /* bytes of an older version there; 0: it is sent whole */
};

/* The file INDEX of L; nothing is opened. */
void zc_sfile_init(struct zc_sender *s, struct zc_sfile *f,
                   struct zc_slist *l, uint32_t index, unsigned tries);
/* Opens it, with FLAGS as for zc_file_open. -1 and errno. */
int zc_sfile_open(struct zc_sworker *w, int dirfd, const struct zc_sfile *f,
                  int flags);
void zc_sfile_state(struct zc_sworker *w, const struct zc_sfile *f,
                    enum zc_sstate state);
/* The peer asked for it and shall not have it; the user is told why. ENO 0 or
 * ENOENT: it vanished, or is no file any more. */
int zc_sfile_give_up(struct zc_sworker *w, const struct zc_sfile *f,
                     const char *what, int eno);
/* It changed under us: once more, later, unless that was the last try. -1:
 * memory. */
int zc_sfile_retry(struct zc_sworker *w, const struct zc_sfile *f);
/* How many tries there are. */
unsigned zc_sfile_tries_max(const struct zc_sender *s);
/* Nothing is to be sent of it: a dry run, whose peer counts nothing as
 * outstanding. */
void zc_sfile_settle(struct zc_sworker *w, const struct zc_sfile *f);
/* Fills in the FILE or META message for F as it is now. Pointers in it are good
 * until the next. -1: the run has failed. */
int zc_sfile_describe(struct zc_sworker *w, int dirfd,
                      const struct zc_sfile *f, struct zc_msg_file *m);
/* META: what F is now, without its bytes. DIRFD may be -1 where F is open. -1: the
 * run has failed. */
int zc_sfile_meta(struct zc_sworker *w, int dirfd, const struct zc_sfile *f);

#endif
