// SPDX-License-Identifier: GPL-2.0-or-later
/* The words by which a direct connection is agreed upon. */
#include "net/direct.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_direct d, again;
    struct zc_err err = {0};
    uint8_t bytes[ZC_DIRECT_SIZE];

    if (size < ZC_DIRECT_SIZE) {
        (void)zc_direct_begins(data, size);
        return 0;
    }
    if (zc_direct_decode(data, &d, &err)) {
        if (err.code != ZC_EXIT_PROTOCOL || !err.text[0])
            abort();
        return 0;
    }
    zc_direct_encode(&d, bytes);
    if (zc_direct_decode(bytes, &again, &err) || again.port != d.port ||
        memcmp(again.key, d.key, sizeof d.key) != 0)
        abort();
    return 0;
}
