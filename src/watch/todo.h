/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is to be looked at later: directories to be listed, each for a job that
 * reports when the last of them is done, and names and directories that could
 * not be judged yet. With the lock that watch.h speaks of.
 */
#ifndef ZC_WATCH_TODO_H
#define ZC_WATCH_TODO_H

#include "base/vec.h"
#include "watch/change.h"

struct zc_watch;
struct zc_wqueue;
struct zc_wtodo;

/* How a directory is listed. */
enum {
    ZC_WTODO_LIST = 1 << 0,   /* even when the directory is watched already */
    ZC_WTODO_VERIFY = 1 << 1, /* the known children, too */
    ZC_WTODO_DEEP = 1 << 2,   /* and what is below those */
    ZC_WTODO_ALL = ZC_WTODO_LIST | ZC_WTODO_VERIFY | ZC_WTODO_DEEP,
};

/* What is reported when all that was to be listed for it has been. */
struct zc_wtop {
    zc_wdir dir;
    bool doubt; /* as in_doubt; else, being new, as changed with DEEP */
};

struct zc_wjob {
    uint32_t serial; /* kept instead of a pointer, as a job may end */
    size_t left;     /* in a queue, or being worked on */
    bool bulk;
    ZC_VEC(struct zc_wtop) tops;
};

/* A job with one step, the caller's. NULL: no memory, and zc_wstarved was
 * called. */
struct zc_wjob *zc_wjob_new(struct zc_watch *w, bool bulk);
struct zc_wjob *zc_wjob_get(const struct zc_watch *w, uint32_t serial);
/* D is reported at the end of JOB. */
void zc_wjob_top(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                 bool doubt);
/* One step of JOB is done; the last one reports, and JOB is freed. */
void zc_wjob_step(struct zc_watch *w, struct zc_wjob *job);

/* D is to be listed: one more step of JOB. */
void zc_wtodo_push(struct zc_watch *w, struct zc_wjob *job, zc_wdir d,
                   unsigned flags);
/* D and all that is below it is listed again, and D reported then. */
void zc_wrelist(struct zc_watch *w, zc_wdir d, bool doubt);
/* Takes the next directory out of Q; false: there is none. The step of its job
 * is the caller's to end. */
bool zc_wtodo_pop(struct zc_wqueue *q, struct zc_wtodo *item);
/* Frees the memory of Q if it is empty: to be called after the last pop. */
void zc_wtodo_tidy(struct zc_wqueue *q);
/* Does without all that is in the queues: their jobs end. */
void zc_wtodo_skip(struct zc_watch *w);
/* The whole tree is looked at again; then the root is in doubt. */
void zc_wdoubt_all(struct zc_watch *w);

/* NAME in DIR is to be looked at when it is quiet. */
void zc_wverify_later(struct zc_watch *w, zc_wdir dir, const char *name,
                      size_t n);
/* D could not be proven to be in its spot. */
void zc_wrecheck_later(struct zc_watch *w, zc_wdir d);

void zc_wtodo_fini(struct zc_watch *w);

#endif
