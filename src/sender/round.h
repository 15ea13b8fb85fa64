/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What one round of a session is about: the whole tree, or the names that a
 * watcher has put in doubt. Made by whoever runs the session, who keeps it
 * unchanged until the round is over; plain memory.
 */
#ifndef ZC_SENDER_ROUND_H
#define ZC_SENDER_ROUND_H

#include "tree/places.h"
#include "watch/change.h"

#include <stdbool.h>
#include <stddef.h>

/* One name to be looked at. */
struct zc_round_name {
    const char *name; /* in the round's arena */
    unsigned what;    /* enum zc_change */
};

/* A directory in which names have to be looked at. */
struct zc_round_dir {
    const char *path; /* relative to the root, "" for the root itself */
    bool whole;       /* all its names: `names` is not used (what is below its
                         subdirectories is not in doubt) */
    const struct zc_round_name *names; /* sorted by bytes, no name twice */
    size_t n;
};

/* The directory or file `from` was seen to be renamed to `to`. Both names are
 * also among the names of the round, or below one of them that is DEEP, or their
 * directory is there as a whole or is gone. Paths are those at its turn, when
 * the renames before it are done. */
struct zc_round_rename {
    const char *from, *to; /* paths relative to the root */
    bool is_dir;
};

/* What a mirror sends a peer at one go. */
struct zc_round {
    bool all;  /* the whole tree; no names are set then */
    bool leisure; /* nobody waits for it: the disks may serve others first */
    bool unseen; /* what the peer has and lacks is not what was told before */
    bool sync; /* to be on stable storage when it is finished, whatever the
                  session's fsync mode */
    /* What is mounted below the root, or was; NULL: not known. Set with `all`,
     * too. */
    struct zc_places *places;
    const struct zc_round_rename *renames; /* in order */
    size_t n_renames;
    const struct zc_round_dir *dirs; /* sorted: parents before what is in them */
    size_t n_dirs;
};

#endif
