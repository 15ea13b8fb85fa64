/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The status page: a small HTTP server that shows what it is given, and takes
 * nothing but GET and HEAD.
 *
 *   /             the page, with /page.css, /page.js and /icon.svg
 *   /api/status   an array of JSON objects
 *   /api/events   {"at":MILLISECONDS,"status":THAT ARRAY}, as often as once a
 *                 second, while somebody listens (server-sent events); first
 *                 what was seen in the last quarter of an hour
 *   /metrics      for Prometheus
 *
 * For a process of its own with one thread, which may be confined to what is
 * open between _new and _run: no file is read, no name looked up. Whoever sends
 * slowly, reads slowly or only holds a connection is put out.
 */
#ifndef ZC_WEB_WEB_H
#define ZC_WEB_WEB_H

#include "base/buf.h"
#include "base/err.h"
#include "web/door.h"

#define ZC_WEB_PORT "8731"

/* False where it was left out of the build (configure --without-web); then _new
 * fails. */
static inline bool zc_web_available(void)
{
#ifdef ZC_WITH_WEB
    return true;
#else
    return false;
#endif
}

struct zc_web_conf {
    int listen_fd; /* non-blocking; stays the caller's */
    struct zc_web_door door;
    /* Appends what is to be seen: JSON objects, a line each, and metrics. -1
     * with a sentence ends zc_web_run. */
    int (*look)(void *arg, struct zc_buf *json, struct zc_buf *metrics,
                struct zc_err *err);
    void *arg;
};

struct zc_web;

/* NULL with a sentence. CONF is copied; what it points to must live on. */
struct zc_web *zc_web_new(const struct zc_web_conf *conf, struct zc_err *err);
void zc_web_free(struct zc_web *w);

/* Serves until END_FD can be read or has hung up (0), or something fails (-1
 * with a sentence). */
int zc_web_run(struct zc_web *w, int end_fd, struct zc_err *err);

#endif
