/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a remote command writes to its stderr, cut into lines. One thread. */
#ifndef ZC_SSH_STDERR_H
#define ZC_SSH_STDERR_H

#include "base/util.h"

#define ZC_SSH_LINE_MAX 2048 /* longer lines are cut in pieces */
#define ZC_SSH_KEPT_MAX 1024 /* of the last lines */

struct zc_ssh_stderr {
    void (*line)(void *arg, const char *line);
    void *arg;
    char now[ZC_SSH_LINE_MAX]; /* the line that has begun */
    size_t now_len;
    char kept[ZC_SSH_KEPT_MAX]; /* whole lines, '\n' between them */
    size_t kept_len;
};

/* LINE may be NULL; it gets every line that is not empty, without its end. */
void zc_ssh_stderr_init(struct zc_ssh_stderr *s,
                        void (*line)(void *arg, const char *line), void *arg);
void zc_ssh_stderr_put(struct zc_ssh_stderr *s, const char *text, size_t n);
/* No more comes. What was last said, as much as there is room for. */
void zc_ssh_stderr_end(struct zc_ssh_stderr *s, char *last, size_t size);

#endif
