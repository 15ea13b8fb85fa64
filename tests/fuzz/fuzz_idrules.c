// SPDX-License-Identifier: GPL-2.0-or-later
/* --usermap: whatever a peer says, there are rules or a sentence. */
#include "fs/idmap.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const char *const names[] = {"", "root", "user", "1000"};
    char *text = strndup((const char *)data, size);
    struct zc_err err = {0};
    if (!text)
        return 0;
    struct zc_idrules *rules = zc_idrules_parse(text, ZC_ID_GROUP,
                                                zc_id_lookup, &err);
    if (!rules && !err.text[0])
        abort();
    if (rules && zc_idrules_check(text, &err))
        abort();
    for (uint32_t id = 0; id < 3000; id += 500) {
        uint32_t local;
        for (size_t i = 0; i < ZC_ARRAY_LEN(names); i++)
            zc_idrules_find(rules, names[i], id, &local);
    }
    zc_idrules_free(rules);
    free(text);
    return 0;
}
