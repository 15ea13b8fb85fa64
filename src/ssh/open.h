/* SPDX-License-Identifier: GPL-2.0-or-later */
/* A session on its way up, for open.c and reach.c: a jump host is one that is
 * opened to reach another. */
#ifndef ZC_SSH_OPEN_H
#define ZC_SSH_OPEN_H

#include "ssh/config.h"
#include "ssh/link.h"
#include "ssh/pump.h"

#include <sys/types.h>

struct zc_ssh {
    struct zc_ssh_config c;
    struct zc_ssh_options o; /* its callbacks; the rest while it is opened */
    unsigned depth;          /* how many hops it is there to reach */
    unsigned contimeout_s;
    struct zc_ssh *via; /* the jump host before it; NULL */
    pid_t proxy;        /* of a ProxyCommand; 0 */
    char address[64];   /* see zc_ssh_address; "" */
    struct zc_ssh_link *link;
    LIBSSH2_CHANNEL *channel;
    struct zc_ssh_pump *pump;
};

/* A session at PLACE, logged in. */
struct zc_ssh *zc_ssh_login(const struct zc_ssh_place *place,
                            const struct zc_ssh_options *o, unsigned depth,
                            struct zc_err *err);
/* From S on to HOST and PORT: *FD is a stream to it. */
int zc_ssh_forward(struct zc_ssh *s, const char *host, unsigned port, int *fd,
                   struct zc_err *err);
/* Starts the pump for S's channel. */
int zc_ssh_start(struct zc_ssh *s, int *fd, struct zc_err *err);

/* A stream to where S's configuration points: TCP, a ProxyCommand, or through
 * jump hosts. -1 with a sentence. */
int zc_ssh_reach(struct zc_ssh *s, struct zc_err *err);
/* Ends what was started for that; the stream is closed. ERR (may be NULL) is
 * set when a jump host was lost. */
void zc_ssh_unreach(struct zc_ssh *s, struct zc_err *err);

#endif
