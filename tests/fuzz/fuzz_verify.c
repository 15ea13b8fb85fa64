// SPDX-License-Identifier: GPL-2.0-or-later
/* The file in which a mirror's verifications are kept. */
#include "mirror/verify_state.h"

#include "base/relpath.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_verify_peer peers[] = {{.name = "/backup"}, {.name = "h::s"}};
    uint8_t *copy = malloc(size + !size);
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size); /* sanitizers see its end */
    (void)zc_verify_state_decode((struct zc_bytes){copy, size}, peers, 2);
    for (size_t i = 0; i < 2; i++) {
        const char *cursor = peers[i].cursor;
        if (peers[i].due < 0 || peers[i].now.at < 0 ||
            (cursor && *cursor && !zc_relpath_ok(cursor, strlen(cursor))))
            abort();
        free(peers[i].cursor);
    }
    free(copy);
    return 0;
}
