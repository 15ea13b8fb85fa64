/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a process that shakes hands (handshakes.h) says of it to its parent, in one
 * write. Strangers talk to that process, so what it says is not believed further
 * than it has to be. Functions of memory.
 */
#ifndef ZC_DAEMON_HANDSHAKE_ANSWER_H
#define ZC_DAEMON_HANDSHAKE_ANSWER_H

#include "net/handshake.h"

struct zc_handshake_answer {
    uint64_t features;
    uint8_t good, role, sealed, ktls, suite;
    int8_t compress;
    uint8_t peer_key[ZC_KEY_SIZE], tx[ZC_AEAD_KEY], rx[ZC_AEAD_KEY];
    char why[ZC_ERR_TEXT_MAX]; /* unless it is good */
};

/* It went well, as S says; or, with WHY, it did not. */
void zc_handshake_answer_set(struct zc_handshake_answer *a,
                             const struct zc_secured *s,
                             const struct zc_err *why);

/* 0: S is something that a handshake can come to, in plain only where PLAIN will do.
 * Else -1: why there is none is in WHY, which fits A->why. */
int zc_handshake_answer_get(const struct zc_handshake_answer *a, bool plain,
                            struct zc_secured *s, char why[ZC_ERR_TEXT_MAX]);

#endif
