/* SPDX-License-Identifier: GPL-2.0-or-later */
/* What may be opened here, by whom. Plain memory: any thread. */
#ifndef ZC_SESSION_SHARE_H
#define ZC_SESSION_SHARE_H

#include "base/err.h"
#include "fs/partial.h"
#include "fs/require.h"
#include "fs/room.h"
#include "net/keys.h"
#include "net/peer_user.h"
#include "proto/hello.h"
#include "proto/msg.h"
#include "tree/filter.h"

struct zc_share {
    const char *name; /* "" for an embedded receiver */
    const char *path; /* as the local user wrote it */
    bool read_only;   /* only dry runs are let in */
    /* Without that at `path` nobody is let in. NULL: nothing. */
    const struct zc_require *require;
    /* The static keys of the peers that may open it, over sealed connections
     * only. None: plain connections only, whoever it is. For all others it is
     * as if it was not there. */
    const uint8_t (*keys)[ZC_KEY_SIZE];
    size_t n_keys;
    /* Those that may read it, and not write. With such keys and no others
     * nobody may write. */
    const uint8_t (*read_keys)[ZC_KEY_SIZE];
    size_t n_read_keys;
    bool fake; /* what is there, and comes, is as with --fake-super */
    bool readable; /* whoever may write may read, too */
    /* Without keys: who of this machine is let in beside root and our own user.
     */
    const uint32_t *users;
    size_t n_users;
    bool any_user; /* whoever it is */
    unsigned keep_s;    /* what is lost there is kept for so long; 0: it is not */
    uint64_t keep_size; /* ... as much as this; see zc_trash_limits */
    struct zc_partial_limits partials; /* what is kept of files that came in
                                          part */
    struct zc_min_free min_free;
    bool on_change; /* somebody wants to know what has changed there: */
    const struct zc_filter *change_patterns; /* as in struct zc_changes */
    bool trust;    /* those who are not known are as good as those who are */
};

/* Who connected in plain. */
struct zc_plain_peer {
    bool asked; /* false: whoever started us knows; a pipe, a socket pair */
    enum zc_peer_user who; /* never ZC_PEER_GONE: that is not let in */
    uint32_t uid;          /* of ZC_PEER_USER */
};

enum zc_admission {
    ZC_ADMIT_NO,
    ZC_ADMIT_RESTRICTED, /* may write, but nothing that gives rights to others:
                            see struct zc_meta_want */
    ZC_ADMIT_FULL,
};

/* Whether the peer with PEER_KEY (NULL: one in plain) may know of SHARE. It
 * takes as long whichever of the keys it is. */
bool zc_share_visible(const struct zc_share *share, const uint8_t *peer_key);

/* It may be opened over sealed connections only. */
static inline bool zc_share_sealed(const struct zc_share *share)
{
    return share->n_keys || share->n_read_keys;
}

/* Whether that peer, to whom it is visible, may open SHARE for us to be ROLE:
 * a receiver is written to, a sender read from. */
bool zc_share_allows(const struct zc_share *share, const uint8_t *peer_key,
                     enum zc_role role);

/* What PEER may do in SHARE, which has no keys. */
enum zc_admission zc_share_admits(const struct zc_share *share,
                                  const struct zc_plain_peer *peer);
/* The same, as the one line that is said of SHARE at the start: who is let in,
 * and, unless LOOPBACK, what of peers on other machines. */
void zc_share_say(const struct zc_share *share, bool loopback, char *out,
                  size_t size);
/* Why the user UID of this machine, who may know that there is a share, is not let
 * in by SHARE (NULL: by any), in OUT, ZC_ERR_TEXT_MAX being enough. */
void zc_share_refusal(const struct zc_share *share, uint32_t uid, char *out,
                      size_t size);

/* The one of the N SHARES called NAME; NULL where it is not there, or not for
 * that peer, which takes no less time to find out. */
const struct zc_share *zc_share_find(const struct zc_share *shares, size_t n,
                                     struct zc_bytes name,
                                     const uint8_t *peer_key);

#endif
