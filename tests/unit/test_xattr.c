// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/xattr.c and acl.c: attribute sets read, checked and digested. Setting
 * them is in test_meta. */
#include "tap.h"

#include "attrs.h"
#include "fs/acl.h"
#include "fs/meta.h"
#include "fs/rootdir.h"
#include "scratch.h"

#include <linux/limits.h>
#include <pwd.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define BOTH (ZC_KEEP_ACLS | ZC_KEEP_XATTRS)

static int top;

static bool equal(const struct zc_buf *a, const struct zc_buf *b)
{
    return !a->failed && !b->failed && a->len == b->len &&
           (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* The file has just these attributes. */
static bool set_is(int dirfd, const char *name, const struct zc_buf *want)
{
    struct zc_buf got = ZC_BUF_INIT;
    int r = zc_xattr_read(dirfd, name, BOTH, &got);
    bool same = r == 0 && equal(&got, want);
    if (r)
        diag("reading: %s", strerror(errno));
    zc_buf_fini(&got);
    return same;
}

static void test_read(void)
{
    struct zc_buf want = ZC_BUF_INIT, got = ZC_BUF_INIT;
    write_file(top, "f", "x");
    zc_auto_close int fd = openat(top, "f", O_RDWR);
    zc_auto_close int handle = zc_path_open(top, "f");
    ok(set_is(top, "f", &want), "no attributes are no bytes");
    ok(set_is(fd, "", &want) && set_is(handle, "", &want), "by fd too");

    fsetxattr(fd, "user.b", "two", 3, 0);
    fsetxattr(fd, "user.a", "", 0, 0);
    fsetxattr(fd, "user.B", "\0\1", 2, 0);
    attr_start(&want, 3);
    attr_put(&want, "user.B", "\0\1", 2);
    attr_put(&want, "user.a", "", 0);
    attr_put(&want, "user.b", "two", 3);
    ok(set_is(top, "f", &want), "three, in byte order");
    ok(set_is(fd, "", &want), "the same by fd");
    ok(set_is(handle, "", &want), "and by O_PATH fd");
    ok(zc_xattr_valid(want.data, want.len), "what is read is valid");

    zc_buf_put_str(&got, "before");
    is_int(zc_xattr_read(top, "f", BOTH, &got), 0, "reading appends");
    ok(got.len == want.len + 6 &&
           memcmp(got.data + 6, want.data, want.len) == 0,
       "to what is there");
    zc_buf_reset(&got);
    is_int(zc_xattr_read(top, "f", ZC_KEEP_ACLS, &got), 0, "ACLs only");
    is_int(got.len, 0, "are none");
    is_int(zc_xattr_read(top, "f", ZC_KEEP_PERMS, &got), 0, "nothing asked");
    is_int(got.len, 0, "nothing read");
    ok(zc_xattr_read(top, "missing", BOTH, &got) == -1 && errno == ENOENT,
       "no such file: ENOENT");
    zc_buf_fini(&got);
    zc_buf_fini(&want);
}

static void test_read_many(void)
{
    struct zc_buf want = ZC_BUF_INIT;
    char name[64];
    write_file(top, "many", "");
    zc_auto_close int fd = openat(top, "many", O_RDWR);
    int n = 0;
    attr_start(&want, 0);
    for (; n < 100; n++) {
        snprintf(name, sizeof name, "user.a-longer-name-%03d", n);
        if (fsetxattr(fd, name, "v", 1, 0))
            break;
        attr_put(&want, name, "v", 1);
    }
    zc_buf_set_u16(&want, 0, (uint16_t)n);
    ok(n > 40 && set_is(top, "many", &want), "%s attributes",
       n > 40 ? "many" : "too few");
    zc_buf_fini(&want);
}

/* The file system here may have a low limit; tmpfs takes 64 KiB since 6.6. */
static void test_read_big(void)
{
    struct zc_buf want = ZC_BUF_INIT;
    char *value = calloc(1, XATTR_SIZE_MAX);
    memset(value, 'v', XATTR_SIZE_MAX);
    write_file(top, "big", "");
    zc_auto_close int fd = openat(top, "big", O_RDWR);
    size_t sizes[] = {255, 256, 257, 3000, 4096, 65535, 65536};
    for (size_t i = 0; i < ZC_ARRAY_LEN(sizes); i++) {
        if (fsetxattr(fd, "user.v", value, sizes[i], 0)) {
            skip(1, "no value of %zu bytes here", sizes[i]);
            continue;
        }
        attr_start(&want, 1);
        attr_put(&want, "user.v", value, sizes[i]);
        ok(set_is(top, "big", &want), "a value of %zu bytes", sizes[i]);
    }
    char name[32];
    int set = 0;
    for (int i = 0; i < 4; i++) {
        snprintf(name, sizeof name, "user.v%d", i);
        set += fsetxattr(fd, name, value, XATTR_SIZE_MAX, 0) == 0;
    }
    if (set == 4) {
        zc_buf_reset(&want);
        ok(zc_xattr_read(top, "big", BOTH, &want) == -1 && errno == E2BIG &&
               want.len == 0,
           "more than a set can hold: E2BIG");
    } else {
        skip(1, "not so much fits here");
    }
    zc_buf_fini(&want);
    free(value);
}

static void test_read_special(void)
{
    struct zc_buf want = ZC_BUF_INIT;
    symlinkat("f", top, "link");
    mkfifoat(top, "pipe", 0600);
    ok(set_is(top, "link", &want), "a symlink shows none of its target's");
    ok(set_is(top, "pipe", &want), "a fifo has none");
    if (geteuid()) {
        skip(3, "needs root");
        return;
    }
    mknodat(top, "dev", S_IFCHR | 0600, makedev(1, 3));
    attr_start(&want, 1);
    attr_put(&want, "trusted.t", "x", 1);
    static const char *const names[] = {"link", "pipe", "dev"};
    for (int i = 0; i < 3; i++) {
        if (lsetxattr(names[i], "trusted.t", "x", 1, 0)) {
            skip(1, "no trusted attributes on a %s here", names[i]);
            continue;
        }
        zc_auto_close int handle = zc_path_open(top, names[i]);
        ok(set_is(top, names[i], &want) && set_is(handle, "", &want),
           "trusted attributes of a %s", names[i]);
    }
    zc_buf_fini(&want);
}

static int unreadable_child(void *arg)
{
    struct zc_buf got = ZC_BUF_INIT;
    (void)arg;
    become_nobody();
    if (zc_xattr_read(top, "secret", BOTH, &got) != -1 || got.len)
        return 1;
    return errno == EACCES ? 0 : 2;
}

static bool valid(const struct zc_buf *b)
{
    return zc_xattr_valid(b->data, b->len);
}

static void test_valid(void)
{
    struct zc_buf b = ZC_BUF_INIT;
    char name[300];
    ok(zc_xattr_valid(NULL, 0), "no bytes are a set");
    attr_start(&b, 0);
    ok(!valid(&b), "a count of none is not");
    ok(!zc_xattr_valid(b.data, 1), "nor is half a count");

    attr_start(&b, 3);
    attr_put(&b, "security.capability", "c", 1);
    attr_put(&b, ZC_ACL_ACCESS, "acl", 3);
    attr_put(&b, "user.x", NULL, 0);
    ok(valid(&b), "three are one");
    int good = 0;
    for (size_t n = 1; n < b.len; n++) {
        uint8_t *cut = malloc(n); /* so that reading beyond it is seen */
        memcpy(cut, b.data, n);
        good += zc_xattr_valid(cut, n);
        free(cut);
    }
    is_int(good, 0, "cut anywhere it is not");
    zc_buf_u8(&b, 0);
    ok(!valid(&b), "with a byte more neither");

    static const char *const bad[] = {
        "", "user.", "trusted.", "security.", "user", "system.other",
        "system.posix_acl_accessx", "system.posix_acl_acces", "os2.x",
        "USER.x", "btrfs.", "btrfsx"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        attr_start(&b, 1);
        attr_put(&b, bad[i], "v", 1);
        ok(!valid(&b), "\"%s\" is no name", bad[i]);
    }
    attr_start(&b, 1);
    attr_put(&b, "user.x#y", "v", 1);
    b.data[7 + 6] = '\0';
    ok(!valid(&b), "nor is one with a NUL");
    memset(name, 'n', sizeof name);
    memcpy(name, "user.", 5);
    name[255] = '\0';
    attr_start(&b, 1);
    attr_put(&b, name, "v", 1);
    ok(valid(&b), "255 bytes are the longest");

    attr_start(&b, 2);
    attr_put(&b, "user.a", "v", 1);
    attr_put(&b, "user.a", "v", 1);
    ok(!valid(&b), "no name twice");
    attr_start(&b, 2);
    attr_put(&b, "user.b", "v", 1);
    attr_put(&b, "user.a", "v", 1);
    ok(!valid(&b), "and in order");

    char *big = calloc(1, ZC_XATTR_SET_MAX);
    attr_start(&b, 1);
    attr_put(&b, "user.a", big, XATTR_SIZE_MAX);
    ok(valid(&b), "a value of 64 KiB");
    attr_start(&b, 1);
    attr_put(&b, "user.a", big, XATTR_SIZE_MAX + 1);
    ok(!valid(&b), "and not a byte more");
    attr_start(&b, 3);
    attr_put(&b, "user.a", big, 65000);
    attr_put(&b, "user.b", big, 65000);
    attr_put(&b, "user.c", big, 65000);
    ok(valid(&b), "a large set");
    attr_start(&b, 4);
    attr_put(&b, "user.a", big, 65000);
    attr_put(&b, "user.b", big, 65000);
    attr_put(&b, "user.c", big, 65000);
    attr_put(&b, "user.d", big, 65000);
    ok(!valid(&b), "a too large one");
    free(big);

    static const uint8_t huge[] = {1, 0, 6, 255, 255, 255, 255,
                                   'u', 's', 'e', 'r', '.', 'a'};
    ok(!zc_xattr_valid(huge, sizeof huge), "a length of 4 GiB");
    zc_buf_fini(&b);
}

static bool same_digest(const struct zc_buf *a, struct zc_idmap *ia,
                        const struct zc_buf *b, struct zc_idmap *ib)
{
    struct zc_digest x = zc_xattr_digest(a->data, a->len, ia);
    struct zc_digest y = zc_xattr_digest(b->data, b->len, ib);
    return memcmp(&x, &y, sizeof x) == 0;
}

static void test_digest(void)
{
    static const struct zc_digest zero;
    struct zc_buf a = ZC_BUF_INIT, b = ZC_BUF_INIT;
    struct zc_idmap *ids = zc_idmap_new(false);
    struct zc_digest d = zc_xattr_digest(NULL, 0, ids);
    ok(memcmp(&d, &zero, sizeof d) == 0, "of nothing it is all zero");

    attr_start(&a, 2);
    attr_put(&a, "user.a", "1", 1);
    attr_put(&a, "user.b", "2", 1);
    attr_start(&b, 2);
    attr_put(&b, "user.a", "1", 1);
    attr_put(&b, "user.b", "2", 1);
    ok(same_digest(&a, ids, &b, ids), "of equal sets it is equal");
    d = zc_xattr_digest(a.data, a.len, ids);
    static const uint8_t known[] = {
        0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, 0x00, /* no ACLs */
        0x4c, 0xe2, 0xa8, 0x09, 0x45, 0xdc, 0x09, 0x63};
    ok(memcmp(d.b, known, sizeof known) == 0, "and the same on every host");

    attr_start(&b, 2);
    attr_put(&b, "user.a", "2", 1);
    attr_put(&b, "user.b", "1", 1);
    ok(!same_digest(&a, ids, &b, ids), "values count");
    attr_start(&b, 2);
    attr_put(&b, "user.a", "1", 1);
    attr_put(&b, "user.c", "2", 1);
    ok(!same_digest(&a, ids, &b, ids), "names count");
    attr_start(&b, 1);
    attr_put(&b, "user.a", "1", 1);
    ok(!same_digest(&a, ids, &b, ids), "the number counts");
    attr_start(&b, 2);
    attr_put(&b, "user.a", "1user.b", 7);
    attr_put(&b, "user.b", "", 0);
    ok(!same_digest(&a, ids, &b, ids), "borders count");

    uint64_t none = zc_xattr_properties(a.data, a.len);
    attr_start(&b, 3);
    attr_put(&b, "btrfs.compression", "zstd", 4);
    attr_put(&b, "user.a", "1", 1);
    attr_put(&b, "user.b", "2", 1);
    ok(valid(&b) && same_digest(&a, ids, &b, ids), "properties do not");
    uint64_t zstd = zc_xattr_properties(b.data, b.len);
    attr_start(&b, 1);
    attr_put(&b, "btrfs.compression", "zlib", 4);
    uint64_t zlib = zc_xattr_properties(b.data, b.len);
    ok(!none && zstd && zlib && zlib != zstd, "they have a hash of their own");
    zc_idmap_free(ids);
    zc_buf_fini(&a);
    zc_buf_fini(&b);
}

static void put_acl(struct zc_buf *b, uint32_t user1, uint32_t user2,
                    uint32_t group)
{
    const struct ace v[] = {
        {ACE_USER_OBJ, 7, ACE_NO_ID}, {ACE_USER, 5, user1},
        {ACE_USER, 4, user2},         {ACE_GROUP_OBJ, 5, ACE_NO_ID},
        {ACE_GROUP, 1, group},        {ACE_MASK, 7, ACE_NO_ID},
        {ACE_OTHER, 0, ACE_NO_ID},
    };
    attr_start(b, 1);
    attr_put_acl(b, ZC_ACL_ACCESS, v, ZC_ARRAY_LEN(v));
}

static void test_acl_digest(void)
{
    struct zc_buf a = ZC_BUF_INIT, b = ZC_BUF_INIT;
    struct zc_idmap *ids = zc_idmap_new(false), *num = zc_idmap_new(true);
    put_acl(&a, 111111, 222222, 333333);
    put_acl(&b, 111111, 222222, 333333);
    ok(same_digest(&a, ids, &b, num), "ids without a name count by number");
    ok(same_digest(&a, NULL, &b, num), "no map is a numeric one");
    put_acl(&b, 111111, 222222, 333334);
    ok(!same_digest(&a, ids, &b, ids), "ids count");

    /* The same two entries in the other order. */
    const struct ace v[] = {{ACE_USER, 5, 111111}, {ACE_USER, 4, 222222}};
    const struct ace r[] = {{ACE_USER, 4, 222222}, {ACE_USER, 5, 111111}};
    const struct ace x[] = {{ACE_USER, 4, 111111}, {ACE_USER, 5, 222222}};
    attr_start(&a, 1);
    attr_put_acl(&a, ZC_ACL_DEFAULT, v, 2);
    attr_start(&b, 1);
    attr_put_acl(&b, ZC_ACL_DEFAULT, r, 2);
    ok(same_digest(&a, ids, &b, ids), "the order of entries does not");
    attr_start(&b, 1);
    attr_put_acl(&b, ZC_ACL_DEFAULT, x, 2);
    ok(!same_digest(&a, ids, &b, ids), "who may do what does");
    attr_start(&b, 1);
    attr_put_acl(&b, ZC_ACL_ACCESS, v, 2);
    ok(!same_digest(&a, ids, &b, ids), "as does which ACL it is");

    const struct passwd *pw = getpwnam("daemon");
    if (pw) {
        put_acl(&a, pw->pw_uid, 222222, 333333);
        put_acl(&b, pw->pw_uid, 222222, 333333);
        ok(!same_digest(&a, ids, &b, num), "named ids count by name");
        ok(same_digest(&a, ids, &b, ids), "on both sides");
    } else {
        skip(2, "no user daemon");
    }
    attr_start(&a, 1);
    attr_put(&a, ZC_ACL_ACCESS, "junk", 4);
    attr_start(&b, 1);
    attr_put(&b, ZC_ACL_ACCESS, "junl", 4);
    ok(!same_digest(&a, ids, &b, ids), "what is no ACL counts as bytes");
    zc_idmap_free(ids);
    zc_idmap_free(num);
    zc_buf_fini(&a);
    zc_buf_fini(&b);
}

static bool same_acls(const struct zc_buf *mine, const struct zc_buf *theirs,
                      struct zc_idmap *ids)
{
    return zc_xattr_same_acls(mine, theirs->data, theirs->len, ids);
}

static void test_acls_mapped(void)
{
    struct zc_buf a = ZC_BUF_INIT, b = ZC_BUF_INIT, none = ZC_BUF_INIT;
    struct zc_idmap *ids = zc_idmap_new(true), *one = zc_idmap_new(true);
    const struct ace v[] = {{ACE_USER, 5, 9}, {ACE_GROUP, 1, 333333}};
    zc_idmap_force(one, ZC_ID_USER, 9);
    attr_start(&a, 2);
    attr_put_acl(&a, ZC_ACL_ACCESS, v, 2);
    attr_put(&a, "user.a", "1", 1);
    const struct ace w[] = {{ACE_USER, 5, 7}, {ACE_USER, 4, 8},
                            {ACE_GROUP, 1, 333333}};
    attr_start(&b, 1);
    attr_put_acl(&b, ZC_ACL_ACCESS, w, 3);
    ok(same_acls(&a, &b, one), "ACLs are compared as they would be set");
    ok(!same_acls(&a, &b, ids), "by this map");
    ok(same_acls(&a, &a, NULL), "and what is the same is");
    ok(!same_acls(&a, &none, one) && !same_acls(&none, &b, one) &&
           same_acls(&none, &none, one),
       "having none counts");
    attr_start(&b, 1);
    attr_put_acl(&b, ZC_ACL_DEFAULT, w, 3);
    ok(!same_acls(&a, &b, one), "and which it is");
    ok(zc_xattr_names_ids(b.data, b.len), "they name somebody");
    const struct ace mask[] = {{ACE_MASK, 7, ACE_NO_ID}};
    attr_start(&b, 1);
    attr_put_acl(&b, ZC_ACL_ACCESS, mask, 1);
    ok(!zc_xattr_names_ids(b.data, b.len), "or nobody");
    zc_idmap_free(ids);
    zc_idmap_free(one);
    zc_buf_fini(&a);
    zc_buf_fini(&b);
}

struct found {
    int calls;
    uint64_t users, groups; /* sums */
};

static void found(void *arg, enum zc_id_kind kind, uint32_t id)
{
    struct found *f = arg;
    f->calls++;
    *(kind == ZC_ID_USER ? &f->users : &f->groups) += id;
}

static void test_ids(void)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct found f = {0};
    zc_xattr_ids(NULL, 0, found, &f);
    attr_start(&b, 2);
    attr_put(&b, ZC_ACL_DEFAULT, "junk", 4);
    attr_put(&b, "user.a", "v", 1);
    zc_xattr_ids(b.data, b.len, found, &f);
    is_int(f.calls, 0, "no ids without an ACL");
    put_acl(&b, 10, 200, 3000);
    zc_xattr_ids(b.data, b.len, found, &f);
    is_int(f.calls, 3, "three in one");
    is_int(f.users, 210, "two users");
    is_int(f.groups, 3000, "and a group");
    zc_buf_fini(&b);
}

static void test_acl(void)
{
    struct zc_buf a = ZC_BUF_INIT, out = ZC_BUF_INIT;
    struct zc_idmap *ids = zc_idmap_new(true);
    const struct ace v[] = {
        {ACE_USER, 4, 5},      {ACE_USER_OBJ, 7, 99}, {ACE_USER, 5, 3},
        {ACE_GROUP_OBJ, 6, 0}, {ACE_MASK, 5, 0},      {ACE_OTHER, 1, 0}};
    attr_put_acl(&a, "", v, ZC_ARRAY_LEN(v));
    const uint8_t *acl = a.data + 5;
    size_t n = a.len - 5;
    is_int(zc_acl_group_perms(acl, n), 4, "the mask cuts the group's rights");

    const struct ace sorted[] = {
        {ACE_USER_OBJ, 7, ACE_NO_ID},  {ACE_USER, 5, 3},
        {ACE_USER, 4, 5},              {ACE_GROUP_OBJ, 6, ACE_NO_ID},
        {ACE_MASK, 5, ACE_NO_ID},      {ACE_OTHER, 1, ACE_NO_ID}};
    struct zc_buf want = ZC_BUF_INIT;
    attr_put_acl(&want, "", sorted, ZC_ARRAY_LEN(sorted));
    zc_acl_put_local(&out, acl, n, NULL);
    ok(out.len == want.len - 5 &&
           memcmp(out.data, want.data + 5, out.len) == 0,
       "entries come in order, meaningless ids are wiped");

    zc_idmap_force(ids, ZC_ID_USER, 42);
    zc_buf_reset(&out);
    zc_acl_put_local(&out, acl, n, ids);
    is_int(out.len, n - 8, "two users that become one keep one entry");
    is_int(out.data[4 + 8 + 2], 4, "the first");
    is_int(out.data[4 + 8 + 4], 42, "with the new id");

    zc_buf_reset(&out);
    zc_acl_put_local(&out, acl, n - 1, ids);
    is_int(out.len, n - 1, "what is no ACL is copied");
    ok(!zc_acl_ok(acl, 3) && !zc_acl_ok(acl, n - 1) && zc_acl_ok(acl, 4),
       "an ACL has a head and whole entries");
    zc_idmap_free(ids);
    zc_buf_fini(&a);
    zc_buf_fini(&want);
    zc_buf_fini(&out);
}

static void body(void)
{
    top = scratch_below("attributes");
    test_read();
    test_read_many();
    test_read_big();
    test_read_special();
    if (geteuid() == 0) {
        write_file(top, "secret", "x");
        lsetxattr("secret", "user.s", "x", 1, 0);
        is_int(in_child(unreadable_child, NULL), 0,
               "attributes we may not read are an error");
    } else {
        skip(1, "needs root");
    }
}

int main(void)
{
    top = scratch();
    write_file(top, "probe", "");
    if (llistxattr("probe", NULL, 0) > 0)
        skip_all("new files have attributes here, a label perhaps");
    if (lsetxattr("probe", "user.p", "v", 1, 0))
        skip_all("no user attributes in %s: %s", scratch_path, strerror(errno));
    /* First, as which calls there are is asked only once. */
    also_on_old_kernel(body);
    test_valid();
    test_digest();
    test_acl_digest();
    test_acls_mapped();
    test_ids();
    test_acl();
    body();
    close(top);
    return done_testing();
}
