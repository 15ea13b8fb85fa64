// SPDX-License-Identifier: GPL-2.0-or-later
/* --chmod: whatever the option says, only permission bits change. */
#include "tree/chmod.h"

#include <string.h>
#include <sys/stat.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const uint32_t types[] = {S_IFREG, S_IFDIR, S_IFLNK,  S_IFIFO,
                                     S_IFCHR, S_IFBLK, S_IFSOCK, 0};
    char *spec = strndup((const char *)data, size);
    struct zc_chmod *list = NULL;
    struct zc_err err;
    if (spec && zc_chmod_add(&list, spec, &err) == 0) {
        for (size_t i = 0; i < ZC_ARRAY_LEN(types); i++) {
            for (uint32_t mode = 0; mode <= 07777; mode += 0111) {
                uint32_t got = zc_chmod_apply(list, types[i] | mode);
                if ((got & ~07777u) != types[i])
                    abort();
            }
        }
    } else if (list) {
        abort();
    }
    zc_chmod_free(list);
    free(spec);
    return 0;
}
