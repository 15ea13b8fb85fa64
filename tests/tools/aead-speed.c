// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What one thread can seal and open, in GB (10^9 bytes) a second of its CPU
 * time, so that it matters less what else the machine does:
 *
 *     aead-speed [SECONDS]
 *
 * The ciphers as sealed connections use them (libcrypto), and those of
 * libsodium, with records of several sizes; SECONDS (0.3) for each figure.
 */
#include "net/aead.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#define TAG ZC_AEAD_TAG
#define MAX 65519 /* payload of the largest record of the Noise protocol */

static uint8_t plain[MAX], sealed[MAX + TAG], key[ZC_AEAD_KEY];

/* Each seals, or opens, one record of N bytes; false when it fails. */
struct cipher {
    const char *name;
    enum zc_suite suite; /* 0: libsodium's */
    bool (*seal)(void *state, uint64_t nonce, size_t n);
    bool (*open)(void *state, uint64_t nonce, size_t n);
};

static bool ours_seal(void *a, uint64_t nonce, size_t n)
{
    return zc_aead_seal(a, nonce, NULL, 0, plain, n, sealed) == 0;
}

static bool ours_open(void *a, uint64_t nonce, size_t n)
{
    return zc_aead_open(a, nonce, NULL, 0, sealed, n + TAG, plain) == 0;
}

static const uint8_t *iv(uint64_t nonce)
{
    static uint8_t bytes[12];
    memcpy(bytes + 4, &nonce, sizeof nonce);
    return bytes;
}

static bool aes_seal(void *state, uint64_t nonce, size_t n)
{
    return !crypto_aead_aes256gcm_encrypt_afternm(sealed, NULL, plain, n, NULL,
                                                  0, NULL, iv(nonce), state);
}

static bool aes_open(void *state, uint64_t nonce, size_t n)
{
    return !crypto_aead_aes256gcm_decrypt_afternm(plain, NULL, NULL, sealed,
                                                  n + TAG, NULL, 0, iv(nonce),
                                                  state);
}

static bool chacha_seal(void *state, uint64_t nonce, size_t n)
{
    (void)state;
    return !crypto_aead_chacha20poly1305_ietf_encrypt(
        sealed, NULL, plain, n, NULL, 0, NULL, iv(nonce), key);
}

static bool chacha_open(void *state, uint64_t nonce, size_t n)
{
    (void)state;
    return !crypto_aead_chacha20poly1305_ietf_decrypt(
        plain, NULL, NULL, sealed, n + TAG, NULL, 0, iv(nonce), key);
}

static const struct cipher ciphers[] = {
    {"libcrypto AES-256-GCM", ZC_SUITE_AESGCM, ours_seal, ours_open},
    {"libsodium AES-256-GCM", 0, aes_seal, aes_open},
    {"libcrypto ChaCha20-Poly1305", ZC_SUITE_CHACHAPOLY, ours_seal, ours_open},
    {"libsodium ChaCha20-Poly1305", 0, chacha_seal, chacha_open},
};

static double cpu_seconds(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* Opening goes over the same record again, which is good for that. */
static double measure(bool (*f)(void *, uint64_t, size_t), bool same_nonce,
                      void *state, size_t n, double seconds)
{
    double start = cpu_seconds(), now;
    uint64_t records = 0;
    do {
        for (int i = 0; i < 16; i++, records++)
            if (!f(state, same_nonce ? 0 : records, n)) {
                fprintf(stderr, "aead-speed: a record failed\n");
                exit(1);
            }
        now = cpu_seconds();
    } while (now - start < seconds);
    return (double)records * (double)n / (now - start) / 1e9;
}

static void speed(const struct cipher *c, double seconds)
{
    static const size_t sizes[] = {4096, 16384, 32768, 61440, MAX};
    static crypto_aead_aes256gcm_state aes;
    struct zc_aead *a = c->suite ? zc_aead_new(c->suite, key) : NULL;
    void *state = a ? (void *)a : (void *)&aes;
    if (c->seal == aes_seal) {
        if (!crypto_aead_aes256gcm_is_available()) {
            printf("%-28s this CPU has no AES\n", c->name);
            return;
        }
        crypto_aead_aes256gcm_beforenm(&aes, key);
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        double out = measure(c->seal, false, state, sizes[i], seconds);
        c->seal(state, 0, sizes[i]);
        double in = measure(c->open, true, state, sizes[i], seconds);
        printf("%-28s %6zu bytes: seal %5.2f GB/s, open %5.2f GB/s\n", c->name,
               sizes[i], out, in);
        fflush(stdout);
    }
    zc_aead_free(a);
}

int main(int argc, char **argv)
{
    double seconds = argc > 1 ? atof(argv[1]) : 0.3;
    if (argc > 2 || seconds <= 0) {
        fprintf(stderr, "usage: aead-speed [SECONDS]\n");
        return 1;
    }
    if (sodium_init() < 0)
        return 1;
    randombytes_buf(key, sizeof key);
    randombytes_buf(plain, sizeof plain);
    for (size_t i = 0; i < ZC_ARRAY_LEN(ciphers); i++)
        speed(&ciphers[i], seconds);
    return 0;
}
