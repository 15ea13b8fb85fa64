// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * An attribute set as a peer sends it: checked, and what passes is digested.
 * The first byte chooses a map of ids; equal sets must have equal digests, and
 * only the empty set, and one of nothing but properties, the digest of zeros.
 */
#include "fs/acl.h"
#include "fs/meta.h"

#include <stdlib.h>
#include <string.h>

static struct zc_digest digest(const uint8_t *set, size_t n,
                               struct zc_idmap *ids)
{
    /* At another address, of just this size. */
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy)
        abort();
    if (n)
        memcpy(copy, set, n);
    struct zc_digest d = zc_xattr_digest(copy, n, ids);
    free(copy);
    return d;
}

static void found(void *arg, enum zc_id_kind kind, uint32_t id)
{
    *(uint64_t *)arg += (uint64_t)kind + id;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct zc_digest zero;
    if (!size)
        return 0;
    struct zc_idmap *ids = zc_idmap_new(data[0] & 1);
    if (!ids)
        return 0;
    const uint8_t *set = data + 1;
    size_t n = size - 1;
    if (zc_xattr_valid(set, n)) {
        if (zc_xattr_properties(set, n) != zc_xattr_properties(set, n))
            abort();
        struct zc_digest a = digest(set, n, ids), b = digest(set, n, ids);
        if (memcmp(&a, &b, sizeof a) != 0)
            abort();
        bool none = memcmp(&a, &zero, sizeof a) == 0;
        if (none != (n == 0) && !(none && zc_xattr_properties(set, n)))
            abort();
        uint64_t sum = 0;
        zc_xattr_ids(set, n, found, &sum);
    }
    /* The bytes as one ACL: what comes out means the same as what went in. */
    struct zc_buf once = ZC_BUF_INIT, twice = ZC_BUF_INIT;
    zc_acl_put_local(&once, set, n, NULL);
    zc_acl_put_local(&twice, once.data, once.len, NULL);
    if (zc_acl_ok(once.data, once.len) != zc_acl_ok(set, n) ||
        once.len > n || once.len != twice.len ||
        (once.len && memcmp(once.data, twice.data, once.len) != 0) ||
        zc_acl_group_perms(set, n) > 7)
        abort();
    zc_buf_fini(&once);
    zc_buf_fini(&twice);
    zc_idmap_free(ids);
    return 0;
}
