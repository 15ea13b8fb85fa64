/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Keys of libcrypto from and to the formats of SSH: RFC 4253 (6.6), RFC 5656,
 * RFC 8332, RFC 8709, and for private keys PROTOCOL.agent of OpenSSH. */
#ifndef ZC_SSH_KEY_PARTS_H
#define ZC_SSH_KEY_PARTS_H

#include "base/buf.h"

#include <openssl/evp.h>

/* The private key at R: its type, and what belongs to that. NULL: of another
 * kind, or it makes no sense. */
EVP_PKEY *zc_ssh_pkey_private(struct zc_rd *r);

/* Appends the public key of K. -1: of another kind. */
int zc_ssh_pkey_public(EVP_PKEY *k, struct zc_buf *out);

/* See zc_ssh_key_sign. */
int zc_ssh_pkey_sign(EVP_PKEY *k, const char *algorithm, const uint8_t *data,
                     size_t n, struct zc_buf *out);

#endif
