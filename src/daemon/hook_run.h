/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Starting a command of `on change` (hooks.h). */
#ifndef ZC_DAEMON_HOOK_RUN_H
#define ZC_DAEMON_HOOK_RUN_H

#include "base/buf.h"
#include "daemon/conf_types.h"

#include <signal.h>
#include <sys/types.h>

struct zc_hook_run {
    const struct zc_conf_on_change *conf;
    const char *kind, *name; /* "share", "www" */
    const char *path;        /* its directory */
    const char *file;        /* to be made, for the changes */
    struct zc_buf *changes;  /* paths, each with its NUL, in any order; sorted,
                                and each once, afterwards */
    bool all;                /* not known which: the file is empty */
    const sigset_t *mask;
};

/* The process, which leads a group of its own; -1 with a sentence. */
pid_t zc_hook_run(const struct zc_hook_run *h, struct zc_err *err);

#endif
