/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A transport that encrypts: records of the Noise transport phase (a 2-byte
 * length, big-endian, and up to 65,535 bytes of ciphertext and tag, as Noise
 * libraries frame them) over another transport. zcsync-protocol(7), "SEALED".
 *
 * send encrypts straight from the caller's memory (a file's mapping, too) into
 * one buffer of several records and sends it with one call. recv decrypts
 * straight into the caller's memory where a whole record fits. Both sides rekey
 * (REKEY() of the Noise specification) after ZC_SEALED_REKEY records of a
 * direction. A record that does not open ends the connection: EBADMSG, for
 * every later recv, too.
 *
 * Threads as for any transport: one sends, one receives.
 */
#ifndef ZC_NET_SEALED_H
#define ZC_NET_SEALED_H

#include "net/aead.h"
#include "net/transport.h"

#define ZC_SEALED_REKEY 65536 /* records: at most 4 GiB under one key */

/* Takes T over. NULL: no memory; T is then still the caller's. */
struct zc_transport *zc_sealed_new(struct zc_transport *t, enum zc_suite suite,
                                   const uint8_t tx[ZC_AEAD_KEY],
                                   const uint8_t rx[ZC_AEAD_KEY]);

#endif
