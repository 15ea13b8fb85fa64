// SPDX-License-Identifier: GPL-2.0-or-later
/* The marker of a session that syncs behind the names. */
#include "fs/unsynced.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_unsynced_mark m;
    char text[ZC_UNSYNCED_TEXT + 1], *copy = malloc(size + !size);
    if (!copy)
        return 0;
    if (size)
        memcpy(copy, data, size); /* sanitizers see its end */
    if (!zc_unsynced_parse(copy, size, &m)) {
        zc_unsynced_format(&m, text);
        if (m.since.s < 0 || m.since.ns > 999999999 ||
            size != ZC_UNSYNCED_TEXT || memcmp(text, copy, size))
            abort();
    }
    free(copy);
    return 0;
}
