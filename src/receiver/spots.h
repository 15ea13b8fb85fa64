/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where backups go (backup.h): the directory, made after that at DEST, and a
 * name that nothing has there.
 *
 * In the trash a path is kept once in a folder; the next time it goes into a
 * new one. Where a mirror follows something that changes all the time, what was
 * there for less than a minute is not kept if there is another one of that path
 * in the folder; unless it is deleted, then it takes the place of such a one.
 *
 * With the lock of the receiver's zc_backup held, all but _init, _open and
 * _fini.
 */
#ifndef ZC_RECEIVER_SPOTS_H
#define ZC_RECEIVER_SPOTS_H

#include "base/relpath.h"
#include "fs/meta.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>

struct zc_backups;
struct zc_receiver;

struct zc_backup {
    const struct zc_backups *how; /* NULL: nothing is kept */
    struct zc_backup *trash; /* takes what makes way for one; NULL: it goes */
    pthread_mutex_t lock; /* no other is taken under it; not used of `trash` */
    /* The directory of backups that was used last, and which it is: its path
     * below DEST. */
    int fd;
    char *dir;
    int folder;     /* TRASH: that takes what is lost now; -1: none yet */
    int64_t since;  /* its time */
    int64_t pruned; /* zc_clock_ns */
};

void zc_backup_init(struct zc_backup *b);
/* When R's terms are settled. */
void zc_backup_open(struct zc_receiver *r);
void zc_backup_fini(struct zc_backup *b);

/* Where something is that is to be kept. */
struct zc_lost {
    int dirfd;
    const char *name; /* in there; */
    const char *path; /* below DEST: what it is called by those who use it, */
    int home;         /* its directory */
    bool deleted;     /* nothing else gets its name */
    bool bare;        /* its directories are made like any */
    /* The top of a tree that was put aside, and what that was called; or
     * NULL. */
    const struct zc_lost *top;
};

/* A name among the backups, in FD, which stays open until another one is
 * found. */
struct zc_spot {
    int fd;
    char name[ZC_NAME_MAX + 1];
};

/* Where L is to go in B: in the trash that is free, else an older backup may be
 * there. 1: it is not kept; -1 and errno: S->fd is -1. */
int zc_spot_find(struct zc_receiver *r, struct zc_backup *b,
                 const struct zc_lost *l, struct zc_spot *s);
/* What has the name S goes. -1: errno. */
int zc_spot_clear(const struct zc_spot *s);
/* What is open is not there any more. */
void zc_spot_forget(struct zc_backup *b);
/* L, a directory, is there as well. -1: errno. */
int zc_spot_make_dir(struct zc_receiver *r, struct zc_backup *b,
                     const struct zc_lost *l);

#endif
