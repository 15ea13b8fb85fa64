// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Certificates of users; see cert.h. One is
 *
 *     type, nonce, the fields of the key, serial, kind, ..., the signature
 *
 * and the key by itself is its own type and the same fields.
 */
#include "ssh/cert.h"

#include "ssh/wire.h"

#include <stdio.h>
#include <string.h>

static const char tail[] = "-cert-v01@openssh.com";
static const char token_tail[] = "@openssh.com"; /* of types beginning "sk-" */

/* How many fields, all of them strings, a public key has. */
static const struct {
    const char *type;
    unsigned fields;
} kinds[] = {
    {"ssh-ed25519", 1},
    {"ecdsa-sha2-nistp256", 2},
    {"ecdsa-sha2-nistp384", 2},
    {"ecdsa-sha2-nistp521", 2},
    {"ssh-rsa", 2},
    {"sk-ssh-ed25519@openssh.com", 2},
    {"sk-ecdsa-sha2-nistp256@openssh.com", 3},
};

bool zc_ssh_on_token(const char *plain_type)
{
    return !strncmp(plain_type, "sk-", 3);
}

bool zc_ssh_cert_type(const char *type, char plain[ZC_SSH_KEY_TYPE_MAX])
{
    size_t n = strlen(type), cut = sizeof tail - 1;
    bool cert = n > cut && n < ZC_SSH_KEY_TYPE_MAX &&
                !strcmp(type + n - cut, tail);
    snprintf(plain, ZC_SSH_KEY_TYPE_MAX, "%.*s%s", (int)(cert ? n - cut : n),
             type, cert && zc_ssh_on_token(type) ? token_tail : "");
    return cert;
}

static unsigned fields_of(const char *plain)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(kinds); i++)
        if (!strcmp(kinds[i].type, plain))
            return kinds[i].fields;
    return 0;
}

int zc_ssh_cert_key(const uint8_t *blob, size_t n, struct zc_buf *out)
{
    char type[ZC_SSH_KEY_TYPE_MAX], plain[ZC_SSH_KEY_TYPE_MAX];
    struct zc_rd r = zc_rd_init(blob, n);
    size_t len;
    if (!zc_ssh_key_type(blob, n, type) || !zc_ssh_cert_type(type, plain))
        return -1;
    unsigned fields = fields_of(plain);
    (void)zc_ssh_string(&r, &len);
    (void)zc_ssh_string(&r, &len); /* the nonce */
    zc_ssh_put_string(out, plain, strlen(plain));
    for (unsigned i = 0; i < fields; i++) {
        const uint8_t *field = zc_ssh_string(&r, &len);
        if (field)
            zc_ssh_put_string(out, field, len);
    }
    return fields && !r.bad && !out->failed ? 0 : -1;
}
