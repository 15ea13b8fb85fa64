// SPDX-License-Identifier: GPL-2.0-or-later
/* /proc/self/mountinfo: what is below the directory that the first line names,
 * and whether what is said of it keeps its promises. */
#include "fs/mounts.h"

#include "base/relpath.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check(const zc_mount_paths *paths)
{
    for (size_t i = 0; i < paths->len; i++) {
        if (!*paths->v[i])
            abort();
        if (i && zc_relpath_cmp(paths->v[i - 1], paths->v[i]) >= 0)
            abort();
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    if (!text)
        return 0;
    size_t n = strcspn(text, "\n");
    const char *rest = text[n] ? text + n + 1 : text + n;
    text[n] = '\0';
    for (uint64_t mnt = 0; mnt < 3; mnt++) {
        zc_mounts mounts = {0};
        zc_mount_paths paths = {0};
        if (zc_mounts_parse(rest, strlen(rest), &mounts) ||
            zc_mounts_below(&mounts, text, mnt, &paths))
            abort();
        check(&paths);
        zc_mounts_fini(&mounts);
        zc_mount_paths_fini(&paths);
    }
    free(text);
    return 0;
}
