/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who we are and whom we trust: what the options about keys come to, for
 * connections that a command makes. For each DEST:
 *
 *   a key is expected (--peer-key, a [peer] of zcsyncd's, known_peers)
 *       sealed, with that key; no other, and never plain
 *   none, and there is an identity
 *       sealed, and the key is trusted on first use, as ssh(1) does; plain as
 *       well where the peer is on this machine and knows nothing else
 *   neither, or --plain
 *       plain, but to another machine only with --plain
 */
#ifndef ZC_CLI_SECURITY_H
#define ZC_CLI_SECURITY_H

#include "base/err.h"
#include "net/keys.h"
#include "net/reach.h"

#include <stdatomic.h>

#define ZC_IDENTITY_NAME "identity.key"
#define ZC_KNOWN_PEERS_NAME "known_peers"

/* The path of a user's file: $XDG_CONFIG_HOME/zcsync/NAME, that is
 * ~/.config/zcsync/NAME. On the heap; NULL with a sentence. */
char *zc_security_path(const char *name, struct zc_err *err);

/* The identity in FILE, or, when FILE is NULL, in the user's own, where there
 * is one: *ID is NULL when there is none. -1 with a sentence. */
int zc_security_identity(const char *file, struct zc_identity **id,
                         struct zc_err *err);

/* The key that TEXT is: base64, or a name in the file KNOWN (NULL: the user's
 * known_peers). -1 with a sentence. */
int zc_security_key(const char *text, const char *known,
                    uint8_t key[ZC_KEY_SIZE], struct zc_err *err);

struct zc_security_args { /* options; NULL: not given */
    const char *identity, *peer_key, *known_peers;
    struct zc_keys peer_keys; /* of the [peer] of zcsyncd's that `peer_key`
                                 names; none: it names none */
    const char *peers_identity; /* of zcsyncd, for its [peer]s; may be unreadable */
    const char *suite; /* the only cipher to offer, as zc_suite_text has it */
    bool accept_new, plain, ktls;
};

/* What options say against each other, before anything is done. -1 with a
 * sentence (ZC_EXIT_USAGE). */
int zc_security_check(const struct zc_security_args *a, struct zc_err *err);

/* What a command has loaded, for all its DESTs. */
struct zc_trust;

/* ARGS and the flag STOP (a question is given up then) must outlive it. NULL
 * with a sentence. */
struct zc_trust *zc_trust_new(const struct zc_security_args *args,
                              atomic_bool *stop, struct zc_err *err);
void zc_trust_free(struct zc_trust *t);

/* zc_reach by WAY, in which the callbacks about keys are filled in here; logs
 * (ZC_LOG_INFO) who a daemon is, calling it DEST. TRUST may be NULL where it is
 * local. Any thread; questions are asked one at a time. -1 with a sentence. */
int zc_trust_reach(struct zc_trust *trust, const struct zc_reach *way,
                   const char *dest, struct zc_reached *out,
                   struct zc_err *err);

#endif
