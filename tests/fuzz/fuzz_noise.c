// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One message of a handshake with fixed keys is not the genuine one. The first
 * byte says which, in which suite, and whether the others take its place or are
 * XORed over it; when they leave it as it is, the handshake must succeed, and
 * otherwise no side may end up believing anything.
 *
 *     bit 0     AESGCM
 *     bits 1-2  message 0, 1 or 2 (3 is 0), so both roles read
 *     bit 3     XOR
 */
#include "net/noise.h"

#include <sodium.h>
#include <string.h>

#define SIZE 4096

static void must(bool truth)
{
    if (!truth)
        abort();
}

static struct zc_identity *identity(uint8_t seed)
{
    char line[100] = "zcsync-private-key-v1:";
    uint8_t secret[ZC_KEY_SIZE];
    memset(secret, seed, sizeof secret);
    zc_key_text(secret, line + strlen(line));
    struct zc_identity *id = zc_identity_parse("FILE", line, strlen(line),
                                               NULL);
    must(id != NULL);
    return id;
}

static struct zc_noise *side(enum zc_suite suite, bool initiator,
                             const struct zc_identity *id)
{
    uint8_t secret[ZC_KEY_SIZE];
    struct zc_noise *n = zc_noise_new(suite, initiator, "prologue", 8, id);
    must(n != NULL);
    memset(secret, initiator ? 3 : 4, sizeof secret);
    zc_noise_set_ephemeral(n, secret);
    return n;
}

/* What M (N bytes) becomes: its new length. */
static size_t disturb(uint8_t *m, size_t n, bool over, const uint8_t *data,
                      size_t size)
{
    size = ZC_MIN(size, (size_t)SIZE);
    if (!over) {
        memcpy(m, data, size);
        return size;
    }
    for (size_t i = 0; i < ZC_MIN(n, size); i++)
        m[i] ^= data[i];
    return n;
}

/* After a failure everything fails. */
static void must_stay_failed(struct zc_noise *n, const uint8_t *m, size_t len)
{
    static uint8_t out[SIZE];
    must(!zc_noise_done(n));
    must(zc_noise_read(n, m, len, out, sizeof out) < 0);
    must(zc_noise_write(n, NULL, 0, out, sizeof out) < 0);
}

/* True if all three messages arrived; SIDE is [initiator]. */
static bool shake(struct zc_noise *const side[2], int target, bool over,
                  const uint8_t *data, size_t size, bool *changed)
{
    static uint8_t m[SIZE], was[SIZE], out[SIZE];
    for (int i = 0; i < 3; i++) {
        struct zc_noise *from = side[i % 2 == 0], *to = side[i % 2];
        ssize_t n = zc_noise_write(from, NULL, 0, m, sizeof m);
        if (n < 0) { /* only what came before can be to blame */
            must(*changed);
            must_stay_failed(from, m, 0);
            return false;
        }
        size_t len = (size_t)n;
        if (i == target) {
            memcpy(was, m, len);
            len = disturb(m, len, over, data, size);
            *changed = len != (size_t)n || memcmp(was, m, len) != 0;
        }
        ssize_t r = zc_noise_read(to, m, len, out, sizeof out);
        must(r < (ssize_t)sizeof out);
        if (r < 0) {
            must_stay_failed(to, m, len);
            return false;
        }
    }
    return true;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1)
        return 0;
    enum zc_suite suite = data[0] & 1 ? ZC_SUITE_AESGCM : ZC_SUITE_CHACHAPOLY;
    int target = data[0] >> 1 & 3;
    struct zc_identity *ids[2] = {identity(1), identity(2)};
    struct zc_noise *sides[2] = {side(suite, false, ids[0]),
                                 side(suite, true, ids[1])};
    bool changed = false;
    bool good = shake(sides, target == 3 ? 0 : target, data[0] & 8, data + 1,
                      size - 1, &changed);
    must(good == !changed);
    if (good)
        must(zc_noise_done(sides[0]) && zc_noise_done(sides[1]) &&
             zc_key_equal(zc_noise_remote(sides[0]), ids[1]->public_key) &&
             zc_key_equal(zc_noise_remote(sides[1]), ids[0]->public_key));
    for (int i = 0; i < 2; i++) {
        zc_noise_free(sides[i]);
        zc_identity_free(ids[i]);
    }
    return 0;
}
