// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES in counter mode from a key stream made in advance; see ctr.h. To
 * libcrypto it is a provider (provider-cipher(7)) that has nothing but this one
 * cipher, and uses that of the default provider for the stream. (Not
 * AES-256-CTR: libcrypto makes its random numbers with that.)
 */
#include "ssh/ctr.h"

#include "base/util.h"

#include <openssl/core_dispatch.h>
#include <openssl/core_names.h>
#include <openssl/evp.h>
#include <openssl/params.h>
#include <openssl/provider.h>
#include <sodium.h>
#include <string.h>

#define NAME "zcsync"
#define CIPHER "AES-128-CTR"
#define KEY_SIZE 16
#define IV_SIZE 16
#define STREAM 4096 /* longer ones make it no faster */

struct ctr {
    EVP_CIPHER_CTX *x;
    EVP_CIPHER *cipher;
    size_t at; /* STREAM + AT is what comes next */
    uint8_t stream[STREAM];
};

static void *ctr_new(void *provider)
{
    struct ctr *c = calloc(1, sizeof *c);
    (void)provider;
    if (!c)
        return NULL;
    c->at = STREAM;
    c->cipher = EVP_CIPHER_fetch(NULL, CIPHER, "provider=default");
    c->x = EVP_CIPHER_CTX_new();
    if (c->cipher && c->x)
        return c;
    EVP_CIPHER_CTX_free(c->x);
    EVP_CIPHER_free(c->cipher);
    free(c);
    return NULL;
}

static void ctr_free(void *ctx)
{
    struct ctr *c = ctx;
    EVP_CIPHER_CTX_free(c->x);
    EVP_CIPHER_free(c->cipher);
    sodium_memzero(c, sizeof *c);
    free(c);
}

/* Both ways are the same. */
static int ctr_init(void *ctx, const unsigned char *key, size_t key_len,
                    const unsigned char *iv, size_t iv_len,
                    const OSSL_PARAM params[])
{
    struct ctr *c = ctx;
    (void)params;
    if ((key && key_len != KEY_SIZE) || (iv && iv_len != IV_SIZE))
        return 0;
    c->at = STREAM;
    return EVP_EncryptInit_ex2(c->x, key ? c->cipher : NULL, key, iv, NULL);
}

static int more(struct ctr *c)
{
    static const uint8_t zeros[STREAM];
    int n = 0;
    if (!EVP_EncryptUpdate(c->x, c->stream, &n, zeros, STREAM) || n != STREAM)
        return 0;
    c->at = 0;
    return 1;
}

static int ctr_cipher(void *ctx, unsigned char *out, size_t *done,
                      size_t room, const unsigned char *in, size_t n)
{
    struct ctr *c = ctx;
    if (room < n)
        return 0;
    *done = n;
    while (n) {
        if (c->at == STREAM && !more(c))
            return 0;
        size_t part = ZC_MIN(n, STREAM - c->at), i = 0;
        const uint8_t *key = c->stream + c->at;
        for (; i + 8 <= part; i += 8) {
            uint64_t a, b;
            memcpy(&a, in + i, 8);
            memcpy(&b, key + i, 8);
            a ^= b;
            memcpy(out + i, &a, 8);
        }
        for (; i < part; i++)
            out[i] = in[i] ^ key[i];
        c->at += part;
        in += part;
        out += part;
        n -= part;
    }
    return 1;
}

static int ctr_final(void *ctx, unsigned char *out, size_t *done, size_t room)
{
    (void)ctx;
    (void)out;
    (void)room;
    *done = 0;
    return 1;
}

static int get_params(OSSL_PARAM params[])
{
    OSSL_PARAM *p;
    if ((p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_MODE)) &&
        !OSSL_PARAM_set_uint(p, EVP_CIPH_CTR_MODE))
        return 0;
    if ((p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_BLOCK_SIZE)) &&
        !OSSL_PARAM_set_size_t(p, 1))
        return 0;
    if ((p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_KEYLEN)) &&
        !OSSL_PARAM_set_size_t(p, KEY_SIZE))
        return 0;
    p = OSSL_PARAM_locate(params, OSSL_CIPHER_PARAM_IVLEN);
    return !p || OSSL_PARAM_set_size_t(p, IV_SIZE);
}

static int get_ctx_params(void *ctx, OSSL_PARAM params[])
{
    (void)ctx;
    return get_params(params);
}

#define DO(name, function) {OSSL_FUNC_CIPHER_##name, (void (*)(void))function}

static const OSSL_DISPATCH functions[] = {
    DO(NEWCTX, ctr_new),
    DO(FREECTX, ctr_free),
    DO(ENCRYPT_INIT, ctr_init),
    DO(DECRYPT_INIT, ctr_init),
    DO(UPDATE, ctr_cipher),
    DO(CIPHER, ctr_cipher),
    DO(FINAL, ctr_final),
    DO(GET_PARAMS, get_params),
    DO(GET_CTX_PARAMS, get_ctx_params),
    {0, NULL}};

static const OSSL_ALGORITHM ciphers[] = {
    {CIPHER, "provider=" NAME, functions, NULL}, {NULL, NULL, NULL, NULL}};

static const OSSL_ALGORITHM *query(void *provider, int operation,
                                   int *no_cache)
{
    (void)provider;
    *no_cache = 0;
    return operation == OSSL_OP_CIPHER ? ciphers : NULL;
}

static const OSSL_DISPATCH provider[] = {
    {OSSL_FUNC_PROVIDER_QUERY_OPERATION, (void (*)(void))query}, {0, NULL}};

static int provider_init(const OSSL_CORE_HANDLE *handle,
                         const OSSL_DISPATCH *in, const OSSL_DISPATCH **out,
                         void **ctx)
{
    (void)in;
    *out = provider;
    *ctx = (void *)handle; /* any that is not NULL */
    return 1;
}

/* A provider that is loaded keeps the default one from being there by itself;
 * where an administrator has chosen another, that one stays. */
bool zc_ssh_ctr_install(void)
{
    static OSSL_PROVIDER *volatile kept[2]; /* for whoever looks for leaks */
    return OSSL_PROVIDER_available(NULL, "default") &&
           (kept[0] = OSSL_PROVIDER_load(NULL, "default")) &&
           OSSL_PROVIDER_add_builtin(NULL, NAME, provider_init) &&
           (kept[1] = OSSL_PROVIDER_load(NULL, NAME)) &&
           EVP_set_default_properties(NULL, "?provider=" NAME);
}
