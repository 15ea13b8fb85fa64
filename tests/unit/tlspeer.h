/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The other end of a kernel TLS connection, in user space: makes and opens the
 * records of RFC 8446, section 5.2, with libcrypto, so that a test can also
 * make those that no kernel would send.
 *
 *     17 03 03 | length | AES-256-GCM of (bytes | type) | tag
 */
#ifndef ZC_TESTS_TLSPEER_H
#define ZC_TESTS_TLSPEER_H

#include "net/ktls.h"

#include <openssl/evp.h>
#include <string.h>

enum { TLS_ALERT = 21, TLS_HANDSHAKE = 22, TLS_DATA = 23 };

#define TLS_PLAIN_MAX 16384
#define TLS_HEADER 5
#define TLS_RECORD_MAX (TLS_HEADER + TLS_PLAIN_MAX + 1 + ZC_AEAD_TAG)

/* One direction. */
struct tlspeer {
    struct zc_ktls_secret secret;
    uint64_t seq;
};

static inline void tlspeer_init(struct tlspeer *p,
                                const uint8_t key[ZC_AEAD_KEY])
{
    zc_ktls_derive(key, &p->secret);
    p->seq = 0 - ZC_KTLS_RECORDS;
}

static inline void tlspeer_nonce(struct tlspeer *p, uint8_t nonce[12])
{
    memcpy(nonce, p->secret.salt, 4);
    for (int i = 0; i < 8; i++)
        nonce[4 + i] = (uint8_t)(p->secret.iv[i] ^ (p->seq >> (56 - 8 * i)));
    p->seq++;
}

/* The N bytes at DATA as the next record, of TYPE, into OUT: its length. */
static inline size_t tlspeer_seal(struct tlspeer *p, int type, const void *data,
                                  size_t n, uint8_t out[TLS_RECORD_MAX])
{
    uint8_t nonce[12], last = (uint8_t)type;
    size_t length = n + 1 + ZC_AEAD_TAG;
    uint8_t head[] = {TLS_DATA, 3, 3, (uint8_t)(length >> 8), (uint8_t)length};
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    int w;
    tlspeer_nonce(p, nonce);
    memcpy(out, head, sizeof head);
    out += sizeof head;
    EVP_EncryptInit_ex(c, EVP_aes_256_gcm(), NULL, p->secret.key, nonce);
    EVP_EncryptUpdate(c, NULL, &w, head, sizeof head);
    EVP_EncryptUpdate(c, out, &w, data, (int)n);
    EVP_EncryptUpdate(c, out + n, &w, &last, 1);
    EVP_EncryptFinal_ex(c, out + n + 1, &w);
    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_GET_TAG, ZC_AEAD_TAG, out + n + 1);
    EVP_CIPHER_CTX_free(c);
    return sizeof head + length;
}

/* The bytes and the type of the record at IN, N bytes in all, into OUT: their
 * number, type included, or -1. */
static inline int tlspeer_open(struct tlspeer *p, const uint8_t *in, size_t n,
                               uint8_t out[TLS_PLAIN_MAX + 1])
{
    uint8_t nonce[12];
    if (n < TLS_HEADER + 1 + ZC_AEAD_TAG || n > TLS_RECORD_MAX)
        return -1;
    int inner = (int)(n - TLS_HEADER - ZC_AEAD_TAG), w;
    EVP_CIPHER_CTX *c = EVP_CIPHER_CTX_new();
    tlspeer_nonce(p, nonce);
    EVP_DecryptInit_ex(c, EVP_aes_256_gcm(), NULL, p->secret.key, nonce);
    EVP_DecryptUpdate(c, NULL, &w, in, TLS_HEADER);
    EVP_DecryptUpdate(c, out, &w, in + TLS_HEADER, inner);
    EVP_CIPHER_CTX_ctrl(c, EVP_CTRL_AEAD_SET_TAG, ZC_AEAD_TAG,
                        (void *)(in + TLS_HEADER + inner));
    bool good = EVP_DecryptFinal_ex(c, out + inner, &w) > 0;
    EVP_CIPHER_CTX_free(c);
    return good ? inner : -1;
}

#endif
