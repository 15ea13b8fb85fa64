/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What loses its name at DEST is kept, where that was asked for: under another
 * name beside it, or under the same path elsewhere (session/backups.h says
 * where).
 *
 *     replaced:  a link among the backups, then a rename over the name; where
 *                there are no links the two change places first
 *     written:   a copy, which shares its blocks where the file system can
 *     deleted:   one rename
 *     elsewhere, on another file system: a copy
 *
 * So a name is never missing, and whatever breaks off leaves the old version
 * among the backups or where it was. Directories are made there as what is kept
 * needs them, with the attributes of those it was in. Any thread, not under
 * receiver.lock.
 */
#ifndef ZC_RECEIVER_BACKUP_H
#define ZC_RECEIVER_BACKUP_H

#include "receiver/spots.h"

#include <stdint.h>

struct zc_receiver;

/* Is anything kept? */
bool zc_backup_on(const struct zc_receiver *r);
/* Deleting leaves PATH alone: it is where backups are. */
bool zc_backup_protects(const struct zc_receiver *r, const char *path);
/* PATH looks like a backup beside what it is of: no other is made of it. */
bool zc_backup_is_one(const struct zc_receiver *r, const char *path);

/* The trash is made shorter: for a moment, as a session begins, or, at its END,
 * for as long as nobody minds. */
void zc_backup_prune(struct zc_receiver *r, bool end);
/* Between rounds: when it is time for that. */
void zc_backup_tidy(struct zc_receiver *r);

enum zc_backup_done {
    ZC_BACKUP_FAILED = -1, /* errno */
    ZC_BACKUP_DONE,
    ZC_BACKUP_NOTHING, /* is there, or a directory: that is kept as it goes */
    ZC_BACKUP_STAYS,   /* under another name, in the same directory */
    ZC_BACKUP_LATER,   /* it cannot have two names: zc_backup_take, when it
                          has lost this one */
};

/* L is about to be replaced, and has its name until then. */
enum zc_backup_done zc_backup_before(struct zc_receiver *r,
                                     const struct zc_lost *l);
/* L goes to the backups from where it is; a directory with all that is in
 * it. */
enum zc_backup_done zc_backup_take(struct zc_receiver *r,
                                   const struct zc_lost *l);
/* L is a directory that is empty, and about to go. */
void zc_backup_dir(struct zc_receiver *r, const struct zc_lost *l);
/* L is about to be written to. */
enum zc_backup_done zc_backup_copy(struct zc_receiver *r,
                                   const struct zc_lost *l);

#endif
