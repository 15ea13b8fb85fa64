// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The XX handshake; see noise.h. Functions bear the names that the Noise
 * specification, revision 34, gives them (sections 4 and 5), and the pattern is
 * a table of its tokens, so that the two can be read side by side.
 *
 * The handshake encrypts four times in all, so a cipher is made for each time
 * rather than kept. Everything secret is in struct zc_noise, or on the stack
 * for as long as a function runs that wipes it.
 */
#include "net/noise.h"

#include <sodium.h>
#include <string.h>

#define DHLEN ZC_KEY_SIZE
#define HASHLEN ZC_NOISE_HASH
#define BLOCKLEN 128 /* of BLAKE2b */
#define MESSAGES 3

enum token { END, E, S, EE, ES, SE };

static const enum token pattern[MESSAGES][5] = {
    {E}, {E, EE, S, ES}, {S, SE}};

struct zc_noise {
    /* HandshakeState */
    const struct zc_identity *s;
    enum zc_suite suite;
    bool initiator, failed;
    bool e_given; /* by zc_noise_set_ephemeral */
    int next;     /* index of the message that is due */
    uint8_t e[DHLEN], e_public[DHLEN];
    uint8_t rs[DHLEN], re[DHLEN];
    /* SymmetricState */
    uint8_t ck[HASHLEN], h[HASHLEN];
    /* CipherState */
    bool has_key;
    uint8_t k[ZC_AEAD_KEY];
    uint64_t n;
};

/* --- hash functions (4.3) --- */

struct bytes {
    const void *p;
    size_t n;
};

static void hash(struct bytes a, struct bytes b, uint8_t out[HASHLEN])
{
    crypto_generichash_state st;
    crypto_generichash_init(&st, NULL, 0, HASHLEN);
    crypto_generichash_update(&st, a.p, a.n);
    crypto_generichash_update(&st, b.p, b.n);
    crypto_generichash_final(&st, out, HASHLEN);
    sodium_memzero(&st, sizeof st);
}

/* RFC 2104: H((K ^ opad) || H((K ^ ipad) || text)), K padded with zeros. All
 * keys are HASHLEN bytes here, fewer than BLOCKLEN. TEXT is in two parts. */
static void hmac_hash(const uint8_t key[HASHLEN], struct bytes text,
                      struct bytes more, uint8_t out[HASHLEN])
{
    crypto_generichash_state st;
    uint8_t pad[BLOCKLEN], inner[HASHLEN];

    memset(pad, 0x36, sizeof pad);
    for (size_t i = 0; i < HASHLEN; i++)
        pad[i] ^= key[i];
    crypto_generichash_init(&st, NULL, 0, HASHLEN);
    crypto_generichash_update(&st, pad, sizeof pad);
    crypto_generichash_update(&st, text.p, text.n);
    crypto_generichash_update(&st, more.p, more.n);
    crypto_generichash_final(&st, inner, HASHLEN);

    for (size_t i = 0; i < sizeof pad; i++)
        pad[i] ^= 0x36 ^ 0x5c;
    hash((struct bytes){pad, sizeof pad}, (struct bytes){inner, sizeof inner},
         out);
    sodium_memzero(&st, sizeof st);
    sodium_memzero(pad, sizeof pad);
    sodium_memzero(inner, sizeof inner);
}

/* HKDF with two outputs; OUTPUT1 may be CHAINING_KEY. */
static void hkdf(const uint8_t chaining_key[HASHLEN], struct bytes input,
                 uint8_t output1[HASHLEN], uint8_t output2[HASHLEN])
{
    static const uint8_t one = 1, two = 2;
    const struct bytes none = {&one, 0};
    uint8_t temp_key[HASHLEN];

    hmac_hash(chaining_key, input, none, temp_key);
    hmac_hash(temp_key, (struct bytes){&one, 1}, none, output1);
    hmac_hash(temp_key, (struct bytes){output1, HASHLEN},
              (struct bytes){&two, 1}, output2);
    sodium_memzero(temp_key, sizeof temp_key);
}

/* --- SymmetricState (5.2) --- */

static void mix_hash(struct zc_noise *n, const void *data, size_t len)
{
    hash((struct bytes){n->h, HASHLEN}, (struct bytes){data, len}, n->h);
}

static void mix_key(struct zc_noise *n, const uint8_t *input, size_t len)
{
    uint8_t temp_k[HASHLEN];
    hkdf(n->ck, (struct bytes){input, len}, n->ck, temp_k);
    memcpy(n->k, temp_k, sizeof n->k);
    sodium_memzero(temp_k, sizeof temp_k);
    n->has_key = true;
    n->n = 0;
}

static void initialize_symmetric(struct zc_noise *n)
{
    const char *name = n->suite == ZC_SUITE_AESGCM
                           ? "Noise_XX_25519_AESGCM_BLAKE2b"
                           : "Noise_XX_25519_ChaChaPoly_BLAKE2b";
    /* Shorter than HASHLEN, so not hashed but padded with zeros. */
    memset(n->h, 0, HASHLEN);
    memcpy(n->h, name, strlen(name));
    memcpy(n->ck, n->h, HASHLEN);
}

/* OUT gets LEN bytes, and a tag when there is a key. */
static int encrypt_and_hash(struct zc_noise *n, const void *text, size_t len,
                            uint8_t *out)
{
    int r = 0;
    if (n->has_key) {
        struct zc_aead *a = zc_aead_new(n->suite, n->k);
        r = a ? zc_aead_seal(a, n->n++, n->h, HASHLEN, text, len, out) : -1;
        zc_aead_free(a);
        len += ZC_AEAD_TAG;
    } else if (len) {
        memcpy(out, text, len);
    }
    if (r == 0)
        mix_hash(n, out, len);
    return r;
}

/* OUT gets LEN bytes, less a tag when there is a key. It may not be TEXT. */
static int decrypt_and_hash(struct zc_noise *n, const uint8_t *text, size_t len,
                            uint8_t *out)
{
    int r = 0;
    if (n->has_key) {
        struct zc_aead *a = zc_aead_new(n->suite, n->k);
        r = a ? zc_aead_open(a, n->n++, n->h, HASHLEN, text, len, out) : -1;
        zc_aead_free(a);
    } else if (len) {
        memcpy(out, text, len);
    }
    if (r == 0)
        mix_hash(n, text, len);
    return r;
}

/* --- HandshakeState (5.3) --- */

static size_t tag_size(const struct zc_noise *n)
{
    return n->has_key ? ZC_AEAD_TAG : 0;
}

int zc_noise_draw(uint8_t secret[ZC_KEY_SIZE], uint8_t public[ZC_KEY_SIZE])
{
    if (sodium_init() < 0)
        return -1;
    randombytes_buf(secret, DHLEN);
    return crypto_scalarmult_base(public, secret);
}

static int generate_e(struct zc_noise *n)
{
    return n->e_given ? crypto_scalarmult_base(n->e_public, n->e)
                      : zc_noise_draw(n->e, n->e_public);
}

/* EE, ES or SE. crypto_scalarmult fails when the result is zero, which is what
 * RFC 7748, section 6.1, calls the check for the all-zero value. */
static int mix_dh(struct zc_noise *n, enum token t)
{
    /* The first letter is the initiator's key, the second the responder's. */
    bool s_here = t != EE && n->initiator == (t == SE);
    bool s_there = t != EE && !s_here;
    uint8_t product[DHLEN];
    int r = crypto_scalarmult(product, s_here ? n->s->secret : n->e,
                              s_there ? n->rs : n->re);
    if (r == 0)
        mix_key(n, product, sizeof product);
    sodium_memzero(product, sizeof product);
    return r;
}

/* Length of message NEXT without its payload, tags included. */
static size_t overhead(const struct zc_noise *n)
{
    static const size_t sizes[MESSAGES] = {
        DHLEN,
        DHLEN + DHLEN + ZC_AEAD_TAG + ZC_AEAD_TAG,
        DHLEN + ZC_AEAD_TAG + ZC_AEAD_TAG,
    };
    return sizes[n->next];
}

/* The initiator writes the even messages. */
static bool may(const struct zc_noise *n, bool write)
{
    return !n->failed && n->next < MESSAGES &&
           (n->next % 2 == 0) == (n->initiator == write);
}

static int write_token(struct zc_noise *n, enum token t, uint8_t **out)
{
    switch (t) {
    case E:
        if (generate_e(n))
            return -1;
        memcpy(*out, n->e_public, DHLEN);
        mix_hash(n, *out, DHLEN);
        *out += DHLEN;
        return 0;
    case S: {
        size_t size = DHLEN + tag_size(n);
        if (encrypt_and_hash(n, n->s->public_key, DHLEN, *out))
            return -1;
        *out += size;
        return 0;
    }
    default:
        return mix_dh(n, t);
    }
}

static int read_token(struct zc_noise *n, enum token t, const uint8_t **in)
{
    switch (t) {
    case E:
        memcpy(n->re, *in, DHLEN);
        mix_hash(n, *in, DHLEN);
        *in += DHLEN;
        return 0;
    case S: {
        size_t size = DHLEN + tag_size(n);
        if (decrypt_and_hash(n, *in, size, n->rs))
            return -1;
        *in += size;
        return 0;
    }
    default:
        return mix_dh(n, t);
    }
}

static void finish_message(struct zc_noise *n)
{
    if (++n->next == MESSAGES) {
        sodium_memzero(n->e, sizeof n->e);
        sodium_memzero(n->k, sizeof n->k);
        n->has_key = false;
    }
}

ssize_t zc_noise_write(struct zc_noise *n, const void *payload,
                       size_t payload_n, void *out, size_t size)
{
    uint8_t *p = out;
    if (!may(n, true) || payload_n > ZC_NOISE_MESSAGE_MAX - overhead(n) ||
        size < overhead(n) + payload_n)
        goto failed;
    size = overhead(n) + payload_n;
    for (const enum token *t = pattern[n->next]; *t != END; t++)
        if (write_token(n, *t, &p))
            goto failed;
    if (encrypt_and_hash(n, payload, payload_n, p))
        goto failed;
    finish_message(n);
    return (ssize_t)size;
failed:
    n->failed = true;
    return -1;
}

ssize_t zc_noise_read(struct zc_noise *n, const void *message, size_t message_n,
                      void *out, size_t size)
{
    const uint8_t *p = message;
    if (!may(n, false) || message_n > ZC_NOISE_MESSAGE_MAX ||
        message_n < overhead(n) || size < message_n - overhead(n))
        goto failed;
    size = message_n - overhead(n);
    for (const enum token *t = pattern[n->next]; *t != END; t++)
        if (read_token(n, *t, &p))
            goto failed;
    if (decrypt_and_hash(n, p, size + tag_size(n), out))
        goto failed;
    finish_message(n);
    return (ssize_t)size;
failed:
    n->failed = true;
    return -1;
}

/* --- beginning and end --- */

struct zc_noise *zc_noise_new(enum zc_suite suite, bool initiator,
                              const void *prologue, size_t prologue_n,
                              const struct zc_identity *s)
{
    struct zc_noise *n = sodium_init() < 0 ? NULL : sodium_malloc(sizeof *n);
    if (!n)
        return NULL;
    memset(n, 0, sizeof *n);
    n->s = s;
    n->suite = suite;
    n->initiator = initiator;
    initialize_symmetric(n);
    mix_hash(n, prologue, prologue_n);
    return n; /* XX has no pre-messages */
}

void zc_noise_free(struct zc_noise *n)
{
    int keep = errno;
    sodium_free(n); /* wipes it */
    errno = keep;
}

bool zc_noise_done(const struct zc_noise *n)
{
    return !n->failed && n->next == MESSAGES;
}

void zc_noise_split(const struct zc_noise *n, uint8_t tx[ZC_AEAD_KEY],
                    uint8_t rx[ZC_AEAD_KEY])
{
    uint8_t k1[HASHLEN], k2[HASHLEN];
    hkdf(n->ck, (struct bytes){"", 0}, k1, k2);
    memcpy(tx, n->initiator ? k1 : k2, ZC_AEAD_KEY);
    memcpy(rx, n->initiator ? k2 : k1, ZC_AEAD_KEY);
    sodium_memzero(k1, sizeof k1);
    sodium_memzero(k2, sizeof k2);
}

const uint8_t *zc_noise_remote(const struct zc_noise *n)
{
    return n->rs;
}

const uint8_t *zc_noise_hash(const struct zc_noise *n)
{
    return n->h;
}

void zc_noise_set_ephemeral(struct zc_noise *n,
                            const uint8_t secret[ZC_KEY_SIZE])
{
    memcpy(n->e, secret, DHLEN);
    n->e_given = true;
}
