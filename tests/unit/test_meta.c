// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/meta.c: looking at files, and making them what they shall be. */
#include "tap.h"

#include "attrs.h"
#include "fs/acl.h"
#include "fs/meta.h"
#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "scratch.h"

#include <sys/statfs.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

#define BOTH (ZC_KEEP_ACLS | ZC_KEEP_XATTRS)

static int top;
static bool can_user, can_acl, can_trusted; /* what the file system takes */

/* Brings NAME to WANT through a handle of the kind the receiver would use, and
 * remembers what came of it. */
static struct zc_meta_report report;
static bool changed;

static int apply_fd(int fd, const struct zc_meta_want *want)
{
    struct zc_stat now;
    memset(&report, 0, sizeof report);
    changed = true;
    if (fd < 0 || zc_stat_at(fd, "", &now))
        return -2;
    return zc_meta_apply(fd, &now, want, NULL, &report, &changed);
}

static int apply(const char *name, const struct zc_meta_want *want)
{
    zc_auto_close int fd = zc_path_open(top, name);
    return apply_fd(fd, want);
}

/* As the file is: a start for what to want. */
static struct zc_meta_want want_now(const char *name)
{
    struct zc_stat st = {0};
    if (zc_stat_at(top, name, &st))
        diag("%s: %s", name, strerror(errno));
    return (struct zc_meta_want){
        .mode = st.mode,
        .uid = st.uid,
        .gid = st.gid,
        .mtime_s = st.mtime_s,
        .mtime_ns = st.mtime_ns,
        .keep = ZC_KEEP_ALL,
    };
}

/* True where NAME is as wanted, looked at with plain stat(2). */
static bool looks(const char *name, const struct zc_meta_want *w)
{
    struct stat st;
    if (fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW))
        return false;
    bool same = st.st_mode == w->mode && st.st_uid == w->uid &&
                st.st_gid == w->gid && st.st_mtim.tv_sec == w->mtime_s &&
                st.st_mtim.tv_nsec == w->mtime_ns;
    if (!same)
        diag("%s: mode %o uid %u gid %u mtime %lld.%09ld", name, st.st_mode,
             st.st_uid, st.st_gid, (long long)st.st_mtim.tv_sec,
             st.st_mtim.tv_nsec);
    return same;
}

/* Applying W to NAME again does nothing at all. */
static bool settled(const char *name, const struct zc_meta_want *w)
{
    struct zc_stat a, b;
    bool same = zc_stat_at(top, name, &a) == 0 && apply(name, w) == 0 &&
                !changed && zc_stat_at(top, name, &b) == 0 &&
                zc_stat_same_version(&a, &b);
    if (!same)
        diag("%s: changed %d", name, changed);
    return same;
}

static bool has(const char *name, const char *attr, const char *value)
{
    char got[256], path[256];
    snprintf(path, sizeof path, "%s", name);
    ssize_t n = lgetxattr(path, attr, got, sizeof got);
    if (!value)
        return n < 0 && errno == ENODATA;
    return n == (ssize_t)strlen(value) && memcmp(got, value, (size_t)n) == 0;
}

static void test_stat(void)
{
    struct zc_stat st;
    struct stat s;
    write_file(top, "stat", "12345");
    ok(zc_stat_at(top, "stat", &st) == 0 && fstatat(top, "stat", &s, 0) == 0,
       "a file is looked at");
    ok(st.mode == s.st_mode && st.uid == s.st_uid && st.gid == s.st_gid &&
           st.nlink == s.st_nlink && st.size == 5 &&
           st.blocks == (uint64_t)s.st_blocks,
       "mode, owner, links and size");
    ok(st.dev == s.st_dev && st.ino == s.st_ino, "device and inode");
    ok(st.mtime_s == s.st_mtim.tv_sec && st.mtime_ns == s.st_mtim.tv_nsec &&
           st.ctime_s == s.st_ctim.tv_sec && st.ctime_ns == s.st_ctim.tv_nsec,
       "times");
    symlinkat("stat", top, "stat-link");
    ok(zc_stat_at(top, "stat-link", &st) == 0 && S_ISLNK(st.mode),
       "a symlink is not followed");
    ok(zc_stat_at(top, "", &st) == 0 && S_ISDIR(st.mode), "\"\" is the fd");
    zc_auto_close int link = zc_path_open(top, "stat-link");
    ok(zc_stat_at(link, "", &st) == 0 && S_ISLNK(st.mode), "O_PATH too");
    ok(zc_stat_at(top, "missing", &st) == -1 && errno == ENOENT,
       "a missing one: ENOENT");
    ok(zc_stat_at(AT_FDCWD, "/dev/null", &st) == 0 &&
           st.rdev == makedev(1, 3),
       "device numbers");

    struct zc_stat a, b;
    zc_stat_at(top, "stat", &a);
    b = a;
    ok(zc_stat_same_version(&a, &b), "a version is itself");
    usleep(20000);
    write_file(top, "stat", "67890");
    zc_stat_at(top, "stat", &b);
    ok(!zc_stat_same_version(&a, &b), "and another after a write");
}

static void test_mode_and_times(void)
{
    write_file(top, "f", "x");
    struct zc_meta_want w = want_now("f");
    ok(settled("f", &w), "nothing to do is nothing done");
    w.mode = S_IFREG | 0451;
    ok(apply("f", &w) == 0 && changed && looks("f", &w), "a mode");
    w.mtime_s = 1234567890;
    w.mtime_ns = 123456789;
    ok(apply("f", &w) == 0 && changed && looks("f", &w), "a time");
    ok(settled("f", &w), "both stay");
    w.mtime_s = -5;
    ok(apply("f", &w) == 0 && looks("f", &w), "a time before 1970");
    w.mode = S_IFREG | 06755;
    ok(apply("f", &w) == 0 && looks("f", &w), "setuid and setgid");

    struct stat before, after;
    fstatat(top, "f", &before, 0);
    w.mtime_s = 99;
    w.skip_times = 1;
    ok(apply("f", &w) == 0 && !changed, "times are skipped when asked");
    w.skip_times = 0;
    w.keep &= ~(unsigned)(ZC_KEEP_TIMES | ZC_KEEP_PERMS);
    w.mode = S_IFREG | 0600;
    ok(apply("f", &w) == 0 && !changed, "or not kept, as are modes");
    fstatat(top, "f", &after, 0);
    ok(before.st_atim.tv_sec == after.st_atim.tv_sec &&
           before.st_atim.tv_nsec == after.st_atim.tv_nsec,
       "atime is left alone");
    w.keep = ZC_KEEP_ALL;
    w.mtime_ns = 1000000000;
    ok(apply("f", &w) == -1 && report.eno[ZC_META_TIMES] == EINVAL,
       "a time that is none is refused");
    ok(!report.eno[ZC_META_PERMS] && !report.eno[ZC_META_OWNER], "only that");
    w.mtime_ns = UTIME_NOW;
    ok(apply("f", &w) == -1 && report.eno[ZC_META_TIMES] == EINVAL,
       "and means nothing special");

    zc_auto_close int fd = openat(top, "f", O_RDWR);
    w.mtime_ns = 5;
    w.mode = S_IFREG | 0640;
    ok(apply_fd(fd, &w) == 0 && looks("f", &w), "the same by an open file");
}

static void test_special(void)
{
    symlinkat("nowhere", top, "link");
    mkfifoat(top, "pipe", 0600);
    mkdirat(top, "dir", 0700);
    struct zc_meta_want w = want_now("link");
    w.mtime_s = 777;
    w.mtime_ns = 7;
    uint32_t mode = w.mode;
    w.mode = S_IFLNK | 0600;
    ok(apply("link", &w) == 0 && changed, "a symlink gets its time");
    w.mode = mode;
    ok(looks("link", &w), "its mode means nothing");
    ok(settled("link", &w), "and it stays so");

    w = want_now("pipe");
    w.mode = S_IFIFO | 0622;
    w.mtime_s = 778;
    ok(apply("pipe", &w) == 0 && looks("pipe", &w), "a fifo");
    w = want_now("dir");
    w.mode = S_IFDIR | 03775;
    w.mtime_s = 779;
    ok(apply("dir", &w) == 0 && looks("dir", &w), "a directory");
    ok(settled("dir", &w), "stays so");
    if (geteuid() || mknodat(top, "dev", S_IFCHR | 0600, makedev(1, 3))) {
        skip(1, "cannot make devices");
        return;
    }
    w = want_now("dev");
    w.mode = S_IFCHR | 0666;
    w.gid = 7;
    w.mtime_s = 780;
    ok(apply("dev", &w) == 0 && looks("dev", &w), "a device");
}

static void test_owner(void)
{
    if (geteuid()) {
        skip(7, "needs root");
        return;
    }
    write_file(top, "owned", "x");
    struct zc_meta_want w = want_now("owned");
    w.uid = 1;
    w.gid = 2;
    w.mode = S_IFREG | 06755;
    ok(apply("owned", &w) == 0 && looks("owned", &w),
       "owner and group, with setuid afterwards");
    ok(settled("owned", &w), "stay so");
    w.uid = 3;
    ok(apply("owned", &w) == 0 && looks("owned", &w),
       "another owner: setuid is set again");
    w.gid = 4;
    ok(apply("owned", &w) == 0 && looks("owned", &w), "another group too");
    w.uid = 5;
    w.keep &= ~(unsigned)ZC_KEEP_OWNER;
    ok(apply("owned", &w) == 0 && !changed, "not kept, not set");

    w = want_now("owned");
    w.uid = UINT32_MAX;
    ok(apply("owned", &w) == -1 && report.eno[ZC_META_OWNER] == EINVAL &&
           !report.eno[ZC_META_GROUP],
       "the id that is none is refused");
    symlinkat("owned", top, "owned-link");
    struct zc_meta_want l = want_now("owned-link");
    l.uid = 6;
    ok(apply("owned-link", &l) == 0 && looks("owned-link", &l),
       "a symlink has an owner of its own");
}

static int unprivileged_child(void *arg)
{
    (void)arg;
    become_nobody();
    uint32_t me = geteuid(), mine = getegid();
    write_file(top, "own/f", "x");
    struct zc_meta_want w = want_now("own/f");
    w.uid = me + 1;
    w.gid = mine + 1;
    w.mode = S_IFREG | 06755;
    zc_auto_close int fd = openat(top, "own/f", O_RDWR);
    if (apply_fd(fd, &w) != -1 || report.eno[ZC_META_OWNER] != EPERM ||
        report.eno[ZC_META_GROUP] != EPERM || report.eno[ZC_META_PERMS])
        return 1;
    w.uid = me;
    w.gid = mine;
    w.mode = S_IFREG | 0755;
    if (!looks("own/f", &w))
        return 2; /* setuid and setgid must be off */
    w.uid = me + 1;
    w.mode = S_IFREG | 06755;
    if (apply_fd(fd, &w) != -1 || changed)
        return 3; /* a second try must not touch the file */
    return 0;
}

/* The owner of a file he may neither read nor write. */
static int closed_child(void *arg)
{
    struct zc_buf set = ZC_BUF_INIT;
    (void)arg;
    become_nobody();
    write_file(top, "own/closed", "x");
    struct zc_meta_want w = want_now("own/closed");
    zc_auto_close int fd = openat(top, "own/closed", O_RDONLY);
    fchmod(fd, 0);
    attr_start(&set, 1);
    attr_put(&set, "user.a", "1", 1);
    w.mode = S_IFREG | 0400;
    w.have_xattrs = true;
    w.xattrs = set.data;
    w.xattrs_len = set.len;
    if (apply_fd(fd, &w) || !looks("own/closed", &w))
        return 1;
    attr_start(&set, 1);
    attr_put(&set, "user.a", "2", 1);
    w.xattrs = set.data;
    w.mode = S_IFREG;
    if (apply_fd(fd, &w) || !looks("own/closed", &w))
        return 2;
    w.keep &= ~(unsigned)ZC_KEEP_PERMS;
    w.xattrs = NULL;
    if (apply_fd(fd, &w) || !changed || !looks("own/closed", &w))
        return 3; /* the mode is as before, though not kept */
    zc_buf_fini(&set);
    fchmod(fd, 0600);
    return has("own/closed", "user.a", NULL) ? 0 : 4;
}

/* A set that holds CAP, which only root may set. */
static int capability_child(void *arg)
{
    struct zc_buf *set = arg;
    become_nobody();
    write_file(top, "own/cap", "x");
    struct zc_meta_want w = want_now("own/cap");
    w.have_xattrs = true;
    w.xattrs = set->data;
    w.xattrs_len = set->len;
    zc_auto_close int fd = openat(top, "own/cap", O_RDONLY);
    if (apply_fd(fd, &w) != -1)
        return 1;
    return report.eno[ZC_META_CAPABILITY] == EPERM ? 0 : 2;
}

static void test_xattrs(void)
{
    struct zc_buf set = ZC_BUF_INIT;
    if (!can_user) {
        skip(8, "no user attributes here");
        return;
    }
    write_file(top, "x", "x");
    lsetxattr("x", "user.gone", "g", 1, 0);
    lsetxattr("x", "user.same", "s", 1, 0);
    lsetxattr("x", "user.other", "o", 1, 0);
    struct zc_meta_want w = want_now("x");
    attr_start(&set, 3);
    attr_put(&set, "user.new", "n", 1);
    attr_put(&set, "user.other", "oo", 2);
    attr_put(&set, "user.same", "s", 1);
    w.xattrs = set.data;
    w.xattrs_len = set.len;
    ok(apply("x", &w) == 0 && !changed && has("x", "user.gone", "g"),
       "unknown attributes are left alone");
    w.have_xattrs = true;
    w.keep = ZC_KEEP_ALL & ~(unsigned)ZC_KEEP_XATTRS;
    ok(apply("x", &w) == 0 && !changed, "as are those not kept");
    w.keep = ZC_KEEP_ALL;
    ok(apply("x", &w) == 0 && changed, "a set is set");
    ok(has("x", "user.gone", NULL) && has("x", "user.new", "n") &&
           has("x", "user.other", "oo") && has("x", "user.same", "s"),
       "exactly");
    ok(looks("x", &w) && settled("x", &w), "and stays");
    w.xattrs = NULL;
    ok(apply("x", &w) == 0 && has("x", "user.new", NULL), "or none at all");

    attr_start(&set, 1);
    attr_put(&set, "user.x", "v", 1);
    w = want_now("pipe");
    w.have_xattrs = true;
    w.xattrs = set.data;
    w.xattrs_len = set.len;
    ok(apply("pipe", &w) == -1 && report.eno[ZC_META_XATTR] == EPERM,
       "what a fifo cannot have is told");
    ok(!report.eno[ZC_META_PERMS] && !report.eno[ZC_META_ACL], "only that");
    zc_buf_fini(&set);
}

static const struct ace acl_a[] = {
    {ACE_USER_OBJ, 7, ACE_NO_ID}, {ACE_USER, 7, 12345},
    {ACE_GROUP_OBJ, 4, ACE_NO_ID}, {ACE_MASK, 7, ACE_NO_ID},
    {ACE_OTHER, 1, ACE_NO_ID}}; /* as mode: 0771 */
static const struct ace acl_b[] = {
    {ACE_USER_OBJ, 6, ACE_NO_ID}, {ACE_USER, 5, 12345},
    {ACE_GROUP_OBJ, 0, ACE_NO_ID}, {ACE_MASK, 5, ACE_NO_ID},
    {ACE_OTHER, 0, ACE_NO_ID}}; /* as mode: 0650 */

static void want_acl(struct zc_meta_want *w, struct zc_buf *set,
                     const char *name, const struct ace *v, size_t n)
{
    attr_start(set, 1);
    attr_put_acl(set, name, v, n);
    w->have_xattrs = true;
    w->xattrs = set->data;
    w->xattrs_len = set->len;
}

/* The attributes of NAME are SET. */
static bool set_is(const char *name, const struct zc_buf *set)
{
    struct zc_buf got = ZC_BUF_INIT;
    bool same = zc_xattr_read(top, name, BOTH, &got) == 0 &&
                got.len == set->len &&
                (!got.len || memcmp(got.data, set->data, got.len) == 0);
    zc_buf_fini(&got);
    return same;
}

static void test_acls(void)
{
    struct zc_buf set = ZC_BUF_INIT, none = ZC_BUF_INIT;
    if (!can_acl) {
        skip(13, "no ACLs here");
        return;
    }
    write_file(top, "a", "x");
    struct zc_meta_want w = want_now("a");
    w.mode = S_IFREG | 0771;
    want_acl(&w, &set, ZC_ACL_ACCESS, acl_a, ZC_ARRAY_LEN(acl_a));
    ok(apply("a", &w) == 0 && looks("a", &w) && set_is("a", &set), "an ACL");
    ok(settled("a", &w), "stays");
    w.mode = S_IFREG | 04650;
    want_acl(&w, &set, ZC_ACL_ACCESS, acl_b, ZC_ARRAY_LEN(acl_b));
    ok(apply("a", &w) == 0 && looks("a", &w) && set_is("a", &set),
       "another one, and setuid");
    w.mode = S_IFREG | 0640; /* --chmod may say so: the mask follows */
    ok(apply("a", &w) == 0 && looks("a", &w), "the mode has the last word");
    w.mode = S_IFREG | 0604;
    w.xattrs = NULL;
    ok(apply("a", &w) == 0 && looks("a", &w) && set_is("a", &none),
       "taking it away leaves the mode");

    w.mode = S_IFREG | 0771;
    want_acl(&w, &set, ZC_ACL_ACCESS, acl_a, ZC_ARRAY_LEN(acl_a));
    w.keep &= ~(unsigned)ZC_KEEP_ACLS;
    ok(apply("a", &w) == 0 && looks("a", &w) && set_is("a", &none),
       "ACLs not kept are not set");
    w.keep |= ZC_KEEP_ACLS;
    apply("a", &w);
    w.keep &= ~(unsigned)ZC_KEEP_ACLS;
    w.xattrs = NULL;
    ok(apply("a", &w) == 0 && set_is("a", &set), "nor taken away");

    mkdirat(top, "ad", 0755);
    w = want_now("ad");
    want_acl(&w, &set, ZC_ACL_DEFAULT, acl_a, ZC_ARRAY_LEN(acl_a));
    ok(apply("ad", &w) == 0 && looks("ad", &w) && set_is("ad", &set),
       "a default ACL");
    ok(settled("ad", &w), "stays");
    w.xattrs = NULL;
    ok(apply("ad", &w) == 0 && set_is("ad", &none), "and goes");
    w = want_now("a");
    want_acl(&w, &set, ZC_ACL_DEFAULT, acl_a, ZC_ARRAY_LEN(acl_a));
    ok(apply("a", &w) == -1 && report.eno[ZC_META_ACL],
       "a file cannot have one");
    attr_start(&set, 1);
    attr_put(&set, ZC_ACL_ACCESS, "junk", 4);
    w.xattrs = set.data;
    w.xattrs_len = set.len;
    ok(apply("a", &w) == -1 && report.eno[ZC_META_ACL],
       "what is no ACL is refused by the kernel");
    w.mode &= ~(uint32_t)070;
    ok(looks("a", &w), "and then the group gets nothing");
    zc_buf_fini(&set);
}

static void test_acl_ids(void)
{
    struct zc_buf set = ZC_BUF_INIT, here = ZC_BUF_INIT;
    if (!can_acl) {
        skip(2, "no ACLs here");
        return;
    }
    struct ace local[ZC_ARRAY_LEN(acl_a)];
    memcpy(local, acl_a, sizeof local);
    local[1].id = 777;
    struct zc_idmap *ids = zc_idmap_new(true);
    zc_idmap_force(ids, ZC_ID_USER, 777);
    write_file(top, "ai", "x");
    struct zc_meta_want w = want_now("ai");
    w.mode = S_IFREG | 0771;
    want_acl(&w, &here, ZC_ACL_ACCESS, local, ZC_ARRAY_LEN(local));
    want_acl(&w, &set, ZC_ACL_ACCESS, acl_a, ZC_ARRAY_LEN(acl_a));
    for (int i = 0; i < 2; i++) {
        struct zc_stat now;
        zc_auto_close int fd = zc_path_open(top, "ai");
        zc_stat_at(fd, "", &now);
        int r = zc_meta_apply(fd, &now, &w, ids, &report, &changed);
        ok(r == 0 && changed == !i && set_is("ai", &here),
           i ? "once" : "ids in an ACL are mapped");
    }
    zc_idmap_free(ids);
    zc_buf_fini(&set);
    zc_buf_fini(&here);
}

/* On a file system without ACLs the mask must not become the group's rights. */
static void test_no_acls(void)
{
    struct zc_buf set = ZC_BUF_INIT;
    mkdirat(top, "noacl", 0755);
    if (geteuid() || mount("none", "noacl", "ramfs", 0, NULL)) {
        skip(4, "cannot mount a ramfs");
        return;
    }
    write_file(top, "noacl/f", "x");
    struct zc_meta_want w = want_now("noacl/f");
    w.mode = S_IFREG | 0771;
    want_acl(&w, &set, ZC_ACL_ACCESS, acl_a, ZC_ARRAY_LEN(acl_a));
    zc_auto_close int fd = openat(top, "noacl/f", O_RDWR);
    ok(apply_fd(fd, &w) == -1 && report.eno[ZC_META_ACL] == EOPNOTSUPP,
       "an ACL where there are none is told");
    w.mode = S_IFREG | 0741;
    ok(looks("noacl/f", &w), "and the group gets what the ACL gives it");
    w.mode = S_IFREG | 0771;
    ok(apply_fd(fd, &w) == -1 && !changed, "a second try changes nothing");
    w.xattrs = NULL;
    ok(apply_fd(fd, &w) == 0 && looks("noacl/f", &w), "no ACL is no trouble");
    zc_close(&fd);
    umount2("noacl", MNT_DETACH);
    zc_buf_fini(&set);
}

/* cap_net_raw, version 2, as in linux/capability.h */
static const uint8_t cap[20] = {1, 0, 0, 2, 0, 0x20};

static void test_capability(void)
{
    struct zc_buf set = ZC_BUF_INIT;
    attr_start(&set, 2);
    attr_put(&set, "security.capability", cap, sizeof cap);
    attr_put(&set, "user.u", "v", 1);
    if (!can_user) {
        skip(1, "no user attributes here");
    } else {
        is_int(in_child(capability_child, &set), 0,
               "a capability that may not be set is told");
    }
    if (geteuid() || !can_user) {
        skip(5, "needs root");
        zc_buf_fini(&set);
        return;
    }
    write_file(top, "c", "x");
    struct zc_meta_want w = want_now("c");
    w.uid = 5;
    w.mode = S_IFREG | 0755;
    w.have_xattrs = true;
    w.xattrs = set.data;
    w.xattrs_len = set.len;
    ok(apply("c", &w) == 0 && looks("c", &w) && set_is("c", &set),
       "a capability, after the owner");
    ok(settled("c", &w), "stays");
    w.uid = 6;
    ok(apply("c", &w) == 0 && looks("c", &w) && set_is("c", &set),
       "chown takes it away: it is set again");
    w.xattrs = NULL;
    ok(apply("c", &w) == 0 && has("c", "security.capability", NULL),
       "and it goes");
    attr_start(&set, 1);
    attr_put(&set, "trusted.t", "v", 1);
    w.xattrs = set.data;
    w.xattrs_len = set.len;
    symlinkat("c", top, "cl");
    struct zc_meta_want l = want_now("cl");
    l.have_xattrs = true;
    l.xattrs = set.data;
    l.xattrs_len = set.len;
    if (can_trusted)
        ok(apply("cl", &l) == 0 && set_is("cl", &set) && settled("cl", &l),
           "a symlink has attributes of its own");
    else
        skip(1, "no trusted attributes here");
    zc_buf_fini(&set);
}

static void test_chmod(void)
{
    struct stat st;
    write_file(top, "ch", "x");
    zc_auto_close int fd = openat(top, "ch", O_RDONLY);
    zc_auto_close int handle = zc_path_open(top, "ch");
    ok(zc_fd_chmod(fd, S_IFREG | 0640) == 0 && fstat(fd, &st) == 0 &&
           (st.st_mode & 07777) == 0640,
       "chmod by an open file");
    ok(zc_fd_chmod(handle, 0604) == 0 && fstat(fd, &st) == 0 &&
           (st.st_mode & 07777) == 0604,
       "and by a handle");
    zc_auto_close int link = zc_path_open(top, "link");
    ok(zc_fd_chmod(link, 0600) == -1 && errno == EOPNOTSUPP, "not a symlink's");
}

static void test_time_steps(void)
{
    ok(zc_time_equal(5, 7, 5, 7, 1) && !zc_time_equal(5, 7, 5, 8, 1) &&
           !zc_time_equal(5, 7, 6, 7, 1),
       "times are equal to the nanosecond");
    ok(zc_time_equal(5, 700, 5, 799, 100) && !zc_time_equal(5, 7, 5, 107, 100),
       "or to 100 of them");
    ok(zc_time_equal(5, 999999999, 5, 0, 1000000000) &&
           !zc_time_equal(5, 0, 6, 0, 1000000000),
       "or to the second");
    ok(zc_time_equal(5, 9, 4, 0, 2000000000) &&
           !zc_time_equal(5, 0, 6, 0, 2000000000),
       "or to two");
    ok(zc_time_equal(-3, 5, -4, 0, 2000000000) &&
           !zc_time_equal(-1, 0, 0, 0, 2000000000) &&
           !zc_time_equal(-1, 0, 1, 0, 2000000000),
       "before 1970 too");
    ok(zc_times_within(5, 7, 2) && zc_times_within(7, 5, 2) &&
           !zc_times_within(5, 8, 2) && zc_times_within(5, 5, 0) &&
           !zc_times_within(INT64_MIN, INT64_MAX, UINT32_MAX),
       "a window of some seconds");
    ok(zc_time_equal(1, 2, 1, 2, 0) && !zc_time_equal(1, 2, 1, 3, 0),
       "no step is the finest");
    is_int(zc_time_step(-1), 1, "an unknown one is the finest");
    struct statfs fs;
    if (statfs(".", &fs) == 0 && (fs.f_type == 0xef53 ||
                                  fs.f_type == 0x01021994))
        is_int(zc_time_step(top), 1, "ext4 and tmpfs have nanoseconds");
    else
        skip(1, "neither ext4 nor tmpfs here");
}

static void test_names(void)
{
    int good = 0;
    for (int i = 0; i < ZC_META_KINDS; i++)
        good += zc_meta_kind_name((enum zc_meta_kind)i)[0] != '\0';
    is_int(good, ZC_META_KINDS, "every kind has a name");
}

static void probe(void)
{
    struct zc_buf set = ZC_BUF_INIT;
    write_file(top, "probe", "");
    can_user = lsetxattr("probe", "user.p", "v", 1, 0) == 0;
    can_trusted = lsetxattr("probe", "trusted.p", "v", 1, 0) == 0;
    attr_put_acl(&set, "", acl_a, ZC_ARRAY_LEN(acl_a));
    can_acl = lsetxattr("probe", ZC_ACL_ACCESS, set.data + 5, set.len - 5,
                        0) == 0;
    zc_buf_fini(&set);
}

static void body(void)
{
    top = scratch_below("meta");
    mkdirat(top, "own", 0777);
    fchmodat(top, "own", 0777, 0);
    probe();
    test_stat();
    test_mode_and_times();
    test_special();
    test_owner();
    is_int(in_child(unprivileged_child, NULL), 0,
           "without the right: told, and setuid left off");
    if (can_user)
        is_int(in_child(closed_child, NULL), 0,
               "attributes of our own closed file");
    else
        skip(1, "no user attributes here");
    test_xattrs();
    test_acls();
    test_acl_ids();
    test_no_acls();
    test_capability();
    test_chmod();
    test_time_steps();
    test_names();
}

int main(void)
{
    private_mounts();
    scratch();
    also_on_old_kernel(body);
    body();
    return done_testing();
}
