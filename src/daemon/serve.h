/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A foreground receiver: `zcsync serve`. */
#ifndef ZC_DAEMON_SERVE_H
#define ZC_DAEMON_SERVE_H

#include "base/err.h"
#include "net/handshake.h"
#include "receiver/receive.h"

#include <sys/types.h>

struct zc_serve_options {
    const char *listen; /* "ADDR:PORT" and its short forms; NULL: loopback */
    bool plain;         /* an address other hosts reach is allowed */
    /* Who we are; the caller's. With it every share needs keys, every session
     * is sealed, and any address is allowed. NULL: no share may have keys. */
    struct zc_identity *identity;
    bool no_ktls;    /* do not hand keys to the kernel */
    unsigned suites; /* as in struct zc_security */
    struct zc_accept_options receive;
    unsigned max_connections; /* 0: a default of 64 */
    /* Connections that have not shaken hands yet, in all and per address; 0:
     * the defaults of handshakes.h. */
    unsigned max_unauthenticated, max_unauthenticated_per_address;
};

/*
 * Checks the shares, listens (on loopback only unless `plain` or sealed),
 * prints "zcsync: listening on ADDR:PORT" to stdout (flushed) and forks a
 * confined child per handshake and per session, until SIGTERM, SIGINT or
 * SIGHUP; then stops accepting, tells the sessions (SIGTERM), waits up to ten
 * seconds for them and kills the rest. Logs one line per session. Where
 * receive.confine is NULL, zc_sandbox_enter is used; so it is
 * below. Call before threads start. Returns 0, or -1 with a sentence.
 */
int zc_serve_run(const struct zc_serve_options *opt, struct zc_err *err);

/* One session on standard input and output (`zcsync serve --stdio`), plain, in
 * this process, which is confined afterwards; stdin is then /dev/null, and
 * stdout goes where stderr goes. DIRECT: the other end first says how it could be
 * reached otherwise (direct.h). Call before threads start. */
int zc_serve_stdio(const struct zc_accept_options *opt, bool direct,
                   struct zc_err *err);

/*
 * The embedded receiver: forks a confined child that serves PATH, and returns
 * the sender's end, hands shaken. *CHILD must be given to
 * zc_serve_embedded_end, which waits for it: free the transport first, its end
 * is what ends the child, which is deaf to stop signals. Call before threads
 * start. NULL with a sentence.
 */
struct zc_transport *zc_serve_embedded(const char *path,
                                       const struct zc_require *require,
                                       pid_t *child,
                                       struct zc_err *err);
void zc_serve_embedded_end(pid_t child);

#endif
