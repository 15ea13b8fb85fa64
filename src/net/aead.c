// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * AES-256-GCM and ChaCha20-Poly1305 of libcrypto; see aead.h.
 *
 * A cipher is fetched, its context made and its key expanded once; a record
 * then costs setting a nonce and the bytes themselves, and allocates nothing.
 * The context keeps its key in both directions, which is how one that only ever
 * opens can still do REKEY(), an encryption.
 *
 * libcrypto is told not to read its configuration file: sealing happens in
 * processes that cannot open files, and the two ciphers are always those that
 * are built into the library. It is also told to leave its tables alone at
 * exit(3), where another thread may still be sealing.
 */
#include "net/aead.h"

#include <endian.h>
#include <limits.h>
#include <openssl/crypto.h>
#include <openssl/evp.h>
#include <sodium.h>
#include <string.h>

#if defined(__aarch64__)
#include <sys/auxv.h>
#endif

#define NONCE_SIZE 12

struct zc_aead {
    enum zc_suite suite;
    EVP_CIPHER_CTX *ctx;
};

const char *zc_suite_text(enum zc_suite suite)
{
    return suite == ZC_SUITE_AESGCM ? "AES-256-GCM" : "ChaCha20-Poly1305";
}

bool zc_suite_has_aes(void)
{
#if defined(__x86_64__) || defined(__i386__)
    return __builtin_cpu_supports("aes") && __builtin_cpu_supports("pclmul");
#elif defined(__aarch64__)
    unsigned long need = 1ul << 3 | 1ul << 4; /* HWCAP_AES, HWCAP_PMULL */
    return (getauxval(AT_HWCAP) & need) == need;
#else
    return false;
#endif
}

static EVP_CIPHER_CTX *new_context(enum zc_suite suite, const uint8_t *key)
{
    if (suite != ZC_SUITE_AESGCM && suite != ZC_SUITE_CHACHAPOLY)
        return NULL;
    OPENSSL_init_crypto(OPENSSL_INIT_NO_LOAD_CONFIG | OPENSSL_INIT_NO_ATEXIT,
                        NULL);
    EVP_CIPHER *cipher = EVP_CIPHER_fetch(NULL, zc_suite_text(suite), NULL);
    EVP_CIPHER_CTX *ctx = EVP_CIPHER_CTX_new();
    if (!cipher || !ctx || EVP_CIPHER_get_key_length(cipher) != ZC_AEAD_KEY ||
        EVP_CIPHER_get_iv_length(cipher) != NONCE_SIZE ||
        !EVP_EncryptInit_ex2(ctx, cipher, key, NULL, NULL)) {
        EVP_CIPHER_CTX_free(ctx);
        ctx = NULL;
    }
    EVP_CIPHER_free(cipher); /* the context holds on to it */
    return ctx;
}

struct zc_aead *zc_aead_new(enum zc_suite suite, const uint8_t key[ZC_AEAD_KEY])
{
    struct zc_aead *a = malloc(sizeof *a);
    if (!a)
        return NULL;
    a->suite = suite;
    a->ctx = new_context(suite, key);
    if (!a->ctx) {
        free(a);
        return NULL;
    }
    return a;
}

void zc_aead_free(struct zc_aead *a)
{
    if (!a)
        return;
    int keep = errno;
    EVP_CIPHER_CTX_free(a->ctx); /* wipes the expanded key */
    free(a);
    errno = keep;
}

/* Starts a record: nonce and direction are new, the key stays. */
static bool start(struct zc_aead *a, uint64_t nonce, bool seal)
{
    uint8_t iv[NONCE_SIZE] = {0};
    uint64_t n = a->suite == ZC_SUITE_AESGCM ? htobe64(nonce) : htole64(nonce);
    memcpy(iv + 4, &n, sizeof n);
    return EVP_CipherInit_ex2(a->ctx, NULL, NULL, iv, seal, NULL) == 1;
}

/* AD, then N bytes from IN to OUT. EVP takes a NULL output for "this is AD" and
 * may take a NULL input for the end, so what is empty is not passed on. */
static bool update(struct zc_aead *a, const void *ad, size_t ad_n,
                   const void *in, size_t n, void *out)
{
    int len;
    if (ad_n > INT_MAX || n > INT_MAX)
        return false;
    if (ad_n && EVP_CipherUpdate(a->ctx, NULL, &len, ad, (int)ad_n) != 1)
        return false;
    return n == 0 || (EVP_CipherUpdate(a->ctx, out, &len, in, (int)n) == 1 &&
                      (size_t)len == n);
}

int zc_aead_seal(struct zc_aead *a, uint64_t nonce, const void *ad, size_t ad_n,
                 const void *in, size_t n, void *out)
{
    uint8_t none[1];
    int len;
    if (!start(a, nonce, true) || !update(a, ad, ad_n, in, n, out) ||
        EVP_CipherFinal_ex(a->ctx, none, &len) != 1 ||
        EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_GET_TAG, ZC_AEAD_TAG,
                            (uint8_t *)out + n) != 1)
        return -1;
    return 0;
}

int zc_aead_open(struct zc_aead *a, uint64_t nonce, const void *ad, size_t ad_n,
                 const void *in, size_t n, void *out)
{
    uint8_t tag[ZC_AEAD_TAG], none[1];
    int len;
    if (n < ZC_AEAD_TAG)
        return -1;
    n -= ZC_AEAD_TAG;
    memcpy(tag, (const uint8_t *)in + n, sizeof tag);
    if (start(a, nonce, false) &&
        EVP_CIPHER_CTX_ctrl(a->ctx, EVP_CTRL_AEAD_SET_TAG, sizeof tag, tag) ==
            1 &&
        update(a, ad, ad_n, in, n, out) &&
        EVP_CipherFinal_ex(a->ctx, none, &len) == 1)
        return 0;
    if (n)
        sodium_memzero(out, n);
    return -1;
}

int zc_aead_rekey(struct zc_aead *a)
{
    uint8_t zeros[ZC_AEAD_KEY] = {0}, key[ZC_AEAD_KEY + ZC_AEAD_TAG];
    int r = -1;
    if (zc_aead_seal(a, UINT64_MAX, NULL, 0, zeros, sizeof zeros, key) == 0 &&
        EVP_EncryptInit_ex2(a->ctx, NULL, key, NULL, NULL) == 1)
        r = 0;
    sodium_memzero(key, sizeof key);
    return r;
}
