// SPDX-License-Identifier: GPL-2.0-or-later
/* What came of a handshake; see handshake_answer.h. */
#include "daemon/handshake_answer.h"

#include "net/compress.h"
#include "proto/proto.h"

#include <stdio.h>
#include <string.h>

void zc_handshake_answer_set(struct zc_handshake_answer *a,
                             const struct zc_secured *s,
                             const struct zc_err *why)
{
    memset(a, 0, sizeof *a);
    a->good = !why;
    a->role = (uint8_t)s->role;
    a->sealed = s->sealed;
    a->ktls = s->ktls;
    a->features = s->features;
    a->compress = (int8_t)s->compress;
    a->suite = (uint8_t)s->suite;
    memcpy(a->peer_key, s->peer_key, sizeof a->peer_key);
    memcpy(a->tx, s->tx, sizeof a->tx);
    memcpy(a->rx, s->rx, sizeof a->rx);
    if (why)
        memcpy(a->why, why->text, sizeof a->why);
}

static bool makes_sense(const struct zc_handshake_answer *a, bool plain)
{
    bool suite = a->suite == ZC_SUITE_CHACHAPOLY || a->suite == ZC_SUITE_AESGCM;
    bool role = a->role == ZC_ROLE_SENDER || a->role == ZC_ROLE_RECEIVER;
    bool compress = a->compress == ZC_COMPRESS_OFF ||
                    a->compress == ZC_COMPRESS_AUTO ||
                    zc_compress_level(a->compress) == a->compress;
    return role && compress && a->sealed <= 1 && a->ktls <= a->sealed &&
           !(a->features & ~ZC_FEATURES_MESSAGES) && suite == a->sealed &&
           (a->sealed || (plain && !a->suite));
}

static void fill_in(struct zc_secured *s, const struct zc_handshake_answer *a)
{
    *s = (struct zc_secured){.role = (enum zc_role)a->role,
                             .sealed = a->sealed,
                             .ktls = a->ktls,
                             .features = a->features,
                             .compress = a->compress,
                             .suite = (enum zc_suite)a->suite};
    if (!s->sealed)
        return;
    memcpy(s->peer_key, a->peer_key, sizeof s->peer_key);
    memcpy(s->tx, a->tx, sizeof s->tx);
    memcpy(s->rx, a->rx, sizeof s->rx);
}

int zc_handshake_answer_get(const struct zc_handshake_answer *a, bool plain,
                            struct zc_secured *s, char why[ZC_ERR_TEXT_MAX])
{
    if (a->good == 1 && makes_sense(a, plain)) {
        fill_in(s, a);
        return 0;
    }
    *s = (struct zc_secured){0};
    bool said = !a->good && a->why[0];
    snprintf(why, ZC_ERR_TEXT_MAX, "%.*s", ZC_ERR_TEXT_MAX - 1,
             said ? a->why
                  : "the process that shook hands with it makes no sense");
    return -1;
}
