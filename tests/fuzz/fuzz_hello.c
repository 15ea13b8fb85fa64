// SPDX-License-Identifier: GPL-2.0-or-later
/* The first 32 bytes of a peer, taken for either role. */
#include "proto/hello.h"
#include "proto/proto.h"

#include <string.h>

static void decode(const uint8_t *data, enum zc_role role)
{
    struct zc_hello h, again;
    struct zc_err err = {0};
    uint8_t bytes[ZC_HELLO_SIZE];

    if (zc_hello_decode(data, role, &h, &err)) {
        if (err.code != ZC_EXIT_PROTOCOL || !err.text[0])
            abort();
        return;
    }
    zc_hello_encode(&h, bytes);
    if (zc_hello_decode(bytes, role, &again, &err) ||
        again.version != h.version || again.version_min != h.version_min ||
        again.role != h.role || again.features != h.features ||
        again.security != h.security)
        abort();
    enum zc_hello_choice c = zc_hello_choose(&h, &again);
    if (c == ZC_HELLO_PLAIN && h.security & ZC_HELLO_NOT_PLAIN)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < ZC_HELLO_SIZE)
        return 0;
    decode(data, ZC_ROLE_SENDER);
    decode(data, ZC_ROLE_RECEIVER);
    return 0;
}
