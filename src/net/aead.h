/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The two ciphers of the Noise suites, from libcrypto (two to three times as
 * fast as libsodium's; HACKING.md has the figures), with the nonce layouts of
 * the Noise specification, revision 34, section 12: ChaChaPoly 32 zero bits and
 * the counter little-endian, AESGCM 32 zero bits and the counter big-endian.
 * Memory only. One thread at a time.
 */
#ifndef ZC_NET_AEAD_H
#define ZC_NET_AEAD_H

#include "base/err.h"

#define ZC_AEAD_KEY 32
#define ZC_AEAD_TAG 16

enum zc_suite {
    ZC_SUITE_CHACHAPOLY = 1, /* Noise_XX_25519_ChaChaPoly_BLAKE2b */
    ZC_SUITE_AESGCM = 2,     /* Noise_XX_25519_AESGCM_BLAKE2b */
};

/* "ChaCha20-Poly1305", "AES-256-GCM" */
const char *zc_suite_text(enum zc_suite suite);
/* True when this CPU computes AES and GHASH in instructions of its own. */
bool zc_suite_has_aes(void);

struct zc_aead;
struct zc_aead *zc_aead_new(enum zc_suite suite, const uint8_t key[ZC_AEAD_KEY]);
void zc_aead_free(struct zc_aead *a); /* wipes; NULL is fine */

/* OUT gets N + ZC_AEAD_TAG bytes; IN and OUT are the same or do not overlap.
 * -1: libcrypto failed. */
int zc_aead_seal(struct zc_aead *a, uint64_t nonce, const void *ad, size_t ad_n,
                 const void *in, size_t n, void *out);
/* IN is N bytes, tag included (N >= ZC_AEAD_TAG); OUT gets N - ZC_AEAD_TAG. -1:
 * forged; OUT then holds nothing that may be used. */
int zc_aead_open(struct zc_aead *a, uint64_t nonce, const void *ad, size_t ad_n,
                 const void *in, size_t n, void *out);
/* REKEY() of the specification, section 11.3. */
int zc_aead_rekey(struct zc_aead *a);

#endif
