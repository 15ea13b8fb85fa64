/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Embedded receivers on demand, for a process that has threads by then. A
 * process with threads must not fork one; so a small process that has none is
 * forked off at the start, and starts the receivers when it is asked to:
 *
 *     our threads  --path-->  forker  --fork-->  receiver
 *                  <--fd----                         |
 *         the socket of that fd  <-------------------+
 *
 * It waits for the receivers, and logs when one was killed. It ends with the
 * process that made it, however that ends, and so do the receivers, since their
 * connections end.
 */
#ifndef ZC_DAEMON_FORKER_H
#define ZC_DAEMON_FORKER_H

#include "base/err.h"
#include "fs/require.h"
#include "net/reach.h"

struct zc_forker;

/* Call before threads start. What REQUIRE (NULL: nothing) wants has to be there
 * for every receiver; it has to outlive the forker. NULL with a sentence. */
struct zc_forker *zc_forker_new(const struct zc_require *require,
                                struct zc_err *err);

/* The sender's end of a new receiver for the local directory PATH (relative to
 * the working directory at zc_forker_new): a zc_reach.local, whose argument is
 * the forker. Any thread. What is wrong with PATH is heard through the protocol.
 * The receiver has ended when zc_reached_end returns. -1 with a sentence. */
int zc_forker_reach(void *forker, const char *path, struct zc_reached *out,
                    struct zc_err *err);

/* The same for a second one, which is there at the same time. */
int zc_forker_reach_beside(void *forker, const char *path,
                           struct zc_reached *out, struct zc_err *err);

/* All its transports must have been freed: waits for the receivers to put their
 * things away, up to ten seconds, and kills those that do not end. NULL is
 * fine. */
void zc_forker_free(struct zc_forker *f);

#endif
