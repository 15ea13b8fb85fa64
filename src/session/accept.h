/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The beginning of a session at the end that was dialled, whether it is going
 * to send or to receive:
 *
 *   zc_accept_request   OPEN: which share, for whom, how
 *   zc_accept_root      the directory; from here on this process is confined
 *   zc_accept_answer    OPENED
 *
 * In between the caller prepares what its role needs, before it is confined
 * and after. connect.h is the other end. Each is called once, in this order,
 * by the thread that receives; those that fail return -1 with a sentence,
 * which the caller tells the peer (zc_accept_refuse).
 */
#ifndef ZC_SESSION_ACCEPT_H
#define ZC_SESSION_ACCEPT_H

#include "proto/hello.h"
#include "session/changes.h"
#include "session/confine.h"
#include "session/conn.h"
#include "session/share.h"
#include "session/terms.h"

struct zc_intake;

struct zc_accept_options {
    const struct zc_share *shares;
    size_t n_shares;
    const uint8_t *peer_key; /* who the peer has proved to be; NULL: plain */
    struct zc_plain_peer plain; /* who it is then */
    /* The one share's root may be made when it is missing, and a file may be
     * pushed to a name in its parent (embedded receiver: DEST is the user's own
     * path). */
    bool embedded;
    /* There are no shares: the peer is the user who has started us, and names
     * paths of his own, relative to the working directory or to a home. */
    bool own;
    bool own_read_only; /* he may not write to them */
    unsigned timeout_s; /* no frame for so long ends the session; 0: none */
    unsigned threads;   /* that work on it, 0: as many as make sense */
    /* Called once, after the share's root has been opened and before anything
     * the peer says is acted on. NULL: not confined. */
    zc_confine *confine;
    /* Called before that with the share's name and the mirror's origin (NULL:
     * it has none). May be NULL; -1 with a sentence refuses the session. */
    int (*opened)(void *arg, const char *share, const uint8_t *origin,
                  struct zc_err *err);
    void *opened_arg;
    struct zc_changes *changes; /* for shares with `on_change`; NULL: not told */
    /* Called with the same, by any thread, one at a time, whenever something does
     * not fit (zc_share.min_free): TEXT says how much is free; "": there is room
     * again. May be NULL. */
    void (*room)(void *arg, const char *text);
    struct zc_intake *intake; /* zeroed; NULL: nobody wants to know */
};

/* Waits for OPEN, not for long; *SHARE is the one it names, which this end may
 * open in its ROLE. Who sends may be asked by LOOK instead, with the same
 * answers; *SHARE is NULL where that is about all of them. T need not be
 * initialised, and is to be given to zc_terms_fini either way. */
int zc_accept_request(struct zc_conn *c, const struct zc_accept_options *opt,
                      enum zc_role role, struct zc_terms *t,
                      const struct zc_share **share, struct zc_err *err);

/* The directory that T is about: *ROOT_FD, the caller's, is -1 where a dry run
 * would make it. T gets its name. */
int zc_accept_root(const struct zc_accept_options *opt,
                   const struct zc_share *share, enum zc_role role,
                   struct zc_terms *t, int *root_fd, struct zc_err *err);

int zc_accept_answer(struct zc_conn *c, const struct zc_accept_options *opt,
                     const struct zc_terms *t, int root_fd, struct zc_err *err);

/* Tells the peer why the session ends, unless the connection is what failed. */
void zc_accept_refuse(struct zc_conn *c, const struct zc_err *err);

#endif
