// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the seeds of fuzz_hello, fuzz_handshake, fuzz_compress, fuzz_frame and
 * fuzz_msg: one file for every sample of wire.h, and whole sessions for the
 * frames; and the answers among the seeds of fuzz_control. Run it again after a change of the
 * protocol:
 *
 *     cd tests/fuzz/corpus && make_seeds
 */
#include "../wire.h"
#include "net/compress.h"
#include "net/direct.h"
#include "daemon/control_msg.h"
#include "proto/hello.h"

#include <stdio.h>
#include <zstd.h>

static void save(const char *folder, const char *name, const void *bytes,
                 size_t n)
{
    char path[256];

    snprintf(path, sizeof path, "%s/%s", folder, name);
    mkdir(folder, 0777);
    FILE *out = fopen(path, "wb");
    if (!out || fwrite(bytes, 1, n, out) != n || fclose(out)) {
        perror(path);
        exit(1);
    }
}

static void save_direct(void)
{
    struct zc_direct d = {.port = 40000, .key = {1, 2, 3}};
    uint8_t bytes[ZC_DIRECT_SIZE];
    zc_direct_encode(&d, bytes);
    save("direct", "answer", bytes, sizeof bytes);
    d.port = 0;
    zc_direct_encode(&d, bytes);
    save("direct", "offer", bytes, sizeof bytes);
    bytes[0] = 'Z';
    save("direct", "other", bytes, sizeof bytes);
}

static void save_hello(const char *name, struct zc_hello h)
{
    uint8_t bytes[ZC_HELLO_SIZE];

    zc_hello_encode(&h, bytes);
    save("hello", name, bytes, sizeof bytes);
}

/* MODE: see fuzz_handshake.c. N bytes of messages follow HELLO. */
static void save_handshake(const char *name, uint8_t mode, struct zc_hello h,
                           size_t n)
{
    uint8_t bytes[1 + ZC_HELLO_SIZE + 2 + 96 + 2 + 64];
    for (size_t i = 0; i < sizeof bytes; i++)
        bytes[i] = (uint8_t)(i * 7 + 1);
    bytes[0] = mode;
    zc_hello_encode(&h, bytes + 1);
    uint8_t *m = bytes + 1 + ZC_HELLO_SIZE;
    size_t first = mode & 1 ? 96 : 32;
    m[0] = m[2 + first] = 0;
    m[1] = (uint8_t)first;
    m[2 + first + 1] = 64;
    save("handshake", name, bytes, 1 + ZC_HELLO_SIZE + n);
}

static void save_handshakes(void)
{
    struct zc_hello up = {1, 1, ZC_ROLE_SENDER, 0, 0, 0}, down = up;
    down.role = ZC_ROLE_RECEIVER;
    save_handshake("plain-up", 4, up, 5);
    save_handshake("plain-down", 5, down, 5);
    save_handshake("refused", 2, up, 0);
    up.security = down.security = ZC_HELLO_CHACHAPOLY | ZC_HELLO_NOT_PLAIN;
    save_handshake("no-identity", 4, up, 0);
    save_handshake("sealed-up", 2, up, 2 + 32 + 2 + 64);
    save_handshake("sealed-down", 3, down, 2 + 96);
    save_handshake("cut", 2, up, 2 + 32 + 2 + 63);
    up.security = ZC_HELLO_AESGCM;
    save_handshake("no-suite", 2 | 1 << 4, up, 0);
    save_handshake("aes", 2 | 2 << 4, up, 2 + 32 + 2 + 64);
    up.version = up.version_min = 2;
    save_handshake("version", 6, up, 0);
}

struct streams {
    struct zc_buf sender, receiver;
};

/* A stream is what one side says: types below 20, or the others. */
static void each(void *arg, const char *name, unsigned type,
                 struct zc_bytes body)
{
    struct streams *s = arg;
    struct zc_buf msg = ZC_BUF_INIT;
    struct zc_buf *b = type < ZC_FRAME_OPENED ? &s->sender : &s->receiver;
    struct zc_frame f = {(uint32_t)body.n, (uint16_t)type, 0, 0};

    zc_buf_u8(&msg, (uint8_t)type);
    zc_buf_put(&msg, body.p, body.n);
    save("msg", name, msg.data, msg.len);

    zc_frame_encode(&f, zc_buf_reserve(b, ZC_FRAME_HEADER_SIZE));
    b->len += ZC_FRAME_HEADER_SIZE;
    zc_buf_put(b, body.p, body.n);
    zc_buf_fini(&msg);
}

static void save_stream(const char *name, struct zc_buf *b)
{
    uint64_t seq = 0;

    zc_frame_number(b->data, b->len, &seq);
    save("frame", name, b->data, b->len);
    zc_buf_fini(b);
}

/* Two ranges, the bytes of the first inside the stream. */
static void save_data(void)
{
    struct zc_buf b = ZC_BUF_INIT;
    uint64_t seq = 0;

    zc_data_encode(&b, &(struct zc_msg_data){{1, 0}, 0, 5});
    zc_frame_number(b.data, b.len, &seq);
    zc_buf_put(&b, "hello", 5);
    size_t at = b.len;
    zc_data_encode(&b, &(struct zc_msg_data){{1, 0}, 4096, 7});
    zc_frame_number(b.data + at, b.len - at, &seq);
    save("frame", "data", b.data, b.len);
    zc_buf_fini(&b);
}

static void save_answer(const char *name, struct zc_buf *b)
{
    save("control", name, b->data, b->len);
    zc_buf_fini(b);
    zc_buf_u8(b, 1);
}

static void save_control(void)
{
    struct zc_snap_peer peer = {.name = "web2::www", .path = "a/b",
                                .text = "Permission denied", .state = 5};
    struct zc_snap_mirror mirror = {.name = "www", .source = "/srv/www"};
    struct zc_snap_session session = {.peer = "192.0.2.7:5000", .share = "s",
                                      .security = "AES-256-GCM", .key = "k"};
    struct zc_snapshot s = {.version = "1", .listen = "127.0.0.1:8730"};
    struct zc_buf body = ZC_BUF_INIT, b = ZC_BUF_INIT;

    if (zc_vec_push(&mirror.peers, peer) || zc_vec_push(&mirror.peers, peer) ||
        zc_vec_push(&s.mirrors, mirror) || zc_vec_push(&s.sessions, session))
        exit(1);
    zc_snapshot_encode(&s, &body);
    zc_buf_u8(&b, 1);
    zc_control_put(&b, ZC_CONTROL_ANSWER_STATUS, body.data, body.len);
    save_answer("status-answer", &b);
    zc_control_put_waiting(&b, "www", "3 changes");
    save_answer("waiting", &b);
    zc_control_put_error(&b, ZC_EXIT_USAGE, "there is no mirror 'x'");
    save_answer("error", &b);
    zc_buf_fini(&b);
    zc_buf_fini(&body);
    zc_snapshot_fini(&s);
}

/* A block of the stream Z, which holds TEXT. */
static void put_squeezed(struct zc_buf *b, ZSTD_CCtx *z, const char *text,
                         ZSTD_EndDirective end)
{
    uint8_t bytes[1024];
    ZSTD_inBuffer in = {text, strlen(text), 0};
    ZSTD_outBuffer out = {bytes, sizeof bytes, 0};
    ZSTD_compressStream2(z, &out, &in, end);
    zc_buf_u32(b, ZC_COMPRESS_SQUEEZED | (uint32_t)out.pos);
    zc_buf_put(b, bytes, out.pos);
}

/* The first byte: see fuzz_compress.c. */
static void save_compress(const char *name, uint8_t mode, int window,
                          ZSTD_EndDirective end)
{
    static const char text[] = "one two one two one two one two three four "
                               "three four three four one two one two\n";
    struct zc_buf b = ZC_BUF_INIT;
    ZSTD_CCtx *z = ZSTD_createCCtx();
    if (!z)
        exit(1);
    ZSTD_CCtx_setParameter(z, ZSTD_c_windowLog, window);
    zc_buf_u8(&b, mode);
    put_squeezed(&b, z, text, ZSTD_e_flush);
    zc_buf_u32(&b, 10);
    zc_buf_put(&b, text, 10);
    put_squeezed(&b, z, text, end);
    save("compress", name, b.data, b.len);
    ZSTD_freeCCtx(z);
    zc_buf_fini(&b);
}

int main(void)
{
    struct streams s = {ZC_BUF_INIT, ZC_BUF_INIT};

    save_direct();
    save_hello("sender", (struct zc_hello){1, 1, ZC_ROLE_SENDER, 0, 0, 0});
    save_hello("receiver", (struct zc_hello){1, 1, ZC_ROLE_RECEIVER, 7, 0, 0});
    save_hello("newer", (struct zc_hello){9, 2, ZC_ROLE_SENDER, 0, 0, 0});
    save_handshakes();
    save_compress("whole", 0, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_flush);
    save_compress("bits", 7, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_flush);
    save_compress("bare", 2, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_flush);
    save_compress("ended", 0, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_end);
    save_compress("window", 0, ZC_COMPRESS_WINDOW_LOG + 3, ZSTD_e_flush);
    save_hello("sealed", (struct zc_hello){1, 1, ZC_ROLE_SENDER,
                                           ZC_FEATURE_KTLS, 7, 0});
    save("hello", "http", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35);
    wire_samples(each, &s);
    save_stream("sender", &s.sender);
    save_stream("receiver", &s.receiver);
    save_data();
    save_control();
    return 0;
}
