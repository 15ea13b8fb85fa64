// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Extended attributes: reading them into a set, checking a set, its digest;
 * see xattr.h. xattr_job.c makes a file's attributes equal to one.
 *
 * Linux 6.13 has listxattrat(2) and friends, which take a directory fd and a
 * name; before, the same is reached through /proc/self/fd/DIRFD/NAME (a single
 * name, so nothing can lead elsewhere). By fd alone there is fgetxattr(2),
 * which O_PATH fds refuse, and for those /proc/self/fd/FD, which leads to the
 * file itself, even when that is a symlink.
 */
#include "fs/xattr.h"

#include "base/relpath.h"
#include "fs/acl.h"
#include "fs/disguise.h"
#include "fs/procfd.h"
#include "fs/xattr_set.h"

#include <fcntl.h>
#include <limits.h>
#include <linux/limits.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <xxhash.h>

/* The numbers are the same on all architectures but alpha, which this file
 * then takes for an old kernel. */
#if !defined SYS_getxattrat && !defined __alpha__
#define SYS_getxattrat 464
#define SYS_listxattrat 465
#endif

/* --- reaching the attributes of NAME in DIRFD, or of DIRFD --- */

struct xattr_args { /* struct xattr_args of linux/xattr.h */
    uint64_t value;
    uint32_t size, flags;
};

/* Room for a slash and a name, too. */
#define PROC_PATH_SIZE (ZC_PROCFD_PATH + 1 + ZC_NAME_MAX)

static const char *proc_path(char *path, int fd, const char *name)
{
    zc_procfd_path(path, fd);
    if (*name)
        snprintf(path + strlen(path), 1 + ZC_NAME_MAX + 1, "/%.*s", ZC_NAME_MAX,
                 name);
    return path;
}

/* Whether the kernel has the calls that take a directory fd. Asked once; two
 * threads that ask at the same time get the same answer. */
static bool have_xattrat(void)
{
#ifdef SYS_listxattrat
    static atomic_int known; /* 0: not yet asked, 1: yes, -1: no */
    int k = atomic_load_explicit(&known, memory_order_relaxed);
    if (!k) {
        k = syscall(SYS_listxattrat, -1, "x", 0, NULL, (size_t)0) < 0 &&
                    errno == EBADF
                ? 1
                : -1;
        atomic_store_explicit(&known, k, memory_order_relaxed);
    }
    return k > 0;
#else
    return false;
#endif
}

static ssize_t list_at(int dirfd, const char *name, char *list, size_t size)
{
    char path[PROC_PATH_SIZE];
    if (!*name) {
        ssize_t n = flistxattr(dirfd, list, size);
        if (n >= 0 || errno != EBADF)
            return n;
        return listxattr(proc_path(path, dirfd, ""), list, size);
    }
#ifdef SYS_listxattrat
    if (have_xattrat())
        return syscall(SYS_listxattrat, dirfd, name, AT_SYMLINK_NOFOLLOW, list,
                       size);
#endif
    return llistxattr(proc_path(path, dirfd, name), list, size);
}

ssize_t zc_attr_get(int dirfd, const char *name, const char *attr, void *value,
                    size_t size)
{
    char path[PROC_PATH_SIZE];
    if (!*name) {
        ssize_t n = fgetxattr(dirfd, attr, value, size);
        if (n >= 0 || errno != EBADF)
            return n;
        return getxattr(proc_path(path, dirfd, ""), attr, value, size);
    }
#ifdef SYS_getxattrat
    if (have_xattrat()) {
        struct xattr_args args = {(uintptr_t)value, (uint32_t)size, 0};
        return syscall(SYS_getxattrat, dirfd, name, AT_SYMLINK_NOFOLLOW, attr,
                       &args, sizeof args);
    }
#endif
    return lgetxattr(proc_path(path, dirfd, name), attr, value, size);
}

/* --- reading a set --- */

bool zc_attr_in(const char *s, size_t n, const char *prefix)
{
    size_t p = strlen(prefix);
    return n > p && memcmp(s, prefix, p) == 0;
}

bool zc_attr_named(const char *s, size_t n, const char *name)
{
    return n == strlen(name) && memcmp(s, name, n) == 0;
}

bool zc_attr_is_acl(const char *s, size_t n)
{
    return zc_attr_named(s, n, ZC_ACL_ACCESS) ||
           zc_attr_named(s, n, ZC_ACL_DEFAULT);
}

bool zc_attr_is_property(const char *s, size_t n)
{
    return zc_attr_in(s, n, "btrfs.");
}

bool zc_attr_covered(unsigned keep, const char *s, size_t n)
{
    if (zc_attr_is_acl(s, n))
        return keep & ZC_KEEP_ACLS;
    /* xfs shows ACLs a second time, in its own form. */
    if (zc_attr_in(s, n, "trusted.SGI_ACL_"))
        return false;
    return keep & ZC_KEEP_XATTRS &&
           (zc_attr_in(s, n, "user.") || zc_attr_in(s, n, "trusted.") ||
            zc_attr_in(s, n, "security.") || zc_attr_is_property(s, n));
}

/* An attribute, and what it is called on disk, which is something else where it
 * could not be there by its name. */
struct named {
    const char *as, *real;
};

static int by_bytes(const void *a, const void *b)
{
    return strcmp(((const struct named *)a)->as, ((const struct named *)b)->as);
}

/* Of names that are there twice, as FUSE may list them, one stays. */
static size_t without_doubles(struct named *v, size_t len)
{
    size_t kept = 1;
    for (size_t i = 1; i < len; i++)
        if (strcmp(v[i].as, v[kept - 1].as) != 0)
            v[kept++] = v[i];
    return kept;
}

/* The mode that NAME in DIRFD says it has, or has. */
static uint32_t disguised_mode(int dirfd, const char *name)
{
    char text[ZC_DISGUISE_STAT_SIZE];
    struct zc_disguise d;
    struct stat st;
    ssize_t n = zc_attr_get(dirfd, name, ZC_DISGUISE_STAT, text, sizeof text);
    if (n > 0 && zc_disguise_parse(text, (size_t)n, &d))
        return d.mode;
    int flags = AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH);
    return fstatat(dirfd, name, &st, flags) ? 0 : st.st_mode;
}

/* The bytes of OUT from AT on are what stands for an ACL: it takes their place. */
static int unmask_acl(int dirfd, const char *name, struct zc_buf *out,
                      size_t at)
{
    struct zc_buf acl = ZC_BUF_INIT;
    int bad = zc_disguise_acl(&acl, out->data + at, out->len - at,
                              disguised_mode(dirfd, name));
    out->len = at;
    if (!bad)
        zc_buf_put(out, acl.data, acl.len);
    zc_buf_fini(&acl);
    return bad;
}

/* Appends one attribute; 0, also when it has just vanished, or -1 and errno. */
static int put_attr(int dirfd, const char *name, const struct named *attr,
                    struct zc_buf *out, unsigned *count)
{
    size_t n = strlen(attr->as), start = out->len, room = 256;
    zc_buf_u8(out, (uint8_t)n);
    zc_buf_u32(out, 0);
    zc_buf_put(out, attr->as, n);
    size_t value = out->len;
    bool acl = attr->as != attr->real && zc_attr_is_acl(attr->as, n);
    for (;;) {
        uint8_t *at = zc_buf_reserve(out, room);
        if (!at) {
            errno = ENOMEM;
            return -1;
        }
        ssize_t got = zc_attr_get(dirfd, name, attr->real, at, room);
        if (got >= 0) {
            out->len += (size_t)got;
            if (acl && unmask_acl(dirfd, name, out, value)) {
                out->len = start; /* it is none */
                return 0;
            }
            zc_buf_set_u32(out, start + 1, (uint32_t)(out->len - value));
            ++*count;
            return 0;
        }
        if (errno != ERANGE || room >= XATTR_SIZE_MAX)
            break;
        room = XATTR_SIZE_MAX;
    }
    out->len = start;
    return errno == ENODATA ? 0 : -1;
}

/* Appends the set of the attributes in LIST (N bytes of NUL-ended names). */
static int put_set(int dirfd, const char *name, unsigned keep,
                   const char *list, size_t n, struct zc_buf *out)
{
    struct named few[32], *v = few;
    zc_auto_free struct named *many = NULL;
    size_t len = 0, start = out->len;
    for (const char *p = list; p < list + n; p += strlen(p) + 1)
        len++;
    if (len > ZC_ARRAY_LEN(few)) {
        v = many = malloc(len * sizeof *many);
        if (!many)
            return -1;
    }
    len = 0;
    for (const char *p = list; p < list + n; p += strlen(p) + 1) {
        const char *as = keep & ZC_KEEP_FAKE ? zc_disguise_seen(p) : p;
        if (as && zc_attr_covered(keep, as, strlen(as)))
            v[len++] = (struct named){as, p};
    }
    if (!len)
        return 0;
    if (len > 1)
        qsort(v, len, sizeof *v, by_bytes);
    len = without_doubles(v, len);

    unsigned count = 0;
    zc_buf_u16(out, 0);
    for (size_t i = 0; i < len; i++) {
        if (put_attr(dirfd, name, &v[i], out, &count))
            return -1;
        if (out->len - start > ZC_XATTR_SET_MAX) {
            errno = E2BIG;
            return -1;
        }
    }
    zc_buf_set_u16(out, start, (uint16_t)count);
    if (!count)
        out->len = start;
    return 0;
}

int zc_xattr_read(int dirfd, const char *name, unsigned keep,
                  struct zc_buf *out)
{
    char few[1024];
    zc_auto_free char *many = NULL;
    char *list = few;
    if (!(keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS)))
        return 0;
    ssize_t n = list_at(dirfd, name, few, sizeof few);
    if (n < 0 && errno == ERANGE) {
        list = many = malloc(XATTR_LIST_MAX);
        if (!many)
            return -1;
        n = list_at(dirfd, name, many, XATTR_LIST_MAX);
    }
    /* Once more where there are none: of a file that has some, with an error
     * in between, they would be lost without a word. */
    if (n < 0 && errno == EOPNOTSUPP)
        n = list_at(dirfd, name, list, list == few ? sizeof few
                                                   : XATTR_LIST_MAX);
    if (n <= 0)
        return n == 0 || errno == EOPNOTSUPP ? 0 : -1;
    size_t start = out->len;
    if (put_set(dirfd, name, keep, list, (size_t)n, out) == 0)
        return 0;
    out->len = start;
    return -1;
}

/* --- walking a set --- */

struct zc_attr_walk zc_attr_walk_start(const uint8_t *set, size_t n)
{
    struct zc_attr_walk w = {.r = zc_rd_init(set, n)};
    if (n)
        w.left = zc_rd_u16(&w.r);
    return w;
}

bool zc_attr_walk_next(struct zc_attr_walk *w, struct zc_attr *a)
{
    if (!w->left)
        return false;
    w->left--;
    a->name_len = zc_rd_u8(&w->r);
    a->len = zc_rd_u32(&w->r);
    a->name = (const char *)zc_rd_bytes(&w->r, a->name_len);
    a->value = zc_rd_bytes(&w->r, a->len);
    return !w->r.bad;
}

int zc_attr_cmp(const struct zc_attr *a, const struct zc_attr *b)
{
    return zc_name_cmp(a->name, a->name_len, b->name, b->name_len);
}

bool zc_xattr_valid(const uint8_t *set, size_t n)
{
    if (n == 0)
        return true;
    if (n > ZC_XATTR_SET_MAX)
        return false;
    struct zc_attr_walk w = zc_attr_walk_start(set, n);
    struct zc_attr a, before = {.name_len = 0};
    if (!w.left)
        return false;
    while (zc_attr_walk_next(&w, &a)) {
        if (a.len > XATTR_SIZE_MAX || memchr(a.name, '\0', a.name_len) ||
            !zc_attr_covered(ZC_KEEP_ACLS | ZC_KEEP_XATTRS, a.name, a.name_len))
            return false;
        if (before.name_len && zc_attr_cmp(&before, &a) >= 0)
            return false;
        before = a;
    }
    return !w.r.bad && zc_rd_left(&w.r) == 0;
}

/* Each step hashes the chain so far, the value's hash and the name. */
static void add_link(uint64_t *chain, const struct zc_attr *a,
                     struct zc_idmap *ids)
{
    uint64_t v[3];
    if (zc_attr_is_acl(a->name, a->name_len)) {
        zc_acl_hash(a->value, a->len, ids, &v[0], &v[1]);
    } else {
        XXH128_hash_t h = XXH3_128bits(a->value, a->len);
        v[0] = h.low64;
        v[1] = h.high64;
    }
    v[2] = *chain;
    uint8_t step[sizeof v + UINT8_MAX];
    for (size_t i = 0; i < ZC_ARRAY_LEN(v); i++)
        v[i] = htole64(v[i]);
    memcpy(step, v, sizeof v);
    memcpy(step + sizeof v, a->name, a->name_len);
    uint64_t h = XXH3_64bits(step, sizeof v + a->name_len);
    *chain = h ? h : 1;
}

struct zc_digest zc_xattr_digest(const uint8_t *set, size_t n,
                                 struct zc_idmap *ids)
{
    struct zc_digest d = {{0}};
    if (n == 0)
        return d;
    /* Two chains, of the ACLs and of the rest. */
    uint64_t chain[2] = {0, 0};
    struct zc_attr_walk w = zc_attr_walk_start(set, n);
    struct zc_attr a;
    while (zc_attr_walk_next(&w, &a))
        if (!zc_attr_is_property(a.name, a.name_len))
            add_link(&chain[!zc_attr_is_acl(a.name, a.name_len)], &a, ids);
    for (size_t i = 0; i < 2; i++) {
        XXH64_canonical_t c;
        XXH64_canonicalFromHash(&c, chain[i]);
        if (chain[i])
            memcpy(d.b + i * sizeof c.digest, c.digest, sizeof c.digest);
    }
    return d;
}

uint64_t zc_xattr_properties(const uint8_t *set, size_t n)
{
    uint64_t chain = 0;
    struct zc_attr a;
    for (struct zc_attr_walk w = zc_attr_walk_start(set, n);
         zc_attr_walk_next(&w, &a);)
        if (zc_attr_is_property(a.name, a.name_len))
            add_link(&chain, &a, NULL);
    return chain;
}

void zc_xattr_ids(const uint8_t *set, size_t n,
                  void (*found)(void *arg, enum zc_id_kind kind, uint32_t id),
                  void *arg)
{
    struct zc_attr a;
    for (struct zc_attr_walk w = zc_attr_walk_start(set, n);
         zc_attr_walk_next(&w, &a);)
        if (zc_attr_is_acl(a.name, a.name_len))
            zc_acl_ids(a.value, a.len, found, arg);
}

static void note_id(void *arg, enum zc_id_kind kind, uint32_t id)
{
    (void)kind;
    (void)id;
    *(bool *)arg = true;
}

bool zc_xattr_names_ids(const uint8_t *set, size_t n)
{
    bool any = false;
    zc_xattr_ids(set, n, note_id, &any);
    return any;
}

/* Appends the ACLs of a set as they are here. */
static void put_acls(struct zc_buf *out, const uint8_t *set, size_t n,
                     struct zc_idmap *ids)
{
    struct zc_attr a;
    for (struct zc_attr_walk w = zc_attr_walk_start(set, n);
         zc_attr_walk_next(&w, &a);)
        if (zc_attr_is_acl(a.name, a.name_len)) {
            zc_buf_put(out, a.name, a.name_len);
            zc_acl_put_local(out, a.value, a.len, ids);
        }
}

bool zc_xattr_same_acls(const struct zc_buf *mine, const uint8_t *theirs,
                        size_t n, struct zc_idmap *ids)
{
    struct zc_buf a = ZC_BUF_INIT, b = ZC_BUF_INIT;
    put_acls(&a, mine->data, mine->len, NULL);
    put_acls(&b, theirs, n, ids);
    bool same = !a.failed && !b.failed && a.len == b.len &&
                (!a.len || !memcmp(a.data, b.data, a.len));
    zc_buf_fini(&a);
    zc_buf_fini(&b);
    return same;
}
