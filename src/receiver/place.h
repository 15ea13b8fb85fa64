/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From a staging name to the name: the one way in which something new appears
 * at the destination, whatever had the name before.
 *
 * Any thread; not under receiver.lock, which is taken inside.
 */
#ifndef ZC_RECEIVER_PLACE_H
#define ZC_RECEIVER_PLACE_H

#include "receiver/shelf.h"

struct zc_rworker;

/* Renames TMP, made where zc_shelf_staging says, to NAME in S, whatever has the
 * name: a directory with anything in it goes only where deleting was asked for.
 * 0, or -1 with errno and *OP. */
int zc_place(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
             const char *name, unsigned *op);
/* Likewise TMP, which has the bytes that NAME has: no backup is made of it. */
int zc_place_same(struct zc_rworker *w, struct zc_shelf *s, const char *tmp,
                  const char *name, unsigned *op);
/* TMP is not wanted any more. Keeps errno. */
void zc_place_discard(const struct zc_shelf *s, const char *tmp);
/* What is called OLD in the directory DIRFD, which is S, is called NAME from
 * now on, though these are the same name there; or it stays as it is. */
void zc_place_respell(struct zc_receiver *r, struct zc_shelf *s, int dirfd,
                      const char *old, const char *name);
/* The directory itself onto the disk: names that were given in it. */
void zc_place_sync(struct zc_receiver *r, const struct zc_shelf *s);

#endif
