// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Writes the seeds that are made of our own structures: those of fuzz_hello,
 * fuzz_handshake, fuzz_handshake_answer, fuzz_compress, fuzz_frame and fuzz_msg, with
 * one file for every sample of wire.h and whole sessions for the frames; those of
 * fuzz_terms, fuzz_told, fuzz_look and fuzz_notes; the answers among those of
 * fuzz_control, and a snapshot for fuzz_output. Run it again after a change of the
 * protocol or of these:
 *
 *     cd tests/fuzz/corpus && make_seeds
 */
#include "../wire.h"
#include "net/compress.h"
#include "net/direct.h"
#include "net/lanes.h"
#include "daemon/control_msg.h"
#include "daemon/handshake_answer.h"
#include "daemon/pull_words.h"
#include "daemon/receivers.h"
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

static void save_answer_of_handshake(const char *name, uint8_t mode,
                                     const struct zc_secured *s,
                                     const char *why)
{
    uint8_t bytes[1 + sizeof(struct zc_handshake_answer)] = {mode};
    struct zc_handshake_answer a;
    struct zc_err err = {0};
    snprintf(err.text, sizeof err.text, "%s", why ? why : "");
    zc_handshake_answer_set(&a, s, why ? &err : NULL);
    memcpy(bytes + 1, &a, sizeof a);
    size_t n = why ? offsetof(struct zc_handshake_answer, why) + strlen(why)
                   : offsetof(struct zc_handshake_answer, why);
    save("handshake_answer", name, bytes, 1 + n);
}

static void save_answers_of_handshakes(void)
{
    struct zc_secured s = {.role = ZC_ROLE_SENDER, .features = ZC_FEATURE_DELTA,
                           .compress = ZC_COMPRESS_AUTO};
    save_answer_of_handshake("plain", 1, &s, NULL);
    save_answer_of_handshake("not-plain", 0, &s, NULL);
    save_answer_of_handshake("refused", 0, &s, "the peer's key is not known");
    s.sealed = s.ktls = true;
    s.features = ZC_FEATURES_MESSAGES;
    s.suite = ZC_SUITE_AESGCM;
    s.compress = -7;
    for (size_t i = 0; i < sizeof s.peer_key; i++)
        s.peer_key[i] = s.tx[i] = s.rx[i] = (uint8_t)(i + 1);
    save_answer_of_handshake("sealed", 0, &s, NULL);
    s.compress = 100;
    save_answer_of_handshake("no-level", 0, &s, NULL);
}

struct streams {
    struct zc_buf sender, receiver, told;
};

/* A frame as fuzz_look.c has it. */
static void put_answer(struct zc_buf *b, unsigned type, struct zc_bytes body)
{
    zc_buf_u8(b, (uint8_t)type);
    zc_buf_u8(b, (uint8_t)body.n);
    zc_buf_u8(b, (uint8_t)(body.n >> 8));
    zc_buf_put(b, body.p, body.n);
}

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

    if (type == ZC_FRAME_OPEN || type == ZC_FRAME_LOOK) {
        msg.data[0] = type == ZC_FRAME_LOOK;
        save("terms", name, msg.data, msg.len);
    }

    if (type == ZC_FRAME_SHARE || type == ZC_FRAME_ERROR || zc_told_is(type)) {
        struct zc_buf one = ZC_BUF_INIT;
        put_answer(&one, type, body);
        save("look", name, one.data, one.len);
        zc_buf_fini(&one);
        if (type != ZC_FRAME_ERROR)
            put_answer(&s->told, type, body);
    }

    zc_frame_encode(&f, zc_buf_reserve(b, ZC_FRAME_HEADER_SIZE));
    b->len += ZC_FRAME_HEADER_SIZE;
    zc_buf_put(b, body.p, body.n);
    zc_buf_fini(&msg);
}

/* What the process of a pull tells: see fuzz_told.c. */
static void save_told(void)
{
    const struct zc_item item = {.flags = 3, .mode = 0100644, .path = "a/b",
                                 .size = 5, .link_target = "c"};
    struct zc_pull_ending e = {.sent = 1, .code = ZC_EXIT_PARTIAL};
    uint64_t counts[ZC_STATS_COUNT] = {1, 2, 3};
    struct zc_buf b = ZC_BUF_INIT, all = ZC_BUF_INIT;
    for (int i = 0; i < 4; i++) {
        zc_buf_reset(&b);
        if (i == 0)
            zc_told_item(&b, &item);
        else if (i == 1)
            zc_told_trouble(&b, ZC_TROUBLE_DEST, "create", "a/c", EPERM);
        else if (i == 2)
            zc_stats_encode(&b, counts);
        else
            zc_verdict_encode(&b, &(struct zc_msg_verdict){
                                      23, {(const uint8_t *)"some", 4}});
        zc_buf_u32(&all, b.data[4]);
        zc_buf_u32(&all, (uint32_t)b.len - ZC_FRAME_HEADER_SIZE);
        zc_buf_put(&all, b.data + ZC_FRAME_HEADER_SIZE,
                   b.len - ZC_FRAME_HEADER_SIZE);
    }
    zc_buf_u32(&all, 0);
    zc_buf_u32(&all, sizeof e);
    zc_buf_put(&all, &e, sizeof e);
    save("told", "all", all.data, all.len);
    save("told", "cut", all.data, all.len - 1);
    all.data[0] = 99;
    save("told", "unknown", all.data, all.len);
    zc_buf_fini(&b);
    zc_buf_fini(&all);
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

/* What a person who looks at the status might be shown of others. */
static void save_output(void)
{
    static const char odd[] = "a\"b\\\033[31m\n\xff\xc3\xa4";
    struct zc_snap_peer peer = {.now_began = 1, .now_left = 1};
    struct zc_snap_mirror mirror = {.state = 1};
    struct zc_snap_session session = {.pid = 1};
    struct zc_snap_copy copy = {.state = ZC_COPY_RECEIVING};
    struct zc_snap_hook hook = {.running = 1, .runs = 2, .failures = 1};
    struct zc_snapshot s = {.pid = 1, .started = 1};
    struct zc_buf b = ZC_BUF_INIT;
    memcpy(peer.name, odd, sizeof odd);
    memcpy(peer.path, odd, sizeof odd);
    memcpy(mirror.note, odd, sizeof odd);
    memcpy(session.share, odd, sizeof odd);
    memcpy(session.room, odd, sizeof odd);
    memcpy(copy.id, odd, sizeof odd);
    memcpy(hook.fate, odd, sizeof odd);
    memcpy(s.listen, odd, sizeof odd);
    if (zc_vec_push(&mirror.peers, peer) || zc_vec_push(&s.mirrors, mirror) ||
        zc_vec_push(&s.sessions, session) || zc_vec_push(&s.copies, copy) ||
        zc_vec_push(&s.hooks, hook))
        exit(1);
    zc_snapshot_encode(&s, &b);
    b.data[3] = 's'; /* in place of the end of the version */
    save("output", "snapshot", b.data + 3, b.len - 3);
    zc_buf_fini(&b);
    zc_snapshot_fini(&s);
}

static void put_change(struct zc_buf *b, size_t at, const void *bytes, size_t n)
{
    zc_buf_u8(b, (uint8_t)at);
    zc_buf_u8(b, (uint8_t)(at >> 8));
    zc_buf_u8(b, (uint8_t)n);
    zc_buf_put(b, bytes, n);
}

/* What is in shared memory: see fuzz_notes.c. */
static void save_notes(void)
{
    static const int64_t least = INT64_MIN, most = INT64_MAX;
    static const uint8_t odd = 1, two = 2;
    static const char text[] = "\033[31m\"\\\n\377";
    struct zc_buf b = ZC_BUF_INIT;
    char full[ZC_STATUS_NAME];
    memset(full, 'x', sizeof full);
    zc_buf_u8(&b, 0);
#define CHANGE(type, field, value) \
    put_change(&b, offsetof(struct type, field), &(value), sizeof(value))
    CHANGE(zc_mirror_status, peers[0].oldest, least);
    CHANGE(zc_mirror_status, peers[0].retry_at, most);
    CHANGE(zc_mirror_status, peers[1].text, text);
    CHANGE(zc_mirror_status, peers[1].now.began, most);
    CHANGE(zc_mirror_status, peers[1].now.left, most);
    put_change(&b, offsetof(struct zc_mirror_status, name), full, 255);
    put_change(&b, offsetof(struct zc_mirror_status, name) + 250, full, 100);
    CHANGE(zc_mirror_status, n_peers, most);
    CHANGE(zc_mirror_status, watch_kind, most);
    save("notes", "watcher", b.data, b.len);
    zc_buf_reset(&b);
    zc_buf_u8(&b, 1);
    CHANGE(zc_receiver_note, intake.began, most);
    CHANGE(zc_receiver_note, intake.took, least);
    CHANGE(zc_receiver_note, has_origin, two);
    CHANGE(zc_receiver_note, failed, odd);
    CHANGE(zc_receiver_note, why, text);
    put_change(&b, offsetof(struct zc_receiver_note, share), full, 255);
    save("notes", "receiver", b.data, b.len);
#undef CHANGE
    zc_buf_fini(&b);
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

static void save_lanes(void)
{
    static const char records[] = "\7"
                                  "\5\0\0\0bytes\1\0\xff\xff\2\0\xff\xff";
    static const char absent[] = "\1\3\0\0\0abc\2\0\xff\xff";
    static const char longest[] = "\1\0\0\20\0abc";
    struct zc_lanes_join j = {.lane = 1, .name = {1, 2, 3}};
    uint8_t bytes[ZC_LANES_JOIN_SIZE];
    zc_lanes_encode(&j, bytes);
    save("lanes", "join", bytes, sizeof bytes);
    bytes[8] = ZC_LANES_MAX;
    save("lanes", "join-as-none", bytes, sizeof bytes);
    save("lanes", "records", records, sizeof records - 1);
    save("lanes", "absent", absent, sizeof absent - 1);
    save("lanes", "longest", longest, sizeof longest - 1);
}

int main(void)
{
    struct streams s = {ZC_BUF_INIT, ZC_BUF_INIT, ZC_BUF_INIT};

    save_direct();
    save_lanes();
    save_hello("sender", (struct zc_hello){1, 1, ZC_ROLE_SENDER, 0, 0, 0});
    save_hello("receiver", (struct zc_hello){1, 1, ZC_ROLE_RECEIVER, 7, 0, 0});
    save_hello("newer", (struct zc_hello){9, 2, ZC_ROLE_SENDER, 0, 0, 0});
    save_handshakes();
    save_answers_of_handshakes();
    save_compress("whole", 0, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_flush);
    save_compress("bits", 7, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_flush);
    save_compress("bare", 2, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_flush);
    save_compress("ended", 0, ZC_COMPRESS_WINDOW_LOG, ZSTD_e_end);
    save_compress("window", 0, ZC_COMPRESS_WINDOW_LOG + 3, ZSTD_e_flush);
    save_hello("sealed", (struct zc_hello){1, 1, ZC_ROLE_SENDER,
                                           ZC_FEATURE_KTLS, 7, 0});
    save("hello", "http", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", 35);
    wire_samples(each, &s);
    save("look", "all", s.told.data, s.told.len);
    zc_buf_fini(&s.told);
    save_stream("sender", &s.sender);
    save_stream("receiver", &s.receiver);
    save_data();
    save_control();
    save_told();
    save_output();
    save_notes();
    return 0;
}
