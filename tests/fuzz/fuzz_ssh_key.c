// SPDX-License-Identifier: GPL-2.0-or-later
/* Identity files, public keys and certificates, and what an agent answers: the
 * first byte says which. A key that can be read without a passphrase signs, or
 * says that it cannot. */
#include "ssh/agent.h"
#include "ssh/cert.h"
#include "ssh/key.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void use(struct zc_ssh_key *k)
{
    static const char *const all[] = {"ssh-ed25519", "rsa-sha2-512",
                                      "ecdsa-sha2-nistp256"};
    struct zc_buf out = ZC_BUF_INIT;
    size_t n;
    if (zc_ssh_key_unlock(k, NULL, NULL) == ZC_SSH_UNLOCKED)
        for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++)
            (void)zc_ssh_key_sign(k, all[i], (const uint8_t *)"x", 1, &out);
    (void)zc_ssh_key_public(k, &n);
    zc_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    if (*data == 'a') {
        struct zc_ssh_agent a = {.fd = -1};
        (void)zc_ssh_agent_take(&a, data + 1, size - 1);
        zc_ssh_agent_fini(&a);
        return 0;
    }
    if (*data == 'c') {
        struct zc_buf cert = ZC_BUF_INIT, plain = ZC_BUF_INIT;
        if (zc_ssh_key_take_public((const char *)data + 1, size - 1, &cert) ==
            0)
            (void)zc_ssh_cert_key(cert.data, cert.len, &plain);
        zc_buf_fini(&cert);
        zc_buf_fini(&plain);
        return 0;
    }
    struct zc_ssh_key *k =
        zc_ssh_key_parse("F", (const char *)data + 1, size - 1, NULL);
    if (k)
        use(k);
    zc_ssh_key_free(k);
    return 0;
}
