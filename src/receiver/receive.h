/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The receiving side of one connection, from OPEN on: apply what the peer sends
 * into one share. Runs in a process of its own.
 */
#ifndef ZC_RECEIVER_RECEIVE_H
#define ZC_RECEIVER_RECEIVE_H

#include "base/err.h"
#include "net/keys.h"
#include "net/transport.h"

struct zc_share {
    const char *name; /* "" for an embedded receiver */
    const char *path; /* as the local user wrote it */
    bool read_only;   /* only dry runs are let in */
    /* The static keys of the peers that may open it, over sealed connections
     * only. None: plain connections only, whoever it is. For all others it is as
     * if it was not there. */
    const uint8_t (*keys)[ZC_KEY_SIZE];
    size_t n_keys;
};

/* Whether the peer with PEER_KEY (NULL: one in plain) may know of SHARE. It
 * takes as long whichever of the keys it is. */
static inline bool zc_share_visible(const struct zc_share *share,
                                    const uint8_t *peer_key)
{
    bool found = false;
    if (!share->n_keys || !peer_key)
        return !share->n_keys && !peer_key;
    for (size_t i = 0; i < share->n_keys; i++)
        found |= zc_key_equal(share->keys[i], peer_key);
    return found;
}

struct zc_receive_options {
    const struct zc_share *shares;
    size_t n_shares;
    const uint8_t *peer_key; /* who the peer has proved to be; NULL: plain */
    /* The one share's root may be made when it is missing, and a file may be
     * pushed to a name in its parent (embedded receiver: DEST is the user's own
     * path). */
    bool embedded;
    unsigned timeout_s; /* no frame for so long ends the session; 0: none */
    unsigned threads;   /* applying threads, 0: as many as make sense */
    /* Called once, after the share's root has been opened and before anything
     * the peer says is acted on: confines this process to ROOT_FD. NULL: not
     * confined. */
    int (*confine)(int root_fd, bool read_only, struct zc_err *err);
    /* Called before that with the share's name and the mirror's origin (NULL:
     * it has none). May be NULL; -1 with a sentence refuses the session. */
    int (*opened)(void *arg, const char *share, const uint8_t *origin,
                  struct zc_err *err);
    void *opened_arg;
};

/*
 * Serves T until the peer is done (0), or fails (-1 and the sentence, which the
 * peer has been told as far as that was possible). Staging files of this
 * session are gone afterwards either way.
 */
int zc_receive_run(struct zc_transport *t, const struct zc_receive_options *opt,
                   struct zc_err *err);

#endif
