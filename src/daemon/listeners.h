/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where zcsyncd is reached by its peers: the address of its configuration, or
 * the sockets that it was started with. For a process with one thread.
 */
#ifndef ZC_DAEMON_LISTENERS_H
#define ZC_DAEMON_LISTENERS_H

#include "base/vec.h"
#include "daemon/activate.h"
#include "daemon/conf.h"

struct zc_listener {
    int fd; /* non-blocking */
    char bound[160];
    bool loopback; /* no other host can reach it */
    bool absent;   /* this host did not have the address */
};

struct zc_listeners {
    ZC_VEC(struct zc_listener) v;
    bool passed; /* they were passed in */
    char *spec;  /* what they were opened for; NULL: nothing is open */
    bool sealed; /* zc_conf_sealed_only when they were opened */
    bool plain;  /* `security = plain` then */
};

/* Takes over the sockets in A, of which CONF may not allow all: an address that
 * others can reach needs keys for all shares, or `security = plain`. -1 with a
 * sentence. */
int zc_listeners_adopt(struct zc_listeners *l, struct zc_activated *a,
                       const struct zc_conf *conf, struct zc_err *err);
/* Opens what CONF asks for, if that is not open yet, and closes what it does
 * not ask for. No shares: nothing. -1 with a sentence; what was open still is,
 * if it can be had again and CONF allows it. */
int zc_listeners_configure(struct zc_listeners *l, const struct zc_conf *conf,
                           struct zc_err *err);
void zc_listeners_close(struct zc_listeners *l);

#endif
