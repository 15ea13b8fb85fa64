// SPDX-License-Identifier: GPL-2.0-or-later
/* fs/disguise.c: what stands in user.rsync.* attributes, whoever wrote it. The
 * first byte says what is read. */
#include "fs/acl.h"
#include "fs/disguise.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void try_stat(const char *text, size_t n)
{
    struct zc_disguise d, again;
    char out[ZC_DISGUISE_STAT_SIZE];
    if (!zc_disguise_parse(text, n, &d))
        return;
    size_t len = zc_disguise_format(out, &d);
    if (len >= sizeof out || !zc_disguise_parse(out, len, &again) ||
        again.mode != d.mode || again.uid != d.uid || again.gid != d.gid ||
        again.rdev != d.rdev)
        abort();
}

static void try_acl(const uint8_t *data, size_t n)
{
    struct zc_buf acl = ZC_BUF_INIT, blob = ZC_BUF_INIT;
    if (!zc_disguise_acl(&acl, data, n, 0750)) {
        if (!zc_acl_ok(acl.data, acl.len) ||
            zc_disguise_acl_blob(&blob, acl.data, acl.len))
            abort();
    }
    zc_buf_reset(&blob);
    (void)zc_disguise_acl_blob(&blob, data, n);
    zc_buf_fini(&acl);
    zc_buf_fini(&blob);
}

static void try_name(const char *data, size_t n)
{
    char out[ZC_DISGUISE_NAME_SIZE];
    char *name = strndup(data, ZC_MIN(n, (size_t)255));
    if (!name)
        return;
    if (!zc_disguise_name(out, name, strlen(name)) && *name) {
        const char *seen = zc_disguise_seen(out);
        if (strlen(out) > 255 || (seen && strcmp(seen, name) != 0))
            abort();
    }
    free(name);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!size)
        return 0;
    const uint8_t *rest = data + 1;
    if (data[0] % 3 == 0)
        try_stat((const char *)rest, size - 1);
    else if (data[0] % 3 == 1)
        try_acl(rest, size - 1);
    else
        try_name((const char *)rest, size - 1);
    return 0;
}
