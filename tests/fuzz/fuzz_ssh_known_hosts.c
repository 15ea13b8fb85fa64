// SPDX-License-Identifier: GPL-2.0-or-later
/* known_hosts: whatever the lines are, and whatever host and key are looked for
 * (the first line is the name, the second the kind of key). */
#include "ssh/known_hosts.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char name[256];
    uint8_t key[64] = {0, 0, 0, 11, 's', 's', 'h', '-', 'e', 'd', '2', '5',
                       '5', '1', '9'};
    const uint8_t *nl = memchr(data, '\n', size);
    size_t n = nl ? (size_t)(nl - data) : 0;
    if (!nl || n >= sizeof name)
        return 0;
    memcpy(name, data, n);
    name[n] = '\0';
    struct zc_known_hosts_look l = {.name = name, .key = key,
                                    .key_len = sizeof key};
    zc_known_hosts_scan(&l, "F", (const char *)nl + 1, size - n - 1);
    must(l.type_count <= ZC_KNOWN_HOST_TYPES);
    must(!l.changed.file || l.changed.line);
    must(!(l.same.file || l.changed.file || l.other.file) || l.type_count);
    for (unsigned i = 0; i < l.type_count; i++)
        must(*l.types[i] && strlen(l.types[i]) < ZC_SSH_KEY_TYPE_MAX);
    return 0;
}
