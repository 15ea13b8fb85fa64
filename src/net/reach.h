/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * From an endpoint, as a user wrote it and zc_endpoint_parse took it apart, to
 * a transport over which hands have been shaken:
 *
 *   local    `local` starts a receiver of our own
 *   daemon   `expect` -> dial -> `secure` says which keys -> shake hands
 *   SSH      `remote` starts a zcsync there -> shake hands, in plain
 *
 * What differs between those who want to reach something (who is trusted,
 * and who starts local receivers) is theirs to say, through the callbacks.
 */
#ifndef ZC_NET_REACH_H
#define ZC_NET_REACH_H

#include "net/endpoint.h"
#include "net/handshake.h"

struct zc_reached {
    struct zc_transport *t;
    bool shaken; /* `remote` has shaken hands over it already */
    /* What goes out over T can be spread over several channels (net/lanes.h): does
     * so from the next byte on. -1 with a sentence. NULL: it cannot. */
    int (*lanes)(void *arg, struct zc_err *err);
    /* Waits for what was started for it, which ends when T is gone. NULL: nothing
     * was. */
    void (*end)(void *arg);
    void *arg;
};

struct zc_reach {
    const struct zc_endpoint *at;
    enum zc_role role;     /* ours */
    unsigned contimeout_s; /* to connect; 0: the system's own limit */
    unsigned timeout_s;    /* of the transport; 0: none */
    int compress;          /* as in struct zc_security, but where AT is local */
    /* Starts a receiver for PATH and fills in OUT, hands shaken. -1 with a
     * sentence. Never called, and may be NULL, where AT is not local. */
    int (*local)(void *arg, const char *path, struct zc_reached *out,
                 struct zc_err *err);
    void *local_arg;
    /* Fills in OUT: bytes from and to the zcsync that it has started, as HOW says,
     * which may be preceded by others' words. -1 with a sentence. Otherwise the
     * same. */
    int (*remote)(void *arg, const struct zc_reach *how,
                  struct zc_reached *out, struct zc_err *err);
    /* The handshake with it has failed, as ERR says: may know better why, from
     * how what was started has ended. NULL: never does. */
    void (*explain)(void *arg, struct zc_err *err);
    void *remote_arg;
    /* Before anything is connected: may refuse it. NULL: nothing is known by
     * then. */
    int (*expect)(void *arg, struct zc_err *err);
    /* Connected to T: how it is to be secured, or -1 with a sentence. Never
     * called, and may be NULL, where AT is local. */
    int (*secure)(void *arg, const struct zc_transport *t,
                  struct zc_security *sec, struct zc_err *err);
    void *secure_arg;
};

/* Blocks; the caller's thread. 0 and *OUT, to be given to zc_reached_end, or -1
 * with a sentence: those of the callbacks, zc_dial and zc_handshake. */
int zc_reach(const struct zc_reach *how, struct zc_reached *out,
             struct zc_err *err);

/* Frees the transport and waits for the other end. R may be zeroed, and is
 * afterwards. */
void zc_reached_end(struct zc_reached *r);

#endif
