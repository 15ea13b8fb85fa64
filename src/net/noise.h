/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Noise_XX_25519_{ChaChaPoly,AESGCM}_BLAKE2b by the letter of the Noise Protocol
 * Framework, revision 34 (noiseprotocol.org/noise.html); names as there.
 *
 *     -> e
 *     <- e, ee, s, es
 *     -> s, se
 *
 * Memory only; the state lies in guarded memory and is wiped. One thread at a
 * time. Any failure is final: the state is then good for zc_noise_free only.
 */
#ifndef ZC_NET_NOISE_H
#define ZC_NET_NOISE_H

#include "net/aead.h"
#include "net/keys.h"

#define ZC_NOISE_MESSAGE_MAX 65535
#define ZC_NOISE_HASH 64 /* HASHLEN of BLAKE2b */

struct zc_noise;

/* S must outlive it. NULL: no memory. */
struct zc_noise *zc_noise_new(enum zc_suite suite, bool initiator,
                              const void *prologue, size_t prologue_n,
                              const struct zc_identity *s);
void zc_noise_free(struct zc_noise *n); /* NULL is fine */

/* The next message, with N bytes of payload, into OUT (SIZE bytes). Its length,
 * or -1: not our turn, too long, or no randomness. */
ssize_t zc_noise_write(struct zc_noise *n, const void *payload,
                       size_t payload_n, void *out, size_t size);
/* Takes the N bytes at MESSAGE; the payload goes to OUT (SIZE bytes). Its
 * length, or -1: not its turn, malformed, forged, or a DH that yields zero. */
ssize_t zc_noise_read(struct zc_noise *n, const void *message, size_t message_n,
                      void *out, size_t size);

/* True after the third message. The rest may then be called. */
bool zc_noise_done(const struct zc_noise *n);
/* Split(): what this side sends with, and receives with. */
void zc_noise_split(const struct zc_noise *n, uint8_t tx[ZC_AEAD_KEY],
                    uint8_t rx[ZC_AEAD_KEY]);
const uint8_t *zc_noise_remote(const struct zc_noise *n); /* rs */
const uint8_t *zc_noise_hash(const struct zc_noise *n);   /* h, for binding */

/* An ephemeral key, drawn before it is known which suite and prologue it is for:
 * PUBLIC is all of message 1 with an empty payload. -1: no randomness. */
int zc_noise_draw(uint8_t secret[ZC_KEY_SIZE], uint8_t public[ZC_KEY_SIZE]);
/* SECRET, of zc_noise_draw or test vectors, takes the place of the one that would
 * be drawn. For one handshake. */
void zc_noise_set_ephemeral(struct zc_noise *n,
                            const uint8_t secret[ZC_KEY_SIZE]);

#endif
