/* SPDX-License-Identifier: GPL-2.0-or-later */
/* Making attribute sets and ACLs for the tests of src/fs. */
#ifndef ZC_TESTS_ATTRS_H
#define ZC_TESTS_ATTRS_H

#include "base/buf.h"

#include <string.h>

/* Starts a set of COUNT attributes in B, which attr_put is called for next. */
static inline void attr_start(struct zc_buf *b, unsigned count)
{
    zc_buf_reset(b);
    zc_buf_u16(b, (uint16_t)count);
}

static inline void attr_put(struct zc_buf *b, const char *name,
                            const void *value, size_t n)
{
    zc_buf_u8(b, (uint8_t)strlen(name));
    zc_buf_u32(b, (uint32_t)n);
    zc_buf_put_str(b, name);
    zc_buf_put(b, value, n);
}

struct ace {
    uint16_t tag, perm;
    uint32_t id;
};
enum { ACE_USER_OBJ = 1, ACE_USER = 2, ACE_GROUP_OBJ = 4, ACE_GROUP = 8,
       ACE_MASK = 16, ACE_OTHER = 32 };
#define ACE_NO_ID UINT32_MAX

/* Appends an attribute NAME that is the ACL of the N entries of V. */
static inline void attr_put_acl(struct zc_buf *b, const char *name,
                                const struct ace *v, size_t n)
{
    struct zc_buf acl = ZC_BUF_INIT;
    zc_buf_u32(&acl, 2);
    for (size_t i = 0; i < n; i++) {
        zc_buf_u16(&acl, v[i].tag);
        zc_buf_u16(&acl, v[i].perm);
        zc_buf_u32(&acl, v[i].id);
    }
    attr_put(b, name, acl.data, acl.len);
    zc_buf_fini(&acl);
}

#endif
