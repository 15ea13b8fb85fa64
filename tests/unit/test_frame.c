// SPDX-License-Identifier: GPL-2.0-or-later
/* Frame headers: layout, limits, sequence numbers, numbering many at once. */
#include "proto/frame.h"
#include "proto/msg.h"

#include "../tap.h"

#include <string.h>

static struct zc_err err;

static int decode_at(const uint8_t *p, uint64_t want, struct zc_frame *f)
{
    memset(&err, 0, sizeof err);
    return zc_frame_decode(p, want, f, &err);
}

static int try(uint32_t length, uint16_t flags, uint64_t seq, uint64_t want)
{
    struct zc_frame f = {length, ZC_FRAME_PING, flags, seq};
    uint8_t bytes[ZC_FRAME_HEADER_SIZE];
    zc_frame_encode(&f, bytes);
    return decode_at(bytes, want, &f);
}

static void layout(void)
{
    static const uint8_t want[ZC_FRAME_HEADER_SIZE] = {
        0x56, 0x34, 0x02, 0x00, 0x05, 0x00, 0x00, 0x00,
        0x08, 0x07, 0x06, 0x05, 0x04, 0x03, 0x02, 0x01};
    struct zc_frame f = {0x23456, ZC_FRAME_DATA, 0, 0x0102030405060708};
    uint8_t bytes[ZC_FRAME_HEADER_SIZE];
    zc_frame_encode(&f, bytes);
    ok(memcmp(bytes, want, sizeof want) == 0,
       "the layout is that of zcsync-protocol(7)");
    memset(&f, 0, sizeof f);
    is_int(decode_at(bytes, 0x0102030405060708, &f), 0, "it is read back");
    is_int(f.length, 0x23456, "length");
    is_int(f.type, ZC_FRAME_DATA, "type");
    is_int(f.seq, 0x0102030405060708, "sequence number");
}

static void limits(void)
{
    is_int(try(0, 0, 1, 1), 0, "an empty body");
    is_int(try(ZC_FRAME_BODY_MAX, 0, 1, 1), 0, "the longest body");
    is_int(try(ZC_FRAME_BODY_MAX + 1, 0, 1, 1), -1, "one byte more");
    is_int(err.code, ZC_EXIT_STREAM, "... is a broken stream");
    ok(strstr(err.text, "524289"), "... and says how long: %s", err.text);
    is_int(try(UINT32_MAX, 0, 1, 1), -1, "a length of 2^32 - 1");
    int refused = 0;
    for (int bit = 0; bit < 16; bit++)
        refused += try(0, (uint16_t)(1 << bit), 1, 1) == -1;
    is_int(refused, 16, "every flag is refused");
    is_int(err.code, ZC_EXIT_STREAM, "... as a broken stream");
}

static void sequence(void)
{
    is_int(try(0, 0, 7, 7), 0, "the number that is due");
    is_int(try(0, 0, 6, 7), -1, "a number again");
    is_int(err.code, ZC_EXIT_STREAM, "... is a broken stream");
    ok(strstr(err.text, "frame 7"), "... and says where: %s", err.text);
    is_int(try(0, 0, 8, 7), -1, "a number too far");
    is_int(try(0, 0, 0, 1), -1, "a frame without a number");
    is_int(try(0, 0, 7 + ((uint64_t)1 << 32), 7), -1, "equal low halves");
    is_int(try(0, 0, UINT64_MAX, UINT64_MAX), 0, "the last number there is");
}

static void numbering(void)
{
    struct zc_buf b = ZC_BUF_INIT;
    uint64_t seq = 41;
    zc_frame_number(b.data, 0, &seq);
    is_int(seq, 41, "no frames: nothing is counted");

    size_t bodies[] = {0, 1, 4095, 4096, 4097, 0};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bodies); i++) {
        size_t at = zc_frame_begin(&b, ZC_FRAME_LIST);
        memset(zc_buf_reserve(&b, bodies[i]), 0xff, bodies[i]);
        b.len += bodies[i];
        zc_frame_end(&b, at);
    }
    ok(!b.failed, "frames were written");
    zc_frame_number(b.data, b.len, &seq);
    is_int(seq, 41 + (int)ZC_ARRAY_LEN(bodies), "all were counted");

    size_t at = 0;
    for (size_t i = 0; i < ZC_ARRAY_LEN(bodies); i++) {
        struct zc_frame f;
        if (decode_at(b.data + at, 42 + i, &f) || f.length != bodies[i] ||
            f.type != ZC_FRAME_LIST)
            ok(0, "frame %zu of the buffer: %s", i, err.text);
        at += ZC_FRAME_HEADER_SIZE + bodies[i];
    }
    is_int(at, b.len, "every frame is found again");
    zc_buf_fini(&b);
}

static void mutations(void)
{
    struct zc_frame f = {16, ZC_FRAME_SENT, 0, 3}, got;
    uint8_t bytes[ZC_FRAME_HEADER_SIZE];
    int wrong = 0;
    for (int i = 0; i < ZC_FRAME_HEADER_SIZE; i++)
        for (int v = 0; v < 256; v++) {
            zc_frame_encode(&f, bytes);
            if (bytes[i] == v)
                continue;
            bytes[i] = (uint8_t)v;
            /* Only another type, or a shorter body than the limit, may pass. */
            if (decode_at(bytes, 3, &got) == 0)
                wrong += i >= 6 || got.length > ZC_FRAME_BODY_MAX;
            else
                wrong += err.code != ZC_EXIT_STREAM || !err.text[0];
        }
    is_int(wrong, 0, "changed bytes of flags and number are always seen");
}

int main(void)
{
    layout();
    limits();
    sequence();
    numbering();
    mutations();
    return done_testing();
}
