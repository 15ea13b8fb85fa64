// SPDX-License-Identifier: GPL-2.0-or-later
/* Requests that are put right; see amend.h. */
#include "ssh/amend.h"

#include "ssh/wire.h"

#include <string.h>

/* The request but for the user's name, the key and its type: a byte,
 * "ssh-connection", "publickey", a flag, and the lengths of the five strings
 * (RFC 4252, section 7). */
#define FIXED (1 + 14 + 9 + 1 + 5 * 4)

void zc_ssh_amend_begin(struct zc_ssh_amend *a, const char *user,
                        size_t type_len, size_t key_len)
{
    /* And room for a signature that is no larger than the key. */
    a->size = FIXED + strlen(user) + type_len + key_len + 4 + (4 + type_len) +
              (4 + key_len);
}

void zc_ssh_amend_end(struct zc_ssh_amend *a)
{
    zc_buf_fini(&a->whole);
    *a = (struct zc_ssh_amend){0};
}

void zc_ssh_amend_given(struct zc_ssh_amend *a, void *p, size_t n)
{
    if (a->size && n == a->size && !a->packet)
        a->packet = p;
}

void zc_ssh_amend_freed(struct zc_ssh_amend *a, const void *p)
{
    if (!p)
        return;
    /* The same length, which is all that they have in common. */
    if (p == a->stand_in && a->packet &&
        !memcmp(a->packet + a->at, a->whole.data, 4))
        memcpy(a->packet + a->at, a->whole.data, a->whole.len);
    if (p == a->stand_in)
        a->stand_in = NULL;
    if (p == a->packet)
        a->packet = NULL;
}

uint8_t *zc_ssh_amend_sign(struct zc_ssh_amend *a, size_t type_len,
                           const uint8_t *data, size_t n,
                           struct zc_buf *whole, size_t *sig_len)
{
    size_t session_len, frame = 4 + 4 + type_len + 4;
    struct zc_rd r = zc_rd_init(data, n);
    zc_buf_fini(&a->whole);
    a->whole = *whole;
    *whole = (struct zc_buf)ZC_BUF_INIT;
    (void)zc_ssh_string(&r, &session_len);
    a->at = zc_rd_left(&r);
    if (r.bad || a->whole.failed || !a->packet || a->whole.len < frame ||
        a->at + a->whole.len > a->size || memcmp(a->packet, r.p, a->at) != 0)
        return NULL;
    *sig_len = a->whole.len - frame;
    return a->stand_in = calloc(1, *sig_len + 1);
}
