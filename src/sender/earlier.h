/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Several SRC: a name that an earlier one has is its, and of a directory that
 * both have the earlier one's owner, mode and times count. So the first SRC
 * wins, whatever order things are sent in.
 */
#ifndef ZC_SENDER_EARLIER_H
#define ZC_SENDER_EARLIER_H

#include "sender/core.h"

/* The roots of options.earlier, opened. */
struct zc_earlier {
    struct zc_earlier_root {
        int fd;
        struct zc_places *places; /* not to be looked at (-x), or NULL */
    } *roots;
    size_t n;
};

void zc_earlier_init(struct zc_sender *s, struct zc_earlier *e);
/* When S's options are known. -1 with a sentence. */
int zc_earlier_start(struct zc_sender *s, struct zc_err *err);
void zc_earlier_fini(struct zc_sender *s);

/* What the earlier SRC have where a directory is that is being listed. */
struct zc_earlier_dir {
    int fd; /* -1: no such directory */
    /* Only the names in ONLY (NULL: the top of its set) are its. */
    const struct zc_fileset_node *only;
    bool restricted;
};
struct zc_earlier_dirs {
    struct zc_earlier_dir *v; /* NULL: there is no earlier SRC */
    struct zc_dirnode *node; /* that directory */
};

/* -1 and errno: it cannot be told. */
int zc_earlier_open(struct zc_sender *s, struct zc_dirnode *node,
                    struct zc_earlier_dirs *dirs);
void zc_earlier_close(struct zc_sender *s, struct zc_earlier_dirs *dirs);

/* Whether NAME in DIRFD is this SRC's to send. *AT is the directory in which to
 * look at it: DIRFD, or where the metadata come from. */
bool zc_earlier_leaves(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                       int dirfd, const char *name, int *at);

/* Whether any of them has NAME, whatever it is. */
bool zc_earlier_has(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                    const char *name);

/* The directory whose metadata the root of the destination gets, or FD. */
int zc_earlier_root(const struct zc_sender *s, int fd);

#endif
