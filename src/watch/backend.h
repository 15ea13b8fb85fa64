/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ways to watch, inotify.c and fanotify.c: each makes events of what
 * the kernel says (events.h), and knows a directory by a key (tree.h).
 * With the lock that watch.h speaks of.
 */
#ifndef ZC_WATCH_BACKEND_H
#define ZC_WATCH_BACKEND_H

#include "base/err.h"

struct zc_watch;
struct zc_wkey;

struct zc_wbackend {
    bool per_dir; /* one watch for each directory: they may run out */
    /* Watches the directory FD (where it is not watched yet) and tells its key.
     * -1 and errno: ENOSPC when there are no watches left. */
    int (*identify)(struct zc_watch *w, int fd, bool root,
                    struct zc_wkey *key);
    /* The directory with KEY is not to be watched any more. */
    void (*release)(struct zc_watch *w, const struct zc_wkey *key);
    /* File systems may have come and gone since directories were identified. May
     * be NULL. */
    void (*remounted)(struct zc_watch *w);
    /* Handles the N bytes in w->buf. */
    void (*events)(struct zc_watch *w, size_t n);
};

extern const struct zc_wbackend zc_wbackend_inotify, zc_wbackend_fanotify;

/* Each opens w->fd. -1 and a sentence. */
int zc_winotify_start(struct zc_watch *w, struct zc_err *err);
int zc_wfanotify_start(struct zc_watch *w, int rootfd, struct zc_err *err);
/* Forgets which file systems have a mark. */
void zc_wfanotify_fini(struct zc_watch *w);

#endif
