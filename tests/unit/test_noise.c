// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The XX handshake: published vectors for both suites, and everything that is
 * not the genuine next message is refused.
 */
#include "net/noise.h"

#include "../tap.h"
#include "hex.h"
#include "scratch.h"

#define MAX ZC_NOISE_MESSAGE_MAX

static const enum zc_suite suites[] = {ZC_SUITE_CHACHAPOLY, ZC_SUITE_AESGCM};

/* ---- Vectors ------------------------------------------------------------ */

/*
 * From vectors/cacophony.txt of github.com/haskell-cryptography/cacophony,
 * commit 36c1e5c3a799342b226547ce9fdb3579ab60ccd3, where both suites have the
 * same keys, prologue and payloads. The sides take turns, the initiator first;
 * the first three are the handshake, the others are transport messages.
 */
#define MESSAGES 6
static const char v_prologue[] = "4a6f686e2047616c74";
static const char v_init_static[] =
    "e61ef9919cde45dd5f82166404bd08e38bceb5dfdfded0a34c8df7ed542214d1";
static const char v_init_ephemeral[] =
    "893e28b9dc6ca8d611ab664754b8ceb7bac5117349a4439a6b0569da977c464a";
static const char v_resp_static[] =
    "4a3acbfdb163dec651dfa3194dece676d437029c62a408b4c5ea9114246e4893";
static const char v_resp_ephemeral[] =
    "bbdb4cdbd309f1a1f2e1456967fe288cadd6f712d65dc7b7793d5e63da6b375b";
static const char *const v_payloads[MESSAGES] = {
    "4c756477696720766f6e204d69736573",
    "4d757272617920526f746862617264",
    "462e20412e20486179656b",
    "4361726c204d656e676572",
    "4a65616e2d426170746973746520536179",
    "457567656e2042f6686d20766f6e2042617765726b",
};
static const struct vector {
    const char *name;
    enum zc_suite suite;
    const char *ciphertexts[MESSAGES];
} vectors[] = {
    {"Noise_XX_25519_AESGCM_BLAKE2b", ZC_SUITE_AESGCM, {
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c7564"
        "77696720766f6e204d69736573",
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f144808843cf031a"
        "86733a890297fda30d4b471d0ceeff97124c67a7b656356862398ad52e08b423271d80"
        "894ace0fc531c39492823f2cc8f5ebe97a7feffaae500aef491ef9815e8e024ac906b3"
        "678983549ec8",
        "ee1c5e4fe3060d7014884f9328573c4f2e3c5593c3ef574b418e8bb397792a77db4cc4"
        "97ce5db0c79d29afbbb78a3059d289413105384ef2738071c015c39467f6e9b61eb3e2"
        "f1db47d5f6",
        "7ab9b6ee246550448f838ec94ab1c3cb93e7d475dc8aa7434e6462",
        "3d741aa91dff33adf4758746ddbf2b6afef8b64768b1d589e6bd999f7e7c7e4287",
        "6645a432705ba19de0dedaf6c9f2c4ecfa2447d48eac868bffd3ae8d899d6656a0a00c"
        "5699"}},
    {"Noise_XX_25519_ChaChaPoly_BLAKE2b", ZC_SUITE_CHACHAPOLY, {
        "ca35def5ae56cec33dc2036731ab14896bc4c75dbb07a61f879f8e3afa4c79444c7564"
        "77696720766f6e204d69736573",
        "95ebc60d2b1fa672c1f46a8aa265ef51bfe38e7ccb39ec5be34069f1448088430505b6"
        "745ce64a5f33f0e8e3b83f11ce8802bca507f4f2d8b564dbe277e1966116e132faa2df"
        "d70b8b077b9f94b913df5056ae1319469b824a98d54bbaa82c325595587064f978c4b6"
        "d104f7596e6f",
        "99579e1c1ee15e422a57ddd6b16d37087b17558e8369c18991b4b2ca3a824abf904cdc"
        "f5458b5431a75af034ca9e9b982de039eaaf156775e2d580cd4e5ebae89c3f8cb2594b"
        "556d8a8169",
        "fc56eea290b3f3a21aac0c70cd5787b5ee99be37d2f4d751329b55",
        "bb31c9da10d5639a4cdb88a12f5c61de41bbc7df09bf75d94f8184fe4157f5c68f",
        "f6199cadb152fb27f82be0a0891ec76a33598ae92a46cab2fb5a8ed5bf48b7f267f837"
        "0af7"}},
};

/* ---- Two sides ---------------------------------------------------------- */

static struct zc_identity *ids[2]; /* of the vectors: [initiator] */
static uint8_t ephemerals[2][ZC_KEY_SIZE];
static uint8_t message[MAX + 1], payload[MAX + 1];

static struct zc_identity *identity(const char *hex)
{
    char line[100] = "zcsync-private-key-v1:";
    uint8_t secret[ZC_KEY_SIZE];
    unhex(hex, secret, sizeof secret);
    zc_key_text(secret, line + strlen(line));
    return zc_identity_parse("a vector", line, strlen(line), NULL);
}

/* A side with the vectors' keys, so that a session can be had again. */
static struct zc_noise *side(enum zc_suite suite, bool initiator)
{
    uint8_t prologue[16];
    size_t n = unhex(v_prologue, prologue, sizeof prologue);
    struct zc_noise *s = zc_noise_new(suite, initiator, prologue, n,
                                      ids[initiator]);
    zc_noise_set_ephemeral(s, ephemerals[initiator]);
    return s;
}

struct pair {
    struct zc_noise *side[2]; /* [initiator] */
};

static struct pair pair_new(enum zc_suite suite)
{
    struct pair p = {{side(suite, false), side(suite, true)}};
    return p;
}

static void pair_free(struct pair *p)
{
    zc_noise_free(p->side[0]);
    zc_noise_free(p->side[1]);
}

static bool writes(int index)
{
    return index % 2 == 0; /* the initiator? */
}

/* Message INDEX, without payload, into `message`: its length. */
static ssize_t write_next(struct pair *p, int index)
{
    return zc_noise_write(p->side[writes(index)], NULL, 0, message, MAX);
}

static ssize_t read_next(struct pair *p, int index, const void *m, size_t n)
{
    return zc_noise_read(p->side[!writes(index)], m, n, payload, MAX);
}

/* Messages 0 to COUNT - 1 go across. */
static bool advance(struct pair *p, int count)
{
    for (int i = 0; i < count; i++) {
        ssize_t n = write_next(p, i);
        if (n < 0 || read_next(p, i, message, (size_t)n) != 0)
            return false;
    }
    return true;
}

/* ---- The vectors -------------------------------------------------------- */

static void vector_handshake(const struct vector *v, struct pair *p)
{
    for (int i = 0; i < 3; i++) {
        uint8_t text[64];
        size_t n = unhex(v_payloads[i], text, sizeof text);
        ssize_t len = zc_noise_write(p->side[writes(i)], text, n, message, MAX);
        ok(len > 0 && is_hex(message, (size_t)len, v->ciphertexts[i]),
           "%s: message %d is written", v->name, i + 1);
        ok(!zc_noise_done(p->side[!writes(i)]),
           "... and the other side has yet to read it");
        len = read_next(p, i, message, (size_t)ZC_MAX(len, 0));
        ok(len >= 0 && is_hex(payload, (size_t)len, v_payloads[i]),
           "... and read");
    }
}

static void vector_transport(const struct vector *v, struct pair *p)
{
    struct zc_aead *tx[2], *rx[2];
    uint64_t nonces[2] = {0, 0};
    for (int i = 0; i < 2; i++) {
        uint8_t t[ZC_AEAD_KEY], r[ZC_AEAD_KEY];
        zc_noise_split(p->side[i], t, r);
        tx[i] = zc_aead_new(v->suite, t);
        rx[i] = zc_aead_new(v->suite, r);
    }
    for (int i = 3; i < MESSAGES; i++) {
        uint8_t text[64];
        int from = writes(i);
        uint64_t nonce = nonces[from]++;
        size_t n = unhex(v_payloads[i], text, sizeof text);
        ok(!zc_aead_seal(tx[from], nonce, NULL, 0, text, n, message) &&
               is_hex(message, n + ZC_AEAD_TAG, v->ciphertexts[i]),
           "%s: message %d is sealed", v->name, i + 1);
        ok(!zc_aead_open(rx[!from], nonce, NULL, 0, message, n + ZC_AEAD_TAG,
                         payload) && is_hex(payload, n, v_payloads[i]),
           "... and opened");
    }
    for (int i = 0; i < 2; i++) {
        zc_aead_free(tx[i]);
        zc_aead_free(rx[i]);
    }
}

static void vector(const struct vector *v)
{
    struct pair p = pair_new(v->suite);
    vector_handshake(v, &p);
    ok(zc_noise_done(p.side[0]) && zc_noise_done(p.side[1]),
       "%s: both sides are done", v->name);
    ok(zc_key_equal(zc_noise_remote(p.side[0]), ids[1]->public_key) &&
           zc_key_equal(zc_noise_remote(p.side[1]), ids[0]->public_key),
       "... and know each other");
    ok(!memcmp(zc_noise_hash(p.side[0]), zc_noise_hash(p.side[1]),
               ZC_NOISE_HASH), "... and have the same hash");
    vector_transport(v, &p);
    pair_free(&p);
}

/* ---- Changed on the way ------------------------------------------------- */

/* What the genuine messages without payload are; they do not vary. */
static uint8_t genuine[3][128];
static size_t lengths[3];

static void record(enum zc_suite suite)
{
    struct pair p = pair_new(suite);
    for (int i = 0; i < 3; i++) {
        lengths[i] = (size_t)write_next(&p, i);
        memcpy(genuine[i], message, lengths[i]);
        read_next(&p, i, message, lengths[i]);
    }
    pair_free(&p);
}

/* True when the N bytes at M, in place of message INDEX, end the handshake: at
 * once, or, where they are only the ephemeral key, with the next message. And
 * then it stays ended, whatever comes. */
static bool refused(enum zc_suite suite, int index, const void *m, size_t n)
{
    struct pair p = pair_new(suite);
    bool good = advance(&p, index);
    struct zc_noise *reader = p.side[!writes(index)];
    write_next(&p, index);
    ssize_t r = zc_noise_read(reader, m, n, payload, MAX);
    if (r >= 0 && index == 0) {
        ssize_t len = write_next(&p, 1);
        good &= len < 0 || read_next(&p, 1, message, (size_t)len) < 0;
    } else {
        good &= r < 0 && !zc_noise_done(reader) &&
                zc_noise_read(reader, genuine[index], lengths[index], payload,
                              MAX) < 0 &&
                zc_noise_write(reader, NULL, 0, message, MAX) < 0;
    }
    pair_free(&p);
    return good;
}

static void flipped(enum zc_suite suite)
{
    for (int i = 0; i < 3; i++) {
        unsigned passed = 0;
        for (size_t bit = 0; bit < 8 * lengths[i]; bit++) {
            uint8_t m[128];
            memcpy(m, genuine[i], lengths[i]);
            m[bit / 8] ^= (uint8_t)(1 << bit % 8);
            passed += !refused(suite, i, m, lengths[i]);
        }
        is_int(passed, 0, "%s: message %d with a flipped bit is refused",
               zc_suite_text(suite), i + 1);
    }
}

static void cut(enum zc_suite suite)
{
    for (int i = 0; i < 3; i++) {
        unsigned passed = 0;
        for (size_t n = 0; n < lengths[i]; n++)
            passed += !refused(suite, i, genuine[i], n);
        memcpy(message, genuine[i], lengths[i]);
        memset(message + lengths[i], 0, sizeof message - lengths[i]);
        uint8_t *longer = malloc(MAX + 1);
        memcpy(longer, message, MAX + 1);
        passed += !refused(suite, i, longer, lengths[i] + 1);
        passed += !refused(suite, i, longer, MAX);
        passed += !refused(suite, i, longer, MAX + 1);
        free(longer);
        is_int(passed, 0, "%s: message %d shorter or longer is refused",
               zc_suite_text(suite), i + 1);
    }
}

static void reordered(enum zc_suite suite)
{
    unsigned passed = 0;
    for (int i = 0; i < 3; i++)
        for (int j = 0; j < 3; j++)
            if (i != j)
                passed += !refused(suite, i, genuine[j], lengths[j]);
    is_int(passed, 0, "%s: no message passes for another",
           zc_suite_text(suite));

    struct pair p = pair_new(suite);
    ok(zc_noise_write(p.side[0], NULL, 0, message, MAX) < 0,
       "the responder does not begin");
    ok(zc_noise_read(p.side[1], genuine[1], lengths[1], payload, MAX) < 0,
       "the initiator does not begin by listening");
    pair_free(&p);

    p = pair_new(suite);
    advance(&p, 1);
    ok(read_next(&p, 0, genuine[0], lengths[0]) < 0, "a message twice");
    pair_free(&p);

    p = pair_new(suite);
    advance(&p, 3);
    ok(zc_noise_write(p.side[0], NULL, 0, message, MAX) < 0 &&
           zc_noise_read(p.side[1], genuine[1], lengths[1], payload, MAX) < 0,
       "there is no fourth message");
    pair_free(&p);
}

/* Messages of an earlier session, whose other side now has other ephemeral
 * keys, as it always has. */
static void replayed(enum zc_suite suite)
{
    uint8_t prologue[16];
    size_t n = unhex(v_prologue, prologue, sizeof prologue);
    struct zc_noise *r = zc_noise_new(suite, false, prologue, n, ids[0]);
    struct zc_noise *i = zc_noise_new(suite, true, prologue, n, ids[1]);

    ok(zc_noise_read(r, genuine[0], lengths[0], payload, MAX) == 0 &&
           zc_noise_write(r, NULL, 0, message, MAX) == (ssize_t)lengths[1],
       "%s: a first message can be replayed", zc_suite_text(suite));
    ok(zc_noise_read(r, genuine[2], lengths[2], payload, MAX) < 0,
       "... but not the third that belongs to it");
    ok(zc_noise_write(i, NULL, 0, message, MAX) == (ssize_t)lengths[0] &&
           memcmp(message, genuine[0], lengths[0]) != 0,
       "ephemeral keys are new each time");
    ok(zc_noise_read(i, genuine[1], lengths[1], payload, MAX) < 0,
       "... so a second message cannot be replayed");
    zc_noise_free(r);
    zc_noise_free(i);
}

/* ---- Not agreed on ------------------------------------------------------ */

static bool shakes(struct zc_noise *i, struct zc_noise *r)
{
    struct pair p = {{r, i}};
    bool good = advance(&p, 3) && zc_noise_done(i) && zc_noise_done(r);
    pair_free(&p);
    return good;
}

static void prologues(enum zc_suite suite)
{
    static const struct {
        const char *i, *r;
    } cases[] = {{"", ""}, {"abc", "abc"}, {"abc", "abd"}, {"abc", "ab"},
                 {"abc", ""}};
    for (size_t k = 0; k < ZC_ARRAY_LEN(cases); k++)
        is_int(shakes(zc_noise_new(suite, true, cases[k].i, strlen(cases[k].i),
                                   ids[1]),
                      zc_noise_new(suite, false, cases[k].r, strlen(cases[k].r),
                                   ids[0])),
               k < 2, "%s: prologues '%s' and '%s'", zc_suite_text(suite),
               cases[k].i, cases[k].r);
}

static void suites_differ(void)
{
    ok(!shakes(zc_noise_new(ZC_SUITE_AESGCM, true, "x", 1, ids[1]),
               zc_noise_new(ZC_SUITE_CHACHAPOLY, false, "x", 1, ids[0])),
       "sides that chose different suites");
    ok(!shakes(zc_noise_new(ZC_SUITE_CHACHAPOLY, true, "x", 1, ids[1]),
               zc_noise_new(ZC_SUITE_AESGCM, false, "x", 1, ids[0])),
       "... and the other way round");
}

/* ---- Points of small order ---------------------------------------------- */

/* RFC 7748, section 6.1: a DH with one of them is zero for everybody. */
static const char *const small[] = {
    "0000000000000000000000000000000000000000000000000000000000000000",
    "0100000000000000000000000000000000000000000000000000000000000000",
    "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
    "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
    "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
    "0000000000000000000000000000000000000000000000000000000000000080",
};

/* As ephemeral keys, where nothing else has to be right. */
static void small_ephemerals(enum zc_suite suite)
{
    unsigned passed = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(small); i++) {
        uint8_t m[128];
        struct pair p = pair_new(suite);
        unhex(small[i], m, ZC_KEY_SIZE);
        read_next(&p, 0, m, ZC_KEY_SIZE);
        passed += write_next(&p, 1) >= 0;
        pair_free(&p);
        memcpy(m + ZC_KEY_SIZE, genuine[1] + ZC_KEY_SIZE,
               lengths[1] - ZC_KEY_SIZE);
        passed += !refused(suite, 1, m, lengths[1]);
    }
    is_int(passed, 0, "%s: no ephemeral key of small order is answered",
           zc_suite_text(suite));
}

/* As static keys, in messages that are well formed but for that. */
static void small_statics(enum zc_suite suite)
{
    unsigned passed = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(small); i++) {
        struct zc_identity liar = *ids[0];
        unhex(small[i], liar.public_key, ZC_KEY_SIZE);
        passed += shakes(zc_noise_new(suite, true, "", 0, ids[1]),
                         zc_noise_new(suite, false, "", 0, &liar));
        passed += shakes(zc_noise_new(suite, true, "", 0, &liar),
                         zc_noise_new(suite, false, "", 0, ids[0]));
    }
    is_int(passed, 0, "%s: nor a static key", zc_suite_text(suite));
}

/* Somebody who claims a key, and has another. */
static void impostor(enum zc_suite suite)
{
    struct zc_identity liar = *ids[0];
    memcpy(liar.public_key, ids[1]->public_key, ZC_KEY_SIZE);
    ok(!shakes(zc_noise_new(suite, true, "", 0, &liar),
               zc_noise_new(suite, false, "", 0, ids[0])),
       "%s: a key that the initiator does not have", zc_suite_text(suite));
    ok(!shakes(zc_noise_new(suite, true, "", 0, ids[1]),
               zc_noise_new(suite, false, "", 0, &liar)),
       "%s: ... or the responder", zc_suite_text(suite));
}

/* ---- Sizes -------------------------------------------------------------- */

static void sizes(enum zc_suite suite)
{
    static const size_t overheads[] = {32, 96, 64};
    static uint8_t text[MAX];
    struct pair p = pair_new(suite);
    randombytes_buf(text, sizeof text);
    for (int i = 0; i < 3; i++) {
        size_t n = MAX - overheads[i];
        ssize_t len = zc_noise_write(p.side[writes(i)], text, n, message, MAX);
        is_int(len, MAX, "message %d may have %d bytes", i + 1, MAX);
        len = read_next(&p, i, message, MAX);
        ok(len == (ssize_t)n && memcmp(payload, text, n) == 0,
           "... which arrive");
    }
    pair_free(&p);
    for (int i = 0; i < 3; i++) {
        size_t n = MAX - overheads[i];
        p = pair_new(suite);
        advance(&p, i);
        ok(zc_noise_write(p.side[writes(i)], text, n + 1, message,
                          sizeof message) < 0, "... and not one more");
        pair_free(&p);
        p = pair_new(suite);
        advance(&p, i);
        ok(zc_noise_write(p.side[writes(i)], text, 5, message,
                          overheads[i] + 4) < 0, "too little room to write");
        pair_free(&p);
        p = pair_new(suite);
        advance(&p, i);
        ssize_t len = zc_noise_write(p.side[writes(i)], text, 5, message, MAX);
        ok(zc_noise_read(p.side[!writes(i)], message, (size_t)len, payload,
                         4) < 0, "too little room to read");
        pair_free(&p);
    }
}

/* ---- Processes ---------------------------------------------------------- */

/* The first message of a state made before the fork, from a child. */
static bool from_child(struct zc_noise *n, uint8_t out[32])
{
    int fds[2];
    if (pipe(fds))
        return false;
    pid_t pid = fork();
    if (pid == 0) {
        ssize_t len = zc_noise_write(n, NULL, 0, out, 32);
        _exit(len != 32 || write(fds[1], out, 32) != 32);
    }
    close(fds[1]);
    bool good = pid > 0 && read(fds[0], out, 32) == 32;
    close(fds[0]);
    if (pid > 0)
        waitpid(pid, NULL, 0);
    return good;
}

static void forks(void)
{
    uint8_t m[3][32];
    struct zc_noise *n = zc_noise_new(ZC_SUITE_AESGCM, true, "", 0, ids[1]);
    bool good = from_child(n, m[0]) && from_child(n, m[1]) &&
                zc_noise_write(n, NULL, 0, m[2], 32) == 32;
    ok(good && memcmp(m[0], m[1], 32) && memcmp(m[0], m[2], 32) &&
           memcmp(m[1], m[2], 32),
       "processes that share a state do not share an ephemeral key");
    zc_noise_free(n);
}

int main(void)
{
    if (sodium_init() < 0)
        skip_all("libsodium cannot start");
    ids[1] = identity(v_init_static);
    ids[0] = identity(v_resp_static);
    unhex(v_init_ephemeral, ephemerals[1], ZC_KEY_SIZE);
    unhex(v_resp_ephemeral, ephemerals[0], ZC_KEY_SIZE);
    for (size_t i = 0; i < ZC_ARRAY_LEN(vectors); i++)
        vector(&vectors[i]);
    for (size_t i = 0; i < ZC_ARRAY_LEN(suites); i++) {
        record(suites[i]);
        flipped(suites[i]);
        cut(suites[i]);
        reordered(suites[i]);
        replayed(suites[i]);
        prologues(suites[i]);
        small_ephemerals(suites[i]);
        small_statics(suites[i]);
        impostor(suites[i]);
        sizes(suites[i]);
    }
    suites_differ();
    forks();
    zc_noise_free(NULL);
    zc_identity_free(ids[0]);
    zc_identity_free(ids[1]);
    return done_testing();
}
