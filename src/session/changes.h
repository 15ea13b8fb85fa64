/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What has changed, told to the process that runs `on change`: paths that touch
 * its patterns are gathered, and go to a pipe when a round is over.
 *
 *     NAME  path path ... ""  path ... ""  ...  "."
 *
 * Each ends in NUL; NAME is that of the share or mirror, "" the end of a round,
 * "/" says that anything may have changed, and "." that nothing is left unsaid:
 * without it whoever wrote has died.
 */
#ifndef ZC_SESSION_CHANGES_H
#define ZC_SESSION_CHANGES_H

#include "base/buf.h"
#include "tree/filter.h"

#include <pthread.h>

/* More than that of one round is "anything". */
#define ZC_CHANGES_BYTES_MAX ((size_t)4 << 20)

/* Where several write to. */
struct zc_changes_pipe {
    int fd; /* -1: nobody wants to know */
    pthread_mutex_t lock;
};

struct zc_changes {
    struct zc_changes_pipe *to;
    const struct zc_filter *patterns; /* those that `exclude` would match; NULL:
                                         all is of interest */
    pthread_mutex_t lock;
    struct zc_buf paths;
    bool all;
};

void zc_changes_pipe_init(struct zc_changes_pipe *p, int fd);
/* First of all, and last of all, if it has ended as it should; blocking. */
void zc_changes_begin(struct zc_changes_pipe *p, const char *name);
void zc_changes_end(struct zc_changes_pipe *p);

void zc_changes_init(struct zc_changes *c, struct zc_changes_pipe *to,
                     const struct zc_filter *patterns);
void zc_changes_fini(struct zc_changes *c);

/* PATH, relative to the root, has changed. Any thread. */
void zc_changes_add(struct zc_changes *c, const char *path);
/* A round is over: what was gathered is sent; blocking. */
void zc_changes_flush(struct zc_changes *c);

/* Whether PATH or a directory that it is in matches. */
bool zc_changes_match(const struct zc_filter *patterns, const char *path);

#endif
