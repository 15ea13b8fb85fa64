// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may open what; see share.h. */
#include "session/share.h"

#include <string.h>

bool zc_share_visible(const struct zc_share *share, const uint8_t *peer_key)
{
    bool found = false;
    if (!share->n_keys || !peer_key)
        return !share->n_keys && !peer_key;
    for (size_t i = 0; i < share->n_keys; i++)
        found |= zc_key_equal(share->keys[i], peer_key);
    return found;
}

/* The name comes last: it says nothing about a share that is not visible. */
const struct zc_share *zc_share_find(const struct zc_share *shares, size_t n,
                                     struct zc_bytes name,
                                     const uint8_t *peer_key)
{
    for (size_t i = 0; i < n; i++)
        if (zc_share_visible(&shares[i], peer_key) &&
            strlen(shares[i].name) == name.n &&
            !memcmp(shares[i].name, name.p, name.n))
            return &shares[i];
    return NULL;
}
