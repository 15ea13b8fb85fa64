/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Symlinks of the source, where the walk does something else with them than to
 * send them as they are (enum zc_open_walk). Any thread.
 */
#ifndef ZC_SENDER_LINKS_H
#define ZC_SENDER_LINKS_H

#include "sender/core.h"
#include "tree/dirnode.h"

enum zc_slink {
    ZC_SLINK_FAILED = -1, /* to be followed, and it cannot be: errno */
    ZC_SLINK_KEPT,        /* to be sent as it is, or no symlink */
    ZC_SLINK_FOLLOWED,    /* what it leads to is to be sent */
    ZC_SLINK_LEFT, /* to be left out; with -x, it leads to what is mounted */
};

/* Whether there is anything to be asked here at all. */
bool zc_slinks_matter(const struct zc_sender *s);

/* Whether any are followed. */
bool zc_slinks_follow(const struct zc_sender *s);

/* What becomes of NAME in NODE, which is open as DIRFD, and of which ST was said
 * so far. FOLLOWED: ST is what it leads to, *FD an O_PATH descriptor of that, the
 * caller's. */
enum zc_slink zc_slinks_look(struct zc_sender *s, struct zc_dirnode *node,
                             int dirfd, const char *name, struct zc_stat *st,
                             int *fd);

/* With -x: NODE is behind a symlink, where the places have other paths than
 * those that are known, and something is mounted on the directory NAME in it. */
bool zc_slinks_mounted(const struct zc_sender *s, struct zc_dirnode *node,
                       int dirfd, const char *name);

/* Opens what the symlink NAME leads to, with FLAGS as in zc_link_open. -1 and
 * errno. */
int zc_slinks_open(struct zc_sender *s, struct zc_dirnode *node, int dirfd,
                   const char *name, int flags);

#endif
