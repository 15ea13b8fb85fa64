/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory as one in which names are given, and where things are made before
 * they get them. That is the staging folder at the top of its volume, unless
 *
 *   - the directory passes on what things made up there would not have: a
 *     project id, flags, an encryption policy; its group or its default ACL,
 *     where the session does not set those itself;
 *   - it refuses what was made elsewhere (EXDEV);
 *   - nobody may write at the top.
 *
 * Then it is a nest (fs/nest.h) in the directory, or in the one above that
 * passes on the same. It is decided when something is to be made, by one look at
 * the directory; the nest goes when the directory is finished.
 *
 * Any thread; not under receiver.lock, which is taken inside.
 */
#ifndef ZC_RECEIVER_SHELF_H
#define ZC_RECEIVER_SHELF_H

#include "fs/heritage.h"
#include "fs/staging.h"
#include "tree/dirnode.h"

#include <pthread.h>
#include <stdatomic.h>

struct zc_nest;
struct zc_receiver;
struct zc_volume;

struct zc_shelf {
    struct zc_dirnode *node;
    struct zc_volume *vol;
    struct zc_shelf *up; /* its parent's, which lives longer; NULL: unknown */
    /* Under receiver.lock: */
    bool touched;       /* names in it changed: times have to be set again */
    bool writable_made; /* u+rwx was added for us */
    /* Under shelves.lock; the fd only changes from -1 to what it stays. */
    atomic_int made_in;          /* -1: not decided */
    struct zc_nest *nest;        /* where that is one, */
    bool owns_nest;              /* and it is its own */
    bool looked;                 /* at what it passes on: */
    struct zc_heritage heritage;
};

struct zc_shelves {
    /* Held while one is decided about; taken before receiver.lock. */
    pthread_mutex_t lock;
    atomic_uint nests; /* a descriptor each */
    atomic_uint many;  /* so many are many: see zc_shelves_many */
};

void zc_shelves_init(struct zc_shelves *s);

/* Nests take up descriptors: what keeps directories from being finished, to do
 * it for many at once, should not any longer. */
bool zc_shelves_many(const struct zc_receiver *r);

void zc_shelf_init(struct zc_shelf *s);
/* S is another one for the same directory. */
void zc_shelf_copy(struct zc_shelf *s, const struct zc_shelf *of);
/* S was made where UP's things are: so are its own. */
void zc_shelf_born(struct zc_receiver *r, struct zc_shelf *s,
                   struct zc_shelf *up);
/* Nothing more is made for S. */
void zc_shelf_leave(struct zc_receiver *r, struct zc_shelf *s);

/* Where to make something that is meant for S: an fd, and a new name in it. -1
 * and errno. */
int zc_shelf_staging(struct zc_receiver *r, struct zc_shelf *s,
                     char tmp[ZC_STAGING_NAME_SIZE]);
/* Does what is made for S look like nothing but S (after zc_shelf_staging)? */
bool zc_shelf_in_nest(const struct zc_shelf *s);
/* Where permissions are not kept: those to make something in S with that has
 * MODE at the source. */
uint32_t zc_shelf_mode(struct zc_receiver *r, struct zc_shelf *s,
                       uint32_t mode);

/* A name in S was given, or taken away. */
void zc_shelf_touched(struct zc_receiver *r, struct zc_shelf *s);
/* EACCES in a directory of ours without u+rwx: adds it for the time being.
 * True when it is worth trying again. */
bool zc_shelf_make_writable(struct zc_receiver *r, struct zc_shelf *s);

#endif
