// SPDX-License-Identifier: GPL-2.0-or-later
/* ssh-agent(1), whose protocol is draft-miller-ssh-agent; see agent.h. */
#include "ssh/agent.h"

#include "net/unix.h"
#include "ssh/cert.h"
#include "ssh/wire.h"

#include <poll.h>
#include <string.h>
#include <sys/socket.h>

enum {
    REQUEST_IDENTITIES = 11,
    IDENTITIES_ANSWER = 12,
    SIGN_REQUEST = 13,
    SIGN_RESPONSE = 14,
};
#define RSA_SHA2_256 2u
#define RSA_SHA2_512 4u

#define ANSWER_MAX (256 * 1024u) /* as OpenSSH's agent has it */
#define KEYS_MAX 2048u
#define CONNECT_S 5
#define SLICE_MS 200 /* how often the stop flag is looked at */

static bool stopped(const struct zc_ssh_agent *a)
{
    return a->stop && atomic_load(a->stop);
}

/* Waits, reads or writes: all N bytes, or -1. */
static int move(struct zc_ssh_agent *a, uint8_t *in, const uint8_t *out,
                size_t n)
{
    while (n) {
        struct pollfd p = {.fd = a->fd, .events = in ? POLLIN : POLLOUT};
        if (stopped(a))
            return -1;
        if (poll(&p, 1, SLICE_MS) <= 0)
            continue;
        ssize_t r = in ? recv(a->fd, in, n, MSG_DONTWAIT)
                       : send(a->fd, out, n, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (r < 0 && (errno == EAGAIN || errno == EINTR))
            continue;
        if (r <= 0)
            return -1;
        n -= (size_t)r;
        in += in ? r : 0;
        out += out ? r : 0;
    }
    return 0;
}

/* Sends QUESTION, which begins with room for its length, and takes the
 * ANSWER. */
static int ask(struct zc_ssh_agent *a, struct zc_buf *question,
               struct zc_buf *answer)
{
    uint8_t head[4];
    if (question->failed)
        return -1;
    zc_buf_set_u32(question, 0,
                   __builtin_bswap32((uint32_t)question->len - 4));
    if (move(a, NULL, question->data, question->len) ||
        move(a, head, NULL, sizeof head))
        return -1;
    struct zc_rd r = zc_rd_init(head, sizeof head);
    uint32_t n = zc_ssh_u32(&r);
    uint8_t *room = n && n <= ANSWER_MAX ? zc_buf_reserve(answer, n) : NULL;
    if (!room || move(a, room, NULL, n))
        return -1;
    answer->len = n;
    return 0;
}

int zc_ssh_agent_take(struct zc_ssh_agent *a, const uint8_t *bytes, size_t n)
{
    struct zc_rd r = zc_rd_init(bytes, n);
    if (zc_rd_u8(&r) != IDENTITIES_ANSWER)
        return -1;
    uint32_t count = zc_ssh_u32(&r);
    for (uint32_t i = 0; i < count && i < KEYS_MAX; i++) {
        size_t len, comment_len;
        const uint8_t *blob = zc_ssh_string(&r, &len);
        const uint8_t *comment = zc_ssh_string(&r, &comment_len);
        if (!blob || !comment)
            return -1;
        struct zc_ssh_agent_key k = {
            malloc(len + 1), len, strndup((const char *)comment, comment_len)};
        if (!k.blob || !k.comment || zc_vec_push(&a->keys, k)) {
            free(k.blob);
            free(k.comment);
            return -1;
        }
        memcpy(k.blob, blob, len);
    }
    return 0;
}

int zc_ssh_agent_open(struct zc_ssh_agent *a, const char *path,
                      const atomic_bool *stop)
{
    struct zc_buf q = ZC_BUF_INIT, answer = ZC_BUF_INIT;
    int r = -1;
    *a = (struct zc_ssh_agent){.fd = -1, .stop = stop};
    if (strlen(path) <= ZC_UNIX_PATH_MAX)
        a->fd = zc_unix_connect(path, CONNECT_S);
    zc_ssh_put_u32(&q, 0);
    zc_buf_u8(&q, REQUEST_IDENTITIES);
    if (a->fd >= 0 && ask(a, &q, &answer) == 0)
        r = zc_ssh_agent_take(a, answer.data, answer.len);
    zc_buf_fini(&q);
    zc_buf_fini(&answer);
    return r;
}

void zc_ssh_agent_fini(struct zc_ssh_agent *a)
{
    for (size_t i = 0; i < a->keys.len; i++) {
        free(a->keys.v[i].blob);
        free(a->keys.v[i].comment);
    }
    zc_vec_fini(&a->keys);
    zc_close(&a->fd);
}

/* An answer is a string of two: the algorithm, which must be the one that was
 * asked for, and the signature; and of more for a security key, all of which is
 * wanted. */
static int take_signature(const struct zc_buf *answer, const char *algorithm,
                          struct zc_buf *out)
{
    size_t n;
    struct zc_rd r = zc_rd_init(answer->data, answer->len);
    if (zc_rd_u8(&r) != SIGN_RESPONSE)
        return -1;
    const uint8_t *both = zc_ssh_string(&r, &n);
    if (!both)
        return -1;
    struct zc_rd in = zc_rd_init(both, n);
    if (!zc_ssh_string_is(&in, algorithm))
        return -1;
    bool whole = zc_ssh_on_token(algorithm);
    n = zc_rd_left(&in);
    const uint8_t *signature = whole ? in.p : zc_ssh_string(&in, &n);
    if (!signature)
        return -1;
    zc_buf_put(out, signature, n);
    return out->failed ? -1 : 0;
}

int zc_ssh_agent_sign(struct zc_ssh_agent *a, const struct zc_ssh_agent_key *k,
                      const char *algorithm, const uint8_t *data, size_t n,
                      struct zc_buf *out)
{
    struct zc_buf q = ZC_BUF_INIT, answer = ZC_BUF_INIT;
    uint32_t flags = !strcmp(algorithm, "rsa-sha2-256")   ? RSA_SHA2_256
                     : !strcmp(algorithm, "rsa-sha2-512") ? RSA_SHA2_512
                                                          : 0;
    zc_ssh_put_u32(&q, 0);
    zc_buf_u8(&q, SIGN_REQUEST);
    zc_ssh_put_string(&q, k->blob, k->len);
    zc_ssh_put_string(&q, data, n);
    zc_ssh_put_u32(&q, flags);
    int r = ask(a, &q, &answer);
    if (r == 0)
        r = take_signature(&answer, algorithm, out);
    zc_buf_fini(&q);
    zc_buf_fini(&answer);
    return r;
}
