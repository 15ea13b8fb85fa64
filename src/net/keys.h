/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Static keys (X25519) and the files that hold them.
 *
 * A public key is written as base64 of its 32 bytes: 44 characters. An identity
 * file holds a private key in one line, is made with mode 0600 and is refused
 * when others can read it. Secrets lie in guarded memory (sodium_malloc),
 * locked in the process that made or read them, and are wiped when freed. (The
 * keys of connections lie in ordinary memory; libcrypto has them.) Any thread; an
 * identity may be shared read-only.
 */
#ifndef ZC_NET_KEYS_H
#define ZC_NET_KEYS_H

#include "base/err.h"

#define ZC_KEY_SIZE 32
#define ZC_KEY_TEXT_SIZE 45 /* base64 of a key, and NUL */

struct zc_identity {
    uint8_t *secret; /* ZC_KEY_SIZE bytes of sodium_malloc's, read-only */
    uint8_t public_key[ZC_KEY_SIZE];
};

/* A fresh key pair in memory. NULL: no memory, or no randomness. */
struct zc_identity *zc_identity_new(struct zc_err *err);
/* Wipes and frees. NULL is fine. */
void zc_identity_free(struct zc_identity *id);

/*
 * Children that are forked from now on do not get the secret: they find zeros,
 * and must not free ID. And ID is locked into memory again, since a child does
 * not inherit a lock. For a process that needs its identity itself.
 */
void zc_identity_keep(struct zc_identity *id);

/* Makes PATH, which must not be there, mode 0600, on stable storage. Missing
 * parents are made, mode 0700. -1 with a sentence that names PATH. */
int zc_identity_save(const struct zc_identity *id, const char *path,
                     struct zc_err *err);
/* NULL with a sentence that names PATH: not there, not a regular file, owned by
 * someone else than root or this user, others can read or write it, no key in
 * it. ZC_EXIT_START, and ZC_EXIT_USAGE for a file that is no key file. */
struct zc_identity *zc_identity_load(const char *path, struct zc_err *err);
/* The N bytes at TEXT, which lie in a file called NAME. Memory only. */
struct zc_identity *zc_identity_parse(const char *name, const char *text,
                                      size_t n, struct zc_err *err);

void zc_key_text(const uint8_t key[ZC_KEY_SIZE], char text[ZC_KEY_TEXT_SIZE]);
/* False when the N bytes at TEXT are not the base64 of a usable public key (one
 * of the points of small order is not). */
bool zc_key_parse(const char *text, size_t n, uint8_t key[ZC_KEY_SIZE]);
bool zc_key_equal(const uint8_t a[ZC_KEY_SIZE], const uint8_t b[ZC_KEY_SIZE]);

/* Public keys, of which any will do; not owned. */
struct zc_keys {
    const uint8_t (*v)[ZC_KEY_SIZE];
    size_t n;
};

bool zc_keys_have(struct zc_keys k, const uint8_t key[ZC_KEY_SIZE]);

#endif
