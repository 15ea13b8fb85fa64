// SPDX-License-Identifier: GPL-2.0-or-later
/* The first 32 bytes: what is accepted, and what is refused with which code. */
#include "proto/hello.h"
#include "proto/proto.h"

#include "../tap.h"

#include <string.h>

static uint8_t bytes[ZC_HELLO_SIZE];
static struct zc_hello got;
static struct zc_err err;

static int decode(enum zc_role want)
{
    memset(&err, 0, sizeof err);
    return zc_hello_decode(bytes, want, &got, &err);
}

static void encode(uint16_t version, uint16_t version_min, uint32_t role)
{
    struct zc_hello h = {version, version_min, role, 0, 0, 0};
    zc_hello_encode(&h, bytes);
}

static void roundtrip(void)
{
    static const uint8_t layout[ZC_HELLO_SIZE] =
        "zcsync\r\n\x01\0\x01\0\x02\0\0\0";
    encode(1, 1, ZC_ROLE_RECEIVER);
    ok(memcmp(bytes, layout, sizeof layout) == 0,
       "the layout is that of zcsync-protocol(7)");
    is_int(decode(ZC_ROLE_RECEIVER), 0, "version 1 is understood");
    is_int(got.version, 1, "version");
    is_int(got.version_min, 1, "lowest version");
    is_int(got.role, ZC_ROLE_RECEIVER, "role");
    encode(1, 1, ZC_ROLE_SENDER);
    is_int(decode(ZC_ROLE_SENDER), 0, "a sender, where one is wanted");
}

static void versions(void)
{
    encode(65535, 1, ZC_ROLE_SENDER);
    is_int(decode(ZC_ROLE_SENDER), 0, "a newer peer that still speaks ours");
    encode(65535, 2, ZC_ROLE_SENDER);
    is_int(decode(ZC_ROLE_SENDER), -1, "a newer peer that does not");
    is_int(err.code, ZC_EXIT_PROTOCOL, "... is a protocol mismatch");
    ok(strstr(err.text, "2 to 65535") && strstr(err.text, "1 to 1"),
       "... and the sentence names both ranges: %s", err.text);
    encode(0, 0, ZC_ROLE_SENDER);
    is_int(decode(ZC_ROLE_SENDER), -1, "version 0");
    is_int(err.code, ZC_EXIT_PROTOCOL, "... is a protocol mismatch");
}

static void features(void)
{
    struct zc_hello h = {1, 1, ZC_ROLE_SENDER, UINT64_MAX, 0, 0};
    zc_hello_encode(&h, bytes);
    is_int(decode(ZC_ROLE_SENDER), 0, "unknown feature bits are no error");
    ok((got.features & ~ZC_FEATURES_KNOWN) == 0, "... and are not believed");
    ok(got.features & ZC_FEATURE_KTLS, "kernel TLS is known");
    memset(bytes + 25, 0xff, 7);
    is_int(decode(ZC_ROLE_SENDER), 0, "reserved bytes are not looked at");
}

static void security(void)
{
    for (int bit = 0; bit < 8; bit++) {
        struct zc_hello h = {1, 1, ZC_ROLE_SENDER, 0, (uint8_t)(1 << bit), 0};
        zc_hello_encode(&h, bytes);
        is_int(bytes[24], 1 << bit, "the security byte is the 25th");
        is_int(decode(ZC_ROLE_SENDER), 0, "whatever is in it");
        is_int(got.security, bit < 3 ? 1 << bit : 0, "what is known is taken");
    }
}

/* What zcsync-protocol(7) says about the two bytes A and B, as a list. */
static enum zc_hello_choice by_the_book(unsigned a, unsigned b, bool ktls)
{
    bool a_seals = a & 3, b_seals = b & 3;
    if (a & b & 2)
        return ktls ? ZC_HELLO_SEALED_KTLS : ZC_HELLO_SEALED_AESGCM;
    if (a & b & 1)
        return ZC_HELLO_SEALED_CHACHAPOLY;
    if (!(a & 4) && !(b & 4))
        return ZC_HELLO_PLAIN;
    if (a_seals && b_seals)
        return ZC_HELLO_NO_SUITE;
    /* One of them cannot seal. The other insists, or it does so itself. */
    if (a_seals)
        return a & 4 ? ZC_HELLO_NOT_OURS : ZC_HELLO_NOT_THEIRS;
    return b & 4 ? ZC_HELLO_NOT_THEIRS : ZC_HELLO_NOT_OURS;
}

static void choices(void)
{
    unsigned wrong = 0, odd = 0, plain = 0;
    for (unsigned i = 0; i < 256; i++) {
        struct zc_hello a = {.security = i & 7}, b = {.security = i >> 3 & 7};
        a.features = i & 64 ? ZC_FEATURE_KTLS : 0;
        b.features = i & 128 ? ZC_FEATURE_KTLS : 0;
        enum zc_hello_choice c = zc_hello_choose(&a, &b);
        enum zc_hello_choice back = zc_hello_choose(&b, &a);
        wrong += c != by_the_book(a.security, b.security, i >= 192);
        /* Both must come to the same. */
        odd += c < ZC_HELLO_NOT_OURS ? back != c : back < ZC_HELLO_NOT_OURS;
        odd += (c == ZC_HELLO_NO_SUITE) != (back == ZC_HELLO_NO_SUITE);
        plain += c == ZC_HELLO_PLAIN && (a.security | b.security) & 4;
    }
    is_int(wrong, 0, "all 256 pairs choose what they should");
    is_int(odd, 0, "both sides choose the same");
    is_int(plain, 0, "nobody who refuses plain gets it");
}

static void refusals(void)
{
    encode(1, 1, ZC_ROLE_SENDER);
    is_int(decode(ZC_ROLE_RECEIVER), -1, "a sender where a receiver is wanted");
    is_int(err.code, ZC_EXIT_PROTOCOL, "... is a protocol mismatch");
    encode(1, 1, 3);
    is_int(decode(ZC_ROLE_SENDER), -1, "a role that does not exist");
    encode(1, 1, ZC_ROLE_SENDER | 1 << 16);
    is_int(decode(ZC_ROLE_SENDER), -1, "a role with a high bit set");

    int refused = 0, named = 0;
    for (int i = 0; i < 8; i++)
        for (int bit = 0; bit < 8; bit++) {
            encode(1, 1, ZC_ROLE_SENDER);
            bytes[i] ^= (uint8_t)(1 << bit);
            refused += decode(ZC_ROLE_SENDER) == -1;
            named += err.code == ZC_EXIT_PROTOCOL && err.text[0];
        }
    is_int(refused, 64, "every flipped bit of the magic is refused");
    is_int(named, 64, "... with a sentence");
    memcpy(bytes, "HTTP/1.1 400 Bad Request\r\n\r\n   ", ZC_HELLO_SIZE);
    is_int(decode(ZC_ROLE_SENDER), -1, "a web server is refused");
}

static void mutations(void)
{
    for (int i = 0; i < ZC_HELLO_SIZE; i++)
        for (int v = 0; v < 256; v++) {
            encode(1, 1, ZC_ROLE_SENDER);
            bytes[i] = (uint8_t)v;
            if (decode(ZC_ROLE_SENDER) == 0 &&
                (got.role != ZC_ROLE_SENDER || got.version < 1)) {
                ok(0, "byte %d as %d was accepted", i, v);
                return;
            }
        }
    ok(1, "no changed byte makes another role or version 0");
}

int main(void)
{
    roundtrip();
    versions();
    features();
    security();
    choices();
    refusals();
    mutations();
    return done_testing();
}
