// SPDX-License-Identifier: GPL-2.0-or-later
/* The forms of `rsync --fake-super`; see disguise.h. */
#include "fs/disguise.h"

#include "fs/acl.h"

#include <errno.h>
#include <linux/limits.h>
#include <linux/posix_acl.h>
#include <linux/posix_acl_xattr.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

#define ACL_ON_DISK ZC_DISGUISE "%aacl"
#define DEFAULT_ON_DISK ZC_DISGUISE "%dacl"

/* In a blob: what the mode says; and of an id, that it is a user's. */
#define NO_ENTRY 0x80u
#define IS_USER 0x80000000u

/* --- %stat --- */

/* Digits at *AT, before END, as sscanf(3) takes them, but neither signs, nor
 * blanks, nor more than 32 bits; and the byte BEHIND them, unless that is 0. */
static bool take(const char **at, const char *end, unsigned base, char behind,
                 uint32_t *value)
{
    const char *p = *at;
    uint64_t n = 0;
    for (; p < end && *p >= '0' && *p < (char)('0' + base); p++) {
        n = n * base + (unsigned)(*p - '0');
        if (n > UINT32_MAX)
            return false;
    }
    if (p == *at || (behind ? p == end || *p != behind : p != end))
        return false;
    *value = (uint32_t)n;
    *at = p + 1;
    return true;
}

bool zc_disguise_parse(const char *text, size_t n, struct zc_disguise *d)
{
    const char *end = text + n;
    uint32_t mode, major, minor, uid, gid;
    if (!take(&text, end, 8, ' ', &mode) ||
        !take(&text, end, 10, ',', &major) ||
        !take(&text, end, 10, ' ', &minor) ||
        !take(&text, end, 10, ':', &uid) ||
        !take(&text, end, 10, '\0', &gid) || mode > (S_IFMT | 07777u) ||
        uid == UINT32_MAX || gid == UINT32_MAX) /* nobody's, see chown(2) */
        return false;
    *d = (struct zc_disguise){mode, uid, gid, makedev(major, minor)};
    switch (mode & S_IFMT) {
    case S_IFREG:
    case S_IFDIR:
    case S_IFLNK:
    case S_IFBLK:
    case S_IFCHR:
    case S_IFIFO:
    case S_IFSOCK:
        return true;
    default:
        return false;
    }
}

size_t zc_disguise_format(char out[ZC_DISGUISE_STAT_SIZE],
                          const struct zc_disguise *d)
{
    return (size_t)snprintf(out, ZC_DISGUISE_STAT_SIZE, "%o %u,%u %u:%u",
                            d->mode, major(d->rdev), minor(d->rdev), d->uid,
                            d->gid);
}

/* --- names --- */

const char *zc_disguise_seen(const char *name)
{
    const size_t n = sizeof ZC_DISGUISE - 1;
    if (strcmp(name, ACL_ON_DISK) == 0)
        return ZC_ACL_ACCESS;
    if (strcmp(name, DEFAULT_ON_DISK) == 0)
        return ZC_ACL_DEFAULT;
    if (strncmp(name, ZC_DISGUISE, n) == 0)
        return name[n] == '%' || strncmp(name + n, "user.", 5) == 0 ? NULL
                                                                    : name + n;
    return strncmp(name, "user.", 5) == 0 || strncmp(name, "btrfs.", 6) == 0
               ? name
               : NULL;
}

static bool is(const char *name, size_t n, const char *other)
{
    return n == strlen(other) && memcmp(name, other, n) == 0;
}

static bool begins(const char *name, size_t n, const char *prefix)
{
    return n >= strlen(prefix) && memcmp(name, prefix, strlen(prefix)) == 0;
}

int zc_disguise_name(char out[ZC_DISGUISE_NAME_SIZE], const char *name,
                     size_t n)
{
    const char *prefix = begins(name, n, "user.") || begins(name, n, "btrfs.")
                             ? ""
                             : ZC_DISGUISE;
    if (is(name, n, ZC_ACL_ACCESS))
        strcpy(out, ACL_ON_DISK);
    else if (is(name, n, ZC_ACL_DEFAULT))
        strcpy(out, DEFAULT_ON_DISK);
    else
        snprintf(out, ZC_DISGUISE_NAME_SIZE, "%s%.*s", prefix, (int)n, name);
    /* One that would be taken for what it is not. */
    errno = begins(name, n, ZC_DISGUISE)      ? EOPNOTSUPP
            : strlen(out) > XATTR_NAME_MAX ? ENAMETOOLONG
                                              : 0;
    return errno ? -1 : 0;
}

/* --- ACLs --- */

static void put_entry(struct zc_buf *out, unsigned tag, uint32_t perms,
                      uint32_t id)
{
    zc_buf_u16(out, (uint16_t)tag);
    zc_buf_u16(out, (uint16_t)(perms & 7));
    zc_buf_u32(out, id);
}

/* Those of them that are users, or groups. */
static void put_named(struct zc_buf *out, const uint8_t *at, size_t n,
                      bool users)
{
    struct zc_rd r = zc_rd_init(at, n);
    while (zc_rd_left(&r) >= 8) {
        uint32_t id = zc_rd_u32(&r), access = zc_rd_u32(&r);
        if (!(access & IS_USER) == !users)
            put_entry(out, users ? ACL_USER : ACL_GROUP, access, id);
    }
}

int zc_disguise_acl(struct zc_buf *out, const uint8_t *blob, size_t n,
                    uint32_t mode)
{
    struct zc_rd r = zc_rd_init(blob, n);
    uint32_t user = zc_rd_u32(&r), group = zc_rd_u32(&r);
    uint32_t mask = zc_rd_u32(&r), other = zc_rd_u32(&r);
    if (r.bad || n % 8)
        return -1;
    bool named = n > 16;
    zc_buf_u32(out, POSIX_ACL_XATTR_VERSION);
    put_entry(out, ACL_USER_OBJ, user == NO_ENTRY ? mode >> 6 : user, ~0u);
    put_named(out, blob + 16, n - 16, true);
    put_entry(out, ACL_GROUP_OBJ, group == NO_ENTRY ? mode >> 3 : group, ~0u);
    put_named(out, blob + 16, n - 16, false);
    if (named || mask != NO_ENTRY)
        put_entry(out, ACL_MASK, mask == NO_ENTRY ? mode >> 3 : mask, ~0u);
    put_entry(out, ACL_OTHER, other == NO_ENTRY ? mode : other, ~0u);
    return 0;
}

int zc_disguise_acl_blob(struct zc_buf *out, const uint8_t *acl, size_t n)
{
    static const unsigned objects[] = {ACL_USER_OBJ, ACL_GROUP_OBJ, ACL_MASK,
                                       ACL_OTHER};
    size_t start = out->len;
    struct zc_rd r = zc_rd_init(acl, n);
    if (!zc_acl_ok(acl, n))
        return -1;
    for (size_t i = 0; i < ZC_ARRAY_LEN(objects); i++)
        zc_buf_u32(out, NO_ENTRY);
    (void)zc_rd_u32(&r); /* the version */
    while (zc_rd_left(&r) >= 8 && !out->failed) {
        unsigned tag = zc_rd_u16(&r), perms = zc_rd_u16(&r) & 7u;
        uint32_t id = zc_rd_u32(&r);
        if (tag == ACL_USER || tag == ACL_GROUP) {
            zc_buf_u32(out, id);
            zc_buf_u32(out, perms | (tag == ACL_USER ? IS_USER : 0));
        }
        for (size_t i = 0; i < ZC_ARRAY_LEN(objects); i++)
            if (tag == objects[i] && !out->failed)
                zc_buf_set_u32(out, start + 4 * i, perms);
    }
    return out->failed ? -1 : 0;
}
