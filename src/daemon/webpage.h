/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status page of zcsyncd: its listening socket, and the process that serves
 * it (web/web.h), which is started again when it dies. That process has the
 * socket, what accepts on it, and a connection to the control socket's owner on
 * which it can ask for the status and nothing else; no file, no key, no
 * capability.
 *
 * What goes wrong here is logged and tried again: no mirror waits for a page.
 * For a process with one thread, as mirrors.h.
 */
#ifndef ZC_DAEMON_WEBPAGE_H
#define ZC_DAEMON_WEBPAGE_H

#include "daemon/conf.h"
#include "daemon/control.h"
#include "web/door.h"

struct zc_webpage;

/* CONTROL: where the daemon's control socket is found each time that the
 * process is started; MASK is for that process. FORKED is called in it first,
 * to let go of what is none of its business. NULL: out of memory. */
struct zc_webpage *zc_webpage_new(struct zc_control **control,
                                  const sigset_t *mask,
                                  void (*forked)(void *arg), void *arg);
void zc_webpage_free(struct zc_webpage *w); /* stops it, too */

/* CONF holds from now on, and must live until the next call, and TOKEN with it,
 * which is copied. The process is another one after that; the socket, where the
 * address is the same, is not. */
void zc_webpage_configure(struct zc_webpage *w, const struct zc_conf *conf,
                          const struct zc_web_token *token);
void zc_webpage_stop(struct zc_webpage *w);

/* Looks whether the process has ended. */
void zc_webpage_reap(struct zc_webpage *w);
/* Nanoseconds until zc_webpage_tick has something to do; INT64_MAX: never. */
int64_t zc_webpage_next(const struct zc_webpage *w, int64_t now);
void zc_webpage_tick(struct zc_webpage *w, int64_t now);

#endif
