// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * bcrypt_pbkdf; see bcrypt.h. Blowfish (Schneier, 1993) is 16 rounds over two
 * halves with 18 subkeys and four tables; bcrypt (Provos and Mazieres, 1999)
 * sets these up from a key and a salt by turns, 64 times, so that it takes
 * time.
 *
 * Here both are SHA-512 of what was given, each result of 32 bytes is the sum
 * (exclusive or) of a chain of ROUNDS, and the bytes of the results are spread
 * over the output: byte i of result j is at i * results + j.
 */
#include "ssh/bcrypt.h"

#include "ssh/blowfish_pi.h"

#include <sodium.h>
#include <string.h>

#define HASH crypto_hash_sha512_BYTES
#define WORDS 8
#define SIZE (4 * WORDS) /* of a result */
#define TURNS 64
#define OUT_MAX 1024

struct blowfish {
    uint32_t p[18];
    uint32_t s[4][256];
};

static uint32_t mix(const struct blowfish *b, uint32_t x)
{
    return ((b->s[0][x >> 24] + b->s[1][x >> 16 & 255]) ^
            b->s[2][x >> 8 & 255]) + b->s[3][x & 255];
}

static void encipher(const struct blowfish *b, uint32_t *left, uint32_t *right)
{
    uint32_t l = *left ^ b->p[0], r = *right;
    for (int i = 1; i < 17; i += 2) {
        r ^= mix(b, l) ^ b->p[i];
        l ^= mix(b, r) ^ b->p[i + 1];
    }
    *left = r ^ b->p[17];
    *right = l;
}

/* The next four of the HASH bytes at D, which are gone round and round. */
static uint32_t next_word(const uint8_t *d, size_t *at)
{
    uint32_t w = 0;
    for (int i = 0; i < 4; i++, *at = (*at + 1) % HASH)
        w = w << 8 | d[*at];
    return w;
}

/* Stirs KEY, and SALT (NULL: nothing), into all that B has. */
static void stir(struct blowfish *b, const uint8_t *key, const uint8_t *salt)
{
    size_t k = 0, s = 0;
    uint32_t l = 0, r = 0;
    for (int i = 0; i < 18; i++)
        b->p[i] ^= next_word(key, &k);
    for (int i = 0; i < 18 + 4 * 256; i += 2) {
        uint32_t *to = i < 18 ? &b->p[i] : &b->s[0][0] + (i - 18);
        if (salt) {
            l ^= next_word(salt, &s);
            r ^= next_word(salt, &s);
        }
        encipher(b, &l, &r);
        to[0] = l;
        to[1] = r;
    }
}

static void result(struct blowfish *b, const uint8_t *pass,
                   const uint8_t *salt, uint8_t out[SIZE])
{
    static const char text[SIZE + 1] = "OxychromaticBlowfishSwatDynamite";
    uint32_t w[WORDS];
    memcpy(b, blowfish_pi, sizeof *b);
    stir(b, pass, salt);
    for (int i = 0; i < TURNS; i++) {
        stir(b, salt, NULL);
        stir(b, pass, NULL);
    }
    for (int i = 0; i < WORDS; i++)
        w[i] = (uint32_t)text[4 * i] << 24 | (uint32_t)text[4 * i + 1] << 16 |
               (uint32_t)text[4 * i + 2] << 8 | (uint32_t)text[4 * i + 3];
    for (int turn = 0; turn < TURNS; turn++)
        for (int i = 0; i < WORDS; i += 2)
            encipher(b, &w[i], &w[i + 1]);
    for (int i = 0; i < SIZE; i++)
        out[i] = (uint8_t)(w[i / 4] >> 8 * (i % 4));
    sodium_memzero(w, sizeof w);
}

/* Result number COUNT, from 1. */
static void chain(struct blowfish *b, const uint8_t pass[HASH],
                  const uint8_t *salt, size_t salt_len, unsigned count,
                  unsigned rounds, uint8_t out[SIZE])
{
    crypto_hash_sha512_state state;
    uint8_t hash[HASH], one[SIZE];
    uint8_t number[4] = {(uint8_t)(count >> 24), (uint8_t)(count >> 16),
                         (uint8_t)(count >> 8), (uint8_t)count};
    crypto_hash_sha512_init(&state);
    crypto_hash_sha512_update(&state, salt, salt_len);
    crypto_hash_sha512_update(&state, number, sizeof number);
    crypto_hash_sha512_final(&state, hash);
    result(b, pass, hash, one);
    memcpy(out, one, SIZE);
    for (unsigned i = 1; i < rounds; i++) {
        crypto_hash_sha512(hash, one, SIZE);
        result(b, pass, hash, one);
        for (int j = 0; j < SIZE; j++)
            out[j] ^= one[j];
    }
    sodium_memzero(one, sizeof one);
    sodium_memzero(hash, sizeof hash);
}

int zc_ssh_bcrypt(const char *pass, size_t pass_len, const uint8_t *salt,
                  size_t salt_len, unsigned rounds, uint8_t *out, size_t n)
{
    uint8_t hash[HASH], part[SIZE];
    size_t results = (n + SIZE - 1) / SIZE;
    if (!pass_len || !salt_len || !rounds || !n || n > OUT_MAX)
        return -1;
    struct blowfish *b = malloc(sizeof *b);
    if (!b)
        return -1;
    crypto_hash_sha512(hash, (const uint8_t *)pass, pass_len);
    for (size_t j = 0; j < results; j++) {
        chain(b, hash, salt, salt_len, (unsigned)j + 1, rounds, part);
        for (size_t i = 0; i < SIZE && i * results + j < n; i++)
            out[i * results + j] = part[i];
    }
    sodium_memzero(b, sizeof *b);
    sodium_memzero(hash, sizeof hash);
    sodium_memzero(part, sizeof part);
    free(b);
    return 0;
}
