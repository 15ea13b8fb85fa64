/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What zcsyncd's first process has, for the files that it is made of:
 *
 *     supervisor.c         its start, its loop and its end
 *     supervisor_conf.c    the configuration, taken and exchanged
 *     supervisor_status.c  what it says of itself
 *
 * It has one thread.
 */
#ifndef ZC_DAEMON_SUPERVISOR_STATE_H
#define ZC_DAEMON_SUPERVISOR_STATE_H

#include "daemon/control.h"
#include "daemon/hooks.h"
#include "daemon/listeners.h"
#include "daemon/mirrors.h"
#include "daemon/notify.h"
#include "daemon/pushers.h"
#include "daemon/receivers.h"
#include "daemon/waits.h"
#include "daemon/webpage.h"

#include <signal.h>

typedef ZC_VEC(struct zc_share) zc_shares;

struct supervisor {
    const char *file;
    struct zc_conf *conf;
    int signal_fd;
    sigset_t old_mask;
    bool masked;
    int64_t started; /* wall clock */
    uint64_t reloads;
    struct zc_notify notify;
    struct zc_listeners listeners;
    struct zc_receivers receivers;
    struct zc_pushers *pushers;
    struct zc_identity *identity; /* NULL: none */
    zc_shares shares;
    struct zc_mirrors *mirrors;
    struct zc_control *control;
    char *control_path, *control_group; /* of `control`; path NULL: passed in */
    struct zc_waits *waits;
    struct zc_webpage *page;
    struct zc_web_token token; /* of the page */
    struct zc_hooks *hooks;
    int64_t beat_ns, beat_at;     /* 0: no watchdog */
    int64_t status_at;            /* STATUS= is to be looked at; 0: it is not */
    zc_pollfds fds;
};

/* --- supervisor_conf.c --- */

/* CONF holds for new connections from now on, and S has it and its identity;
 * what there was before is still the caller's. Sessions that are open have their
 * own copy. -1 with a sentence: nothing has changed. */
int zc_super_take_conf(struct supervisor *s, struct zc_conf *conf,
                       struct zc_err *err);
/* The control socket at PATH for GROUP (NULL: nobody's), or the one that was
 * passed in as FD (-1: none). -1 and ERR. */
int zc_super_open_control(struct supervisor *s, const char *path,
                          const char *group, int fd, struct zc_err *err);
/* Reads the file again. Whatever is wrong with it is said, and what was before
 * goes on. -1 and FATAL: there is no control socket any more. */
int zc_super_reload(struct supervisor *s, struct zc_err *fatal);

/* --- supervisor_status.c --- */

/* An answer to `status` in OUT; ARG is the supervisor. */
void zc_super_on_status(void *arg, struct zc_buf *out);
/* The line that `systemctl status` shows. */
void zc_super_show_status(struct supervisor *s);
/* And once more in a while. */
void zc_super_look_again(struct supervisor *s);

#endif
