// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An agent with a security key that nobody has to touch, for tests:
 *
 *     sk-agent SOCKET KEY PUBLIC
 *
 * KEY is an identity file (ed25519 or ecdsa, nistp256), which signs as such a
 * token would (PROTOCOL.u2f of OpenSSH); the public key goes to PUBLIC, as
 * ssh-keygen would write it, when SOCKET is there. Ends when it is killed.
 */
#include "base/io.h"
#include "ssh/key.h"
#include "ssh/wire.h"

#include <sodium.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>

#define APPLICATION "ssh:"
#define TOUCHED 1
#define MOST 65536

static struct zc_ssh_key *key;
static struct zc_buf blob;
static char type[ZC_SSH_KEY_TYPE_MAX], token_type[ZC_SSH_KEY_TYPE_MAX + 16];
static uint32_t counter;

static _Noreturn void fail(const char *what)
{
    perror(what);
    exit(1);
}

/* The key with "sk-" before its type, and the application behind it. */
static void make_blob(void)
{
    size_t n, len;
    const uint8_t *plain = zc_ssh_key_public(key, &n);
    if (!plain || !zc_ssh_key_type(plain, n, type))
        fail("public key");
    struct zc_rd r = zc_rd_init(plain, n);
    (void)zc_ssh_string(&r, &len);
    snprintf(token_type, sizeof token_type, "sk-%s@openssh.com", type);
    zc_ssh_put_string(&blob, token_type, strlen(token_type));
    zc_buf_put(&blob, r.p, zc_rd_left(&r));
    zc_ssh_put_string(&blob, APPLICATION, strlen(APPLICATION));
}

static void write_public(const char *path)
{
    char text[MOST];
    FILE *f = fopen(path, "w");
    if (!f)
        fail(path);
    sodium_bin2base64(text, sizeof text, blob.data, blob.len,
                      sodium_base64_VARIANT_ORIGINAL);
    fprintf(f, "%s %s token\n", token_type, text);
    fclose(f);
}

/* What a token signs is a hash of the application, what it has seen, and a hash
 * of the data. */
static void sign(const uint8_t *data, size_t n, struct zc_buf *answer)
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    struct zc_buf said = ZC_BUF_INIT, sig = ZC_BUF_INIT, all = ZC_BUF_INIT;
    counter++;
    crypto_hash_sha256(hash, (const uint8_t *)APPLICATION,
                       strlen(APPLICATION));
    zc_buf_put(&said, hash, sizeof hash);
    zc_buf_u8(&said, TOUCHED);
    zc_ssh_put_u32(&said, counter);
    crypto_hash_sha256(hash, data, n);
    zc_buf_put(&said, hash, sizeof hash);
    if (zc_ssh_key_sign(key, type, said.data, said.len, &sig))
        fail("sign");
    zc_ssh_put_string(&all, token_type, strlen(token_type));
    zc_ssh_put_string(&all, sig.data, sig.len);
    zc_buf_u8(&all, TOUCHED);
    zc_ssh_put_u32(&all, counter);
    zc_buf_u8(answer, 14);
    zc_ssh_put_string(answer, all.data, all.len);
    zc_buf_fini(&said);
    zc_buf_fini(&sig);
    zc_buf_fini(&all);
}

static void answer_one(const uint8_t *q, size_t n, struct zc_buf *a)
{
    size_t len;
    struct zc_rd r = zc_rd_init(q, n);
    uint8_t what = zc_rd_u8(&r);
    if (what == 11) {
        zc_buf_u8(a, 12);
        zc_ssh_put_u32(a, 1);
        zc_ssh_put_string(a, blob.data, blob.len);
        zc_ssh_put_string(a, "token", 5);
        return;
    }
    const uint8_t *which = zc_ssh_string(&r, &len);
    if (what == 13 && which && len == blob.len &&
        !memcmp(which, blob.data, len)) {
        const uint8_t *data = zc_ssh_string(&r, &len);
        if (data) {
            sign(data, len, a);
            return;
        }
    }
    zc_buf_u8(a, 5); /* no */
}

static void serve(int fd)
{
    static uint8_t q[MOST];
    uint8_t head[4];
    while (zc_io_read(fd, head, sizeof head) == sizeof head) {
        struct zc_rd r = zc_rd_init(head, sizeof head);
        struct zc_buf a = ZC_BUF_INIT, framed = ZC_BUF_INIT;
        size_t n = zc_ssh_u32(&r);
        if (n > sizeof q || zc_io_read(fd, q, n) != (ssize_t)n)
            break;
        answer_one(q, n, &a);
        zc_ssh_put_string(&framed, a.data, a.len);
        if (write(fd, framed.data, framed.len) != (ssize_t)framed.len)
            fail("write");
        zc_buf_fini(&a);
        zc_buf_fini(&framed);
    }
    close(fd);
}

int main(int argc, char **argv)
{
    struct zc_err err = {0};
    struct sockaddr_un where = {.sun_family = AF_UNIX};
    if (argc != 4 || sodium_init() < 0 ||
        strlen(argv[1]) >= sizeof where.sun_path) {
        fprintf(stderr, "usage: sk-agent SOCKET KEY PUBLIC\n");
        return 1;
    }
    key = zc_ssh_key_load(argv[2], &err);
    if (!key || zc_ssh_key_unlock(key, NULL, &err) != ZC_SSH_UNLOCKED) {
        fprintf(stderr, "%s\n", err.text);
        return 1;
    }
    make_blob();
    memcpy(where.sun_path, argv[1], strlen(argv[1]) + 1);
    int s = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (s < 0 || bind(s, (struct sockaddr *)&where, sizeof where) ||
        listen(s, 8))
        fail(argv[1]);
    write_public(argv[3]);
    for (;;) {
        int fd = accept4(s, NULL, NULL, SOCK_CLOEXEC);
        if (fd >= 0)
            serve(fd);
    }
}
