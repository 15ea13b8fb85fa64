/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * HOST:PATH: a zcsync that is started there, by a remote shell, and talked to
 * over its standard streams. zc_reach.remote and .explain.
 */
#ifndef ZC_CLI_REMOTE_H
#define ZC_CLI_REMOTE_H

#include "net/reach.h"

#include <sys/types.h>

struct zc_remote_args { /* options; NULL: not given */
    const char *rsh;     /* -e: the program, and its first words */
    const char *command; /* --remote-command: "zcsync" there, blanks part words */
};

/* One DEST or SRC over there; in use by one thread at a time. */
struct zc_remote {
    const struct zc_remote_args *args;
    pid_t pid; /* 0: none */
    int status;
    char host[256];
};

/* What options say, before anything is done. -1 with a sentence. */
int zc_remote_check(const struct zc_remote_args *a, struct zc_err *err);

/* ARG is the struct zc_remote, of which `args` are set. */
int zc_remote_start(void *arg, const struct zc_endpoint *at,
                    struct zc_reached *out, struct zc_err *err);
void zc_remote_explain(void *arg, struct zc_err *err);

#endif
