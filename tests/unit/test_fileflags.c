// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/fileflags.c: flags of files read, set, sealed and unsealed. */
#include "tap.h"

#include "base/util.h"
#include "fs/fileflags.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "scratch.h"

#include <linux/fs.h>
#include <sys/ioctl.h>

static int top;

static struct zc_fileflags of(const char *name)
{
    struct zc_fileflags f = {0};
    struct stat st;
    if (fstatat(top, name, &st, AT_SYMLINK_NOFOLLOW) ||
        zc_fileflags_at(top, name, st.st_mode, &f))
        diag("%s: %s", name, strerror(errno));
    return f;
}

static int apply(const char *name, uint32_t flags, bool *changed)
{
    struct zc_fileflags want = {.flags = flags};
    struct stat st;
    zc_auto_close int fd = zc_path_open(top, name);
    *changed = false;
    return fstat(fd, &st) ? -1
                          : zc_fileflags_apply(fd, st.st_mode, &want, changed);
}

static void test_flags(void)
{
    bool changed;
    is_int(of("f").flags, 0, "a new file has none that is carried");
    is_int(apply("f", FS_NODUMP_FL, &changed), 0, "one is set");
    ok(changed && of("f").flags == FS_NODUMP_FL, "by a handle");
    is_int(apply("f", FS_NODUMP_FL, &changed), 0, "again");
    ok(!changed, "which changes nothing");
    is_int(apply("f", FS_NOATIME_FL, &changed), 0, "another instead");
    ok(changed && of("f").flags == FS_NOATIME_FL, "takes its place");
    is_int(apply("f", FS_NODUMP_FL | FS_SECRM_FL | FS_NOTAIL_FL |
                 FS_NOCOW_FL, &changed), -1,
           "with some that this file system has not");
    ok(changed && of("f").flags & FS_NODUMP_FL, "those that it has are set");
    is_int(apply("f", 0, &changed), 0, "all go");
    is_int(of("f").flags, 0, "and are gone");
    is_int(apply("d", FS_NODUMP_FL, &changed), 0, "directories have them");
    is_int(of("d").flags, FS_NODUMP_FL, "too");
    symlinkat("f", top, "l");
    ok(of("l").flags == 0 && !apply("l", FS_NODUMP_FL, &changed) && !changed,
       "symlinks have none, and that is no error");
}

static void test_seals(void)
{
    bool changed;
    is_int(zc_fileflags_seal(top, "f", FS_IMMUTABLE_FL), 0, "a file is sealed");
    ok(unlinkat(top, "f", 0) && errno == EPERM, "and cannot be removed");
    is_int(apply("f", FS_NODUMP_FL | FS_IMMUTABLE_FL, &changed), 0,
           "flags of a sealed one");
    is_int(of("f").flags, FS_NODUMP_FL, "take the seal off");
    is_int(zc_fileflags_seal(top, "f", FS_APPEND_FL), 0, "another");
    errno = ENOENT;
    ok(zc_fileflags_unseal(top, "f"), "is taken off");
    is_int(errno, ENOENT, "errno stays");
    is_int(of("f").flags, FS_NODUMP_FL, "as do other flags");
    ok(!zc_fileflags_unseal(top, "f"), "once");
    ok(!zc_fileflags_unseal(top, "nothing"), "nothing has none");
}

static void test_removal(void)
{
    struct zc_remove_ops ops = {.unseal = true};
    mkdirat(top, "t", 0755);
    mkdirat(top, "t/u", 0755);
    write_file(top, "t/u/f", "x");
    zc_fileflags_seal(top, "t", FS_IMMUTABLE_FL);
    int t = openat(top, "t", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    zc_fileflags_seal(t, "u", FS_APPEND_FL);
    int u = openat(t, "u", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    zc_fileflags_seal(u, "f", FS_IMMUTABLE_FL);
    is_int(zc_remove_tree(top, "t", "t", NULL), -1, "a sealed tree stays");
    is_int(zc_remove_tree(top, "t", "t", &ops), 0, "unless seals do not count");
    ok(faccessat(top, "t", F_OK, 0), "and is gone then");
    close(t);
    close(u);
}

int main(void)
{
    top = scratch();
    unsigned flags = FS_IMMUTABLE_FL, none = 0;
    write_file(top, "f", "x");
    mkdirat(top, "d", 0755);
    zc_auto_close int fd = openat(top, "f", O_RDONLY | O_CLOEXEC);
    if (ioctl(fd, FS_IOC_SETFLAGS, &flags))
        skip_all("no immutable files here: %s", strerror(errno));
    ioctl(fd, FS_IOC_SETFLAGS, &none);
    test_flags();
    test_seals();
    test_removal();
    return done_testing();
}
