// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/nest.c and heritage.c: folders inside of directories, and what those
 * pass on. */
#include "tap.h"

#include "base/util.h"
#include "fs/acl.h"
#include "fs/heritage.h"
#include "fs/nest.h"
#include "scratch.h"

#include <linux/fs.h>
#include <sys/file.h>
#include <sys/ioctl.h>
#include <sys/xattr.h>

static int top;

/* u::rwx u:1234:rwx g::rwx m::rwx o::r-x */
static const uint8_t acl[] = {
    2, 0, 0, 0, 1,    0,    7, 0, 0xff, 0xff, 0xff, 0xff, 2,    0,
    7, 0, 0xd2, 0x04, 0, 0, 4, 0, 7,    0,    0xff, 0xff, 0xff, 0xff,
    0x10, 0, 7, 0, 0xff, 0xff, 0xff, 0xff, 0x20, 0, 5, 0, 0xff, 0xff, 0xff,
    0xff};

static bool there(const char *path)
{
    return faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

static void test_life(void)
{
    char a[ZC_NEST_NAME_SIZE], b[ZC_NEST_NAME_SIZE];
    struct stat st;
    int fd = zc_nest_make(top, false, a), other = zc_nest_make(top, false, b);
    ok(fd >= 0 && other >= 0 && strcmp(a, b), "two nests");
    ok(zc_name_is_nest(a, strlen(a)) && there(a), "called like nests");
    ok(fstat(fd, &st) == 0 && (st.st_mode & 0777) == 0700, "for us only");
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "closed on exec");
    write_file(fd, "1", "x");
    mkdirat(fd, "2", 0700);
    is_int(zc_nest_clean(top, a), 0, "nobody takes one that is held");
    ok(there(a) && faccessat(fd, "1", F_OK, 0) == 0, "nor what is in it");
    zc_nest_remove(top, a, fd);
    ok(!there(a) && there(b), "its owner does");
    close(other);
    is_int(zc_nest_clean(top, b), 1, "nor is one left that nobody holds");
    ok(!there(b), "it goes");
    is_int(zc_nest_clean(top, b), 0, "once");
    fd = zc_nest_make(top, false, a);
    zc_nest_remove(-1, a, fd);
    ok(there(a), "one that cannot be reached stays");
    zc_nest_remove(top, a, -1);
    ok(!there(a), "until it can");
}

static void test_strangers(void)
{
    static const char name[] = ".zcsync-0123456789abcdef0123456789abcdef";
    write_file(top, name, "something");
    is_int(zc_nest_clean(top, name), 0, "a file of that name is not a nest");
    ok(there(name), "and stays");
    unlinkat(top, name, 0);
    write_file(top, name, "");
    is_int(zc_nest_clean(top, name), 1, "unless it is empty, as one tried");
    ok(symlinkat("/", top, name) == 0 && zc_nest_clean(top, name) == 0 &&
           there(name),
       "nor is a symlink");
    unlinkat(top, name, 0);
}

static void test_moved(void)
{
    char name[ZC_NEST_NAME_SIZE];
    int fd = zc_nest_make(top, false, name);
    renameat(top, name, top, "elsewhere");
    mkdirat(top, name, 0700);
    zc_nest_remove(top, name, fd);
    ok(there(name) && there("elsewhere"), "another that has its name stays");
    unlinkat(top, name, AT_REMOVEDIR);
    unlinkat(top, "elsewhere", AT_REMOVEDIR);
}

static void test_refusal(void)
{
    mkdirat(top, "d", 0700);
    int d = openat(top, "d", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok(!zc_nest_refuses(d, top), "a directory beside does not refuse");
    ok(unlinkat(top, "d", AT_REMOVEDIR) == 0, "and nothing stays of the try");
    close(d);
    int proc = open("/proc/self", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok(zc_nest_refuses(proc, top), "another file system does");
    close(proc);
}

static void test_heritage(void)
{
    unsigned kinds = zc_heritage_kinds(top) | ZC_HERITAGE_GROUP |
                     ZC_HERITAGE_ACL, flags = FS_NODUMP_FL;
    mkdirat(top, "h", 0755);
    int fd = openat(top, "h", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    struct zc_heritage none = {0}, h = zc_heritage_of(fd, kinds);
    h.flags = none.flags; /* whatever the tests' own directory has */
    struct zc_heritage plain = zc_heritage_of(fd, kinds);
    ok(zc_heritage_same(&h, &none) || plain.xflags, "nothing is passed on");
    fchmod(fd, 02755);
    h = zc_heritage_of(fd, kinds);
    ok(!zc_heritage_same(&h, &plain) && h.setgid, "a group is");
    h = zc_heritage_of(fd, kinds & ~(unsigned)ZC_HERITAGE_GROUP);
    ok(zc_heritage_same(&h, &plain), "where that is asked for");
    fchmod(fd, 0755);
    if (fsetxattr(fd, ZC_ACL_DEFAULT, acl, sizeof acl, 0) == 0) {
        char name[ZC_NEST_NAME_SIZE];
        h = zc_heritage_of(fd, kinds);
        ok(!zc_heritage_same(&h, &plain) && h.acl, "a default ACL is");
        int nest = zc_nest_make(fd, true, name);
        struct zc_heritage in = zc_heritage_of(nest, kinds);
        ok(zc_heritage_same(&h, &in), "and a nest does the same");
        zc_nest_remove(fd, name, nest);
        nest = zc_nest_make(fd, false, name);
        in = zc_heritage_of(nest, kinds);
        ok(!in.acl, "or not");
        zc_nest_remove(fd, name, nest);
        fremovexattr(fd, ZC_ACL_DEFAULT);
    } else {
        skip(3, "no ACLs here");
    }
    if (!ioctl(fd, FS_IOC_SETFLAGS, &flags)) {
        h = zc_heritage_of(fd, kinds);
        ok(!zc_heritage_same(&h, &plain), "a flag is");
    } else {
        skip(1, "no flags here");
    }
    close(fd);
}

int main(void)
{
    top = scratch();
    test_life();
    test_strangers();
    test_moved();
    test_refusal();
    test_heritage();
    return done_testing();
}
