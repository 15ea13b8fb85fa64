/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The daemon's end of the control socket (control_msg.h): a listening AF_UNIX
 * stream socket, mode 0660, and its clients, of which none can hold up the
 * daemon: requests and answers are bounded, nothing blocks, who sends nothing
 * or reads nothing for half a minute is dropped (but for who waits), and there
 * are no more than 64. Root, the daemon's own user and members of the socket's
 * group are listened to (SO_PEERCRED, SO_PEERGROUPS); the latter may only ask
 * for the status and wait.
 *
 * For a process with one thread.
 */
#ifndef ZC_DAEMON_CONTROL_H
#define ZC_DAEMON_CONTROL_H

#include "daemon/control_msg.h"
#include "daemon/mirrors.h"

#define ZC_CONTROL_CLIENTS_MAX 64

struct zc_control;

struct zc_control_events {
    /* Appends a snapshot. */
    void (*status)(void *arg, struct zc_buf *out);
    /* CLIENT (a number never used again) asks for R, which is not status. 0:
     * zc_control_waiting and _done, or _fail, will be called; -1: a sentence.
     */
    int (*ask)(void *arg, uint64_t client, const struct zc_control_request *r,
               struct zc_err *err);
    /* It is gone. */
    void (*cancel)(void *arg, uint64_t client);
    void *arg;
};

/*
 * Listens at PATH, replacing what a daemon that died left there; the folder is
 * made if only that is missing. GROUP NULL:
 * "zcsync", if there is such a group. FD >= 0: a socket that listens already,
 * to be used instead (closed by _free, not removed). NULL with a sentence.
 */
struct zc_control *zc_control_new(const char *path, const char *group, int fd,
                                  const struct zc_control_events *events,
                                  struct zc_err *err);
void zc_control_free(struct zc_control *c); /* removes the socket */

/* FD, a stream socket whose other end is a child's, is a client that may ask for
 * the status and nothing else, but again and again. It is C's from now on; at the
 * latest with C it is closed. -1: out of memory. */
int zc_control_join(struct zc_control *c, int fd);

/* As in mirrors.h. */
int zc_control_poll(struct zc_control *c, zc_pollfds *fds);
void zc_control_polled(struct zc_control *c, const struct pollfd *fds);
int64_t zc_control_next(const struct zc_control *c, int64_t now);
void zc_control_tick(struct zc_control *c, int64_t now);

/* Answers to who waits. A CLIENT that is gone is fine. */
void zc_control_waiting(struct zc_control *c, uint64_t client,
                        const char *mirror, const char *text);
void zc_control_done(struct zc_control *c, uint64_t client);
void zc_control_fail(struct zc_control *c, uint64_t client,
                     const struct zc_err *why);

#endif
