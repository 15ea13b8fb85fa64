/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a staging name to the name: the one way in which something new appears
 * at the destination, whatever had the name before.
 *
 * Any thread; not under receiver.lock, which is taken inside.
 */
#ifndef ZC_RECEIVER_PLACE_H
#define ZC_RECEIVER_PLACE_H

#include "fs/staging.h"
#include "tree/dirnode.h"

struct zc_rworker;
struct zc_receiver;
struct zc_volume;

/* A directory, as one in which names are given. */
struct zc_shelf {
    struct zc_dirnode *node;
    struct zc_volume *vol;
    /* Under receiver.lock: */
    bool touched;       /* names in it changed: times have to be set again */
    bool writable_made; /* u+rwx was added for us */
};

/* Where to make something that is meant for S: the fd of its volume's staging
 * folder, and a new name in it. -1 and errno. */
int zc_place_staging(const struct zc_shelf *s, char tmp[ZC_STAGING_NAME_SIZE]);
/* It is not wanted any more. Keeps errno. */
void zc_place_discard(const struct zc_shelf *s, const char *tmp);

/* Renames TMP to NAME in S, whatever has the name: a directory with anything in
 * it goes only where deleting was asked for. 0, or -1 with errno and *OP. */
int zc_place(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
             const char *name, unsigned *op);
/* What is called OLD in the directory DIRFD, which is S, is called NAME from
 * now on, though these are the same name there; or it stays as it is. */
void zc_place_respell(const struct zc_shelf *s, int dirfd, const char *old,
                      const char *name);
/* The directory itself onto the disk: names that were given in it. */
void zc_place_sync(struct zc_receiver *r, const struct zc_shelf *s);

/* A name in S was given in another way. */
void zc_place_touched(struct zc_receiver *r, struct zc_shelf *s);
/* EACCES in a directory of ours without u+rwx: adds it for the time being.
 * True when it is worth trying again. */
bool zc_place_make_writable(struct zc_receiver *r, struct zc_shelf *s);

#endif
