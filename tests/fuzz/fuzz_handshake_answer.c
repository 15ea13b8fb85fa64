// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process that shakes hands, and may be somebody else's by now, says of it:
 * its bytes, zeros behind them; the first byte before them says whether plain will
 * do. What is taken is something that a handshake can come to, and is said in one
 * way only; what is not has a sentence that ends.
 */
#include "daemon/handshake_answer.h"

#include "net/compress.h"

#include <sodium.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void taken(const struct zc_secured *s, bool plain)
{
    char text[100], again[100];
    int how;
    must(s->role == ZC_ROLE_SENDER || s->role == ZC_ROLE_RECEIVER);
    must(s->sealed || plain);
    must(!s->ktls || s->sealed);
    zc_secured_text(s, text, sizeof text);
    must((strncmp(text, "plain", 5) == 0) == !s->sealed);
    if (!s->sealed)
        must(!s->suite && sodium_is_zero(s->peer_key, sizeof s->peer_key) &&
             sodium_is_zero(s->tx, sizeof s->tx) &&
             sodium_is_zero(s->rx, sizeof s->rx));
    zc_compress_text(s->compress, text, sizeof text);
    must(zc_compress_parse(text, &how) == 0 && how == s->compress);
    zc_compress_text(how, again, sizeof again);
    must(strcmp(text, again) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_handshake_answer a = {0}, again;
    struct zc_secured s, twice;
    char why[ZC_ERR_TEXT_MAX];
    if (size < 1)
        return 0;
    bool plain = data[0] & 1;
    memcpy(&a, data + 1, ZC_MIN(size - 1, sizeof a));
    if (zc_handshake_answer_get(&a, plain, &s, why)) {
        must(why[0] && memchr(why, '\0', sizeof why) != NULL);
        return 0;
    }
    taken(&s, plain);
    zc_handshake_answer_set(&again, &s, NULL);
    must(zc_handshake_answer_get(&again, plain, &twice, why) == 0);
    zc_handshake_answer_set(&a, &twice, NULL);
    must(memcmp(&a, &again, sizeof a) == 0);
    return 0;
}
