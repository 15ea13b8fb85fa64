// SPDX-License-Identifier: GPL-2.0-or-later
/* Identity files and public keys: whatever is accepted keeps the promises of
 * keys.h, and no complaint about a file repeats any of it. */
#include "net/keys.h"

#include <sodium.h>
#include <string.h>

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void identity(const char *text, size_t size)
{
    struct zc_err err = {0};
    struct zc_identity *id = zc_identity_parse("FILE", text, size, &err);
    if (!id) {
        must(err.code == ZC_EXIT_USAGE && !strncmp(err.text, "FILE", 4));
        must(!strchr(err.text, '\n') && strlen(err.text) < 100);
        return;
    }
    uint8_t key[ZC_KEY_SIZE];
    char base64[ZC_KEY_TEXT_SIZE];
    must(crypto_scalarmult_base(key, id->secret) == 0);
    must(zc_key_equal(key, id->public_key));
    /* Some line has it, in the only way there is to write it. */
    zc_key_text(id->secret, base64);
    must(memmem(text, size, base64, strlen(base64)) != NULL);
    zc_identity_free(id);
}

static void public_key(const char *text, size_t size)
{
    uint8_t key[ZC_KEY_SIZE];
    char again[ZC_KEY_TEXT_SIZE];
    if (!zc_key_parse(text, size, key))
        return;
    zc_key_text(key, again);
    must(size == strlen(again) && memcmp(text, again, size) == 0);
    must(!sodium_is_zero(key, sizeof key));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    identity((const char *)data, size);
    public_key((const char *)data, size);
    return 0;
}
