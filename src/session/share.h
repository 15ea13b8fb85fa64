/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be opened here, by whom. Plain memory: any thread. */
#ifndef ZC_SESSION_SHARE_H
#define ZC_SESSION_SHARE_H

#include "net/keys.h"
#include "proto/msg.h"

struct zc_share {
    const char *name; /* "" for an embedded receiver */
    const char *path; /* as the local user wrote it */
    bool read_only;   /* only dry runs are let in */
    /* The static keys of the peers that may open it, over sealed connections
     * only. None: plain connections only, whoever it is. For all others it is
     * as if it was not there. */
    const uint8_t (*keys)[ZC_KEY_SIZE];
    size_t n_keys;
};

/* Whether the peer with PEER_KEY (NULL: one in plain) may know of SHARE. It
 * takes as long whichever of the keys it is. */
bool zc_share_visible(const struct zc_share *share, const uint8_t *peer_key);

/* The one of the N SHARES called NAME; NULL where it is not there, or not for
 * that peer, which takes no less time to find out. */
const struct zc_share *zc_share_find(const struct zc_share *shares, size_t n,
                                     struct zc_bytes name,
                                     const uint8_t *peer_key);

#endif
