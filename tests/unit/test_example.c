// SPDX-License-Identifier: GPL-2.0-or-later
/* Examples in zcsync-protocol(7), those of END and that of a sealed connection:
 * what the code makes of the same values and keys is what stands there. */
#include "tap.h"

#include "base/buf.h"
#include "net/handshake.h"
#include "net/ktls.h"
#include "net/noise.h"
#include "proto/frame.h"
#include "proto/hello.h"
#include "proto/msg.h"
#include "proto/proto.h"

#include <fcntl.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

static char *page;

static void read_page(void)
{
    char path[4096];
    const char *top = getenv("TOP_SRCDIR");
    snprintf(path, sizeof path, "%s/man/zcsync-protocol.7", top ? top : ".");
    FILE *f = fopen(path, "re");
    if (!f)
        skip_all("%s: %s", path, strerror(errno));
    page = calloc(1, 1 << 20);
    if (!page || fread(page, 1, (1 << 20) - 1, f) == 0)
        exit(1);
    fclose(f);
}

/* The page has N bytes under TITLE, as it shows bytes. */
static void shows(const char *title, const uint8_t *bytes, size_t n)
{
    struct zc_buf want = ZC_BUF_INIT;
    zc_buf_printf(&want, "\n%s\n", title);
    for (size_t i = 0; i < n; i++)
        zc_buf_printf(&want, "%s%02x%s",
                      i % 16 == 0 ? "    " : i % 16 == 8 ? "  " : " ", bytes[i],
                      i % 16 == 15 || i + 1 == n ? "\n" : "");
    zc_buf_u8(&want, 0);
    ok(strstr(page, (char *)want.data), "%s", title);
    zc_buf_fini(&want);
}

/* 32 bytes that count from FIRST. */
static void counting(uint8_t first, uint8_t out[ZC_KEY_SIZE])
{
    for (int i = 0; i < ZC_KEY_SIZE; i++)
        out[i] = (uint8_t)(first + i);
}

static struct zc_identity *identity(uint8_t first)
{
    struct zc_err err;
    struct zc_identity *id = zc_identity_new(&err);
    uint8_t secret[ZC_KEY_SIZE];
    if (!id)
        exit(1);
    counting(first, secret);
    sodium_mprotect_readwrite(id->secret);
    memcpy(id->secret, secret, sizeof secret);
    crypto_scalarmult_base(id->public_key, secret);
    return id;
}

/* Has FROM write the message that is due, and TO read it. */
static void message(const char *title, struct zc_noise *from,
                    struct zc_noise *to)
{
    uint8_t m[2 + 128], none[1];
    ssize_t n = zc_noise_write(from, "", 0, m + 2, sizeof m - 2);
    m[0] = (uint8_t)(n >> 8);
    m[1] = (uint8_t)n;
    shows(title, m, 2 + (size_t)n);
    ok(zc_noise_read(to, m + 2, (size_t)n, none, 0) == 0, "... which is good");
}

static void keys(const struct zc_noise *n)
{
    static const uint8_t ping[16] = {[4] = ZC_FRAME_PING, [8] = 1};
    uint8_t key[2][ZC_AEAD_KEY], m[2 + sizeof ping + ZC_AEAD_TAG];
    struct zc_ktls_secret s;
    zc_noise_split(n, key[0], key[1]);
    shows("the keys of Split(), the sender's first", key[0], sizeof key);
    struct zc_aead *a = zc_aead_new(ZC_SUITE_AESGCM, key[0]);
    m[0] = 0;
    m[1] = sizeof m - 2;
    zc_aead_seal(a, 0, NULL, 0, ping, sizeof ping, m + 2);
    zc_aead_free(a);
    shows("S: a first record with a PING and nothing else", m, sizeof m);
    zc_ktls_derive(key[0], &s);
    shows("key and write_iv for kernel TLS, the sender's", (uint8_t *)&s,
          sizeof s);
    zc_ktls_derive(key[1], &s);
    shows("and the receiver's", (uint8_t *)&s, sizeof s);
}

/* About file (1,0), each with the next number. */
static void end(const char *title, enum zc_verdict verdict, uint32_t eno)
{
    static uint64_t seq = 5;
    struct zc_msg_end m = {.ref = {1, 0},
                           .verdict = (uint8_t)verdict,
                           .eno = eno};
    struct zc_buf b = ZC_BUF_INIT;
    for (size_t i = 0; i < sizeof m.hash; i++)
        m.hash[i] = (uint8_t)(0xa0 + i);
    zc_end_encode(&b, &m);
    zc_frame_number(b.data, b.len, &seq);
    shows(title, b.data, b.len);
    zc_buf_fini(&b);
}

int main(void)
{
    uint8_t prologue[2 * ZC_HELLO_SIZE], e[ZC_KEY_SIZE];
    char text[ZC_KEY_TEXT_SIZE], line[100];
    const uint8_t all = ZC_HELLO_CHACHAPOLY | ZC_HELLO_AESGCM |
                        ZC_HELLO_NOT_PLAIN;
    struct zc_hello hello = {1, 1, ZC_ROLE_SENDER, ZC_FEATURE_KTLS, all,
                             0};

    read_page();
    end("S: END (1,0): COMMIT", ZC_VERDICT_COMMIT, 0);
    end("S: END (1,0): ABANDON, error number 5", ZC_VERDICT_ABANDON, 5);
    end("S: END (1,0): VERIFY, a hash", ZC_VERDICT_VERIFY, 0);
    struct zc_identity *s = identity(0x01), *r = identity(0x21);
    zc_key_text(s->public_key, text);
    snprintf(line, sizeof line, "\nS: public key %s\n", text);
    ok(strstr(page, line), "the sender's public key");
    zc_key_text(r->public_key, text);
    snprintf(line, sizeof line, "\nR: public key %s\n", text);
    ok(strstr(page, line), "the receiver's");

    zc_hello_encode(&hello, prologue);
    shows("S: HELLO: sender, kernel TLS, both ciphers, not in plain", prologue,
          ZC_HELLO_SIZE);
    hello.role = ZC_ROLE_RECEIVER;
    zc_hello_encode(&hello, prologue + ZC_HELLO_SIZE);
    shows("R: HELLO: receiver, the same", prologue + ZC_HELLO_SIZE,
          ZC_HELLO_SIZE);

    struct zc_noise *i = zc_noise_new(ZC_SUITE_AESGCM, true, prologue,
                                      sizeof prologue, s);
    struct zc_noise *o = zc_noise_new(ZC_SUITE_AESGCM, false, prologue,
                                      sizeof prologue, r);
    counting(0x41, e);
    zc_noise_set_ephemeral(i, e);
    counting(0x61, e);
    zc_noise_set_ephemeral(o, e);
    message("S: message 1", i, o);
    message("R: message 2", o, i);
    message("S: message 3", i, o);
    keys(i);
    zc_noise_free(i);
    zc_noise_free(o);
    zc_identity_free(s);
    zc_identity_free(r);
    free(page);
    return done_testing();
}
