/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What a watcher process does: it runs one [mirror] of zcsync.conf
 * (zc_mirror_run). */
#ifndef ZC_DAEMON_WATCHER_H
#define ZC_DAEMON_WATCHER_H

#include "daemon/conf.h"
#include "daemon/peer_keys.h"
#include "mirror/status.h"

#include <signal.h>

struct zc_watcher {
    const struct zc_conf_mirror *mirror;
    const struct zc_conf *conf;          /* whose mirror it is */
    struct zc_identity *identity;        /* NULL: none */
    struct zc_mirror_status *status; /* shared with the parent */
    struct zc_peer_keys *keys;       /* likewise: whom to trust */
    bool paused[ZC_STATUS_PEERS_MAX];    /* which of its destinations are */
    int stop_fd, control_fd;         /* as in zc_mirror_options */
    /* As in struct zc_mirrors_events, which are told; -1: nobody is. */
    int changes_fd;
    uint64_t changes_number;
    void (*mark)(void *arg, const char *mirror, uint64_t number);
    void *mark_arg;
    pid_t parent;                    /* the process dies with it */
    const sigset_t *mask;            /* to be set */
};

/* The names that `status` shows, from the first moment on. */
void zc_watcher_describe(const struct zc_conf_mirror *m,
                         struct zc_mirror_status *status);

/* The whole life of a process that has just been forked: 0 after a stop, else
 * the exit code of what went wrong, which has been logged and stands in the
 * status. */
_Noreturn void zc_watcher_main(const struct zc_watcher *w);

#endif
