/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of the source that is listed, or looked through before that, and
 * what is asked of it and its names either way. A directory is one thread's at a
 * time.
 */
#ifndef ZC_SENDER_SDIR_H
#define ZC_SENDER_SDIR_H

#include "sender/core.h"
#include "tree/digests.h"
#include "tree/fileset.h"
#include "tree/names.h"

/* A directory that the peer wants listed. */
struct zc_sdir {
    SLIST_ENTRY(zc_sdir) link;
    struct zc_dirnode *node;
    struct zc_ref ref; /* the entry that named it */
    const struct zc_fileset_node *only; /* its place in options.only */
    bool restricted; /* only the names in `only` (NULL: the top of the set) */
    bool started, incomplete;
    bool places; /* some of zc_sender.places are below it */
    /* The rules in it; NULL: the session's. TOLD: the peer has them. */
    struct zc_filter *filter;
    bool ruled; /* they are its own, and not those of the one above */
    bool told;
    struct zc_names names;
    size_t at;   /* next of names, or of the file set's children */
    char *after; /* last name listed */
    bool doubt;  /* names.c lists it: only some names, each for a reason */
    unsigned what; /* enum zc_change, that reason for the name looked at */
    bool eager;    /* and only those whose bytes follow unasked */
    uint32_t digest; /* its number in the digests (digests.h); 0: none */
    struct zc_digest_dir digested; /* the same for survey.c */
    struct zc_groups *groups; /* of its names, once the peer was asked; or NULL */
    size_t group; /* the one that `at` is in */
};
/* NAME in D, which is open as DIRFD, is a staging folder and not to be sent. */
bool zc_sdir_reserves(const struct zc_sdir *d, int dirfd, const char *name);
/* NAME (N bytes), a subdirectory's, in a directory of which only the names in ONLY
 * count if it is RESTRICTED: what that means for D, the subdirectory. */
void zc_sdir_restrict(const struct zc_sender *s, struct zc_sdir *d,
                      const struct zc_fileset_node *only, bool restricted,
                      const char *name, size_t n);
void zc_sdir_free(struct zc_sender *s, struct zc_sdir *d);

/* D, open as DIRFD, has the rules of the directory that it is in: it gets its own.
 * -1: they cannot be had, which was told; nothing can be said of its names. */
int zc_sdir_take_rules(struct zc_sworker *w, struct zc_sdir *d, int dirfd);

/* NAME in D is not to be sent, as a rule says. */
bool zc_sdir_hides(struct zc_sworker *w, const struct zc_sdir *d,
                   const char *name, bool is_dir);
/* The same of a symlink, whatever it leads to: it need not be followed. */
bool zc_sdir_hides_link(struct zc_sworker *w, const struct zc_sdir *d,
                        const char *name);

/* The directory that ST is about: is another file system's, and those are not
 * entered; is the destination; is walked when its turn comes, as it is neither,
 * nor above itself. PARENT is what it is in, NULL: it is the root. */
bool zc_sdir_stays_out(const struct zc_sender *s, const struct zc_stat *st);
bool zc_sdir_is_dest(const struct zc_sender *s, const struct zc_stat *st);
bool zc_sdir_enters(const struct zc_sender *s, struct zc_dirnode *parent,
                    const struct zc_stat *st);

#endif
