// SPDX-License-Identifier: GPL-2.0-or-later
/* AES in counter mode for small pieces: the same bytes as of libcrypto's own,
 * and nothing else has changed. */
#include "ssh/ctr.h"

#include "base/util.h"

#include "tap.h"

#include <openssl/evp.h>
#include <openssl/provider.h>
#include <openssl/rand.h>

#define SIZE 20000

static uint8_t data[SIZE], want[SIZE], got[SIZE];

/* DATA in pieces of PART bytes. */
static bool run(EVP_CIPHER_CTX *x, size_t part, uint8_t *out)
{
    for (size_t at = 0; at < SIZE; at += part) {
        size_t n = ZC_MIN(part, SIZE - at);
        if (EVP_Cipher(x, out + at, data + at, (unsigned)n) < 0)
            return false;
    }
    return true;
}

static EVP_CIPHER_CTX *begin(const EVP_CIPHER *cipher, int encrypt)
{
    static const uint8_t key[32] = {1, 2, 3};
    static const uint8_t iv[16] = {255, 255, 255, 255, 255, 255, 255, 255,
                                   255, 255, 255, 255, 255, 255, 255, 250};
    EVP_CIPHER_CTX *x = EVP_CIPHER_CTX_new();
    if (!EVP_CipherInit(x, cipher, key, iv, encrypt))
        diag("EVP_CipherInit fails");
    return x;
}

static const char *whose(const EVP_CIPHER_CTX *x)
{
    return OSSL_PROVIDER_get0_name(
        EVP_CIPHER_get0_provider(EVP_CIPHER_CTX_get0_cipher(x)));
}

static void same(size_t part, int encrypt)
{
    EVP_CIPHER_CTX *x = begin(EVP_aes_128_ctr(), encrypt);
    memset(got, 0, sizeof got);
    ok(run(x, part, got) && !memcmp(got, want, SIZE), "%zu bytes at a time, %s",
       part, encrypt ? "one way" : "the other");
    EVP_CIPHER_CTX_free(x);
}

int main(void)
{
    static const size_t parts[] = {1, 7, 16, 33, 4095, 4096, 4097, SIZE};
    RAND_bytes(data, sizeof data);
    EVP_CIPHER_CTX *x = begin(EVP_aes_128_ctr(), 1);
    is_str(whose(x), "default", "libcrypto's own comes first");
    ok(run(x, SIZE, want), "and encrypts");
    EVP_CIPHER_CTX_free(x);

    ok(zc_ssh_ctr_install(), "installed");
    x = begin(EVP_aes_128_ctr(), 1);
    is_str(whose(x), "zcsync", "ours comes then");
    for (size_t i = 0; i < ZC_ARRAY_LEN(parts); i++) {
        same(parts[i], 1);
        same(parts[i], 0);
    }
    ok(run(x, 16, got) && !memcmp(got, want, SIZE), "from the start");
    static const uint8_t iv[16] = {255, 255, 255, 255, 255, 255, 255, 255,
                                   255, 255, 255, 255, 255, 255, 255, 250};
    ok(EVP_CipherInit(x, NULL, NULL, iv, 1), "and from there again");
    ok(run(x, 16, got) && !memcmp(got, want, SIZE), "with the same key");
    EVP_CIPHER_CTX_free(x);

    x = begin(EVP_aes_256_ctr(), 1);
    is_str(whose(x), "default", "other ciphers are as they were");
    EVP_CIPHER_CTX_free(x);
    ok(RAND_bytes(got, 1000) == 1, "and so are random numbers");
    return done_testing();
}
