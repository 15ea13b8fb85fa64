// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/mounts.c: what mountinfo says is below a directory. */
#include "tap.h"

#include "fs/mounts.h"
#include "mirror/eventless.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>

/* What is below ROOT on the mount MNT, joined by '|'. */
static const char *below_of(const char *text, const char *root, uint64_t mnt)
{
    static char said[1000];
    zc_mounts mounts = {0};
    zc_mount_paths paths = {0};
    said[0] = '\0';
    if (zc_mounts_parse(text, strlen(text), &mounts) ||
        zc_mounts_below(&mounts, root, mnt, &paths))
        strcpy(said, "failed");
    for (size_t i = 0; i < paths.len; i++) {
        strcat(said, i ? "|" : "");
        strcat(said, paths.v[i]);
    }
    zc_mounts_fini(&mounts);
    zc_mount_paths_fini(&paths);
    return said;
}

#define ROOT_FS "1 0 8:1 / / rw,noatime shared:1 - ext4 /dev/sda1 rw\n"

static void test_below(void)
{
    const char *text = ROOT_FS
        "3 1 0:5 / /srv/a/z rw - tmpfs none rw\n"
        "2 1 8:2 / /srv/a/b rw shared:1 master:2 - xfs /dev/sdb rw\n"
        "4 2 0:6 /sub /srv/a/b/c rw - tmpfs none rw\n"
        "5 1 0:7 / /srv/ab rw - tmpfs none rw\n"
        "6 1 0:8 / /srv/a rw - tmpfs none rw\n";
    is_str(below_of(text, "/srv/a", 1), "b|b/c|z", "below a directory");
    is_str(below_of(text, "/srv/a", 6), "", "on the mount that covers it");
    is_str(below_of(text, "/srv/a/b", 2), "c", "below a mount");
    is_str(below_of(text, "/", 1), "srv/a|srv/ab", "below the root");
    is_str(below_of(text, "/srv/a/b/c", 4), "", "nothing");
    is_str(below_of(text, "/srv/a", 0), "b|b/c|z", "whatever its mount is");
}

static void test_covered(void)
{
    const char *text = ROOT_FS
        "2 1 8:2 / /m rw - xfs /dev/sdb rw\n"
        "3 2 8:3 / /m/n rw - xfs /dev/sdc rw\n"
        "4 2 0:9 / /m rw - tmpfs none rw\n"
        "5 4 0:10 / /m/x rw - tmpfs none rw\n"
        "6 1 0:11 / /m/y rw - tmpfs none rw\n"
        "7 5 0:12 / /m/x rw - tmpfs none rw\n"
        "8 5 0:13 / /m/x/deep rw - tmpfs none rw\n"
        "9 7 0:14 / /m/x/top rw - tmpfs none rw\n";
    is_str(below_of(text, "/", 1), "m|m/x|m/x/top",
           "what is mounted over is not reached");
}

static void test_names(void)
{
    is_str(below_of(ROOT_FS "2 1 0:1 / /a\\040b/c\\134d\\011e\\012f\\043 rw -\n",
                    "/a b", 1),
           "c\\d\te\nf#", "names with odd bytes");
    is_str(below_of(ROOT_FS "2 1 0:1 / /a/\\4x\\40\n", "/a", 1), "\\4x\\40",
           "what only looks like an escape");
    is_str(below_of(ROOT_FS "2 1 0:1 / /a/b", "/a/", 1), "b",
           "a line without an end, a root with a slash");
    is_str(below_of(ROOT_FS "2 1 0:1 / /a.b rw -\n3 2 0:1 / /a/b rw -\n"
                    "4 1 0:1 / /a rw -\n5 4 0:1 / /a/c rw -\n", "/", 1),
           "a|a/c|a.b", "parents first, what is in them next");
}

static void test_nonsense(void)
{
    is_str(below_of("", "/", 1), "", "nothing at all");
    is_str(below_of("x\n\n1\n1 2\n1 2 3\n1 2 3 4\n1 2 3 / a\n", "/", 1), "",
           "lines that are none");
    is_str(below_of("99999999999999999999999 1 0:1 / /a/b rw\n", "/a", 1), "",
           "numbers that are none");
    is_str(below_of("1 1 0:1 / /a rw\n2 3 0:1 / /a rw\n3 2 0:1 / /a rw\n",
                    "/", 2), "a", "a ring of mounts comes to an end");
}

static void test_kernel(void)
{
    char dir[] = "/tmp/zc-mounts.XXXXXX", path[100];
    int fd = open(ZC_MOUNTINFO, O_RDONLY | O_CLOEXEC);
    zc_mount_paths paths = {0};
    if (fd < 0 || !mkdtemp(dir)) {
        skip(8, "no " ZC_MOUNTINFO);
        return;
    }
    int top = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    ok(!zc_mounts_list(fd, top, &paths) && !paths.len, "none below a new one");
    snprintf(path, sizeof path, "%s/a b", dir);
    bool mounted = !mkdir(path, 0755) && !mount("none", path, "tmpfs", 0, NULL);
    if (mounted) {
        ok(zc_mounts_changed(fd), "a change is told");
        ok(!zc_mounts_changed(fd), "once");
        ok(!zc_mounts_list(fd, top, &paths) && paths.len == 1 &&
               !strcmp(paths.v[0], "a b"), "it is listed");
        uint64_t was = 0, is = 0, same = 0;
        ok(!zc_mounts_digest(fd, top, &was) && was &&
               !zc_mounts_digest(fd, top, &same) && same == was,
           "the digest stays while it does");
        ok(!umount(path) && !mount("none", path, "tmpfs", 0, NULL) &&
               !zc_mounts_digest(fd, top, &is) && is != was,
           "another one, with the numbers of the first, is another one");
        umount(path);
        ok(zc_mounts_changed(fd), "so is the end of it");
        zc_mount_paths_fini(&paths);
        ok(!zc_mounts_list(fd, top, &paths) && !paths.len, "it is not listed");
    } else {
        skip(7, "cannot mount: %s", strerror(errno));
    }
    rmdir(path);
    rmdir(dir);
    zc_mount_paths_fini(&paths);
    close(top);
    close(fd);
}

static void test_type(void)
{
    zc_mounts m = {0};
    const char *text = ROOT_FS "2 1 0:40 / /n rw - nfs4 web1:/x rw\n"
                               "3 1 0:41 / /o rw master:1\n"
                               "4 1 0:42 / /f rw - fuse.sshfs a - b rw\n";
    ok(!zc_mounts_parse(text, strlen(text), &m) && m.len == 4, "four mounts");
    is_str(m.v[0].type, "ext4", "a type behind options");
    is_str(m.v[1].type, "nfs4", "and without any");
    is_str(m.v[2].type, "", "a line that ends early has none");
    is_str(m.v[3].type, "fuse.sshfs", "the first dash counts");
    zc_mounts_fini(&m);
    static const char *const silent[] = {"nfs", "nfs4", "cifs", "9p", "fuse",
                                         "fuse.sshfs", "overlay"};
    static const char *const plain[] = {"ext4", "xfs", "btrfs", "tmpfs",
                                        "fuseblk", "nfsd", "", "fusectl"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(silent); i++)
        ok(zc_eventless_whose(silent[i]), "%s hides changes", silent[i]);
    for (size_t i = 0; i < ZC_ARRAY_LEN(plain); i++)
        ok(!zc_eventless_whose(plain[i]), "'%s' does not", plain[i]);
}

int main(void)
{
    test_type();
    test_below();
    test_covered();
    test_names();
    test_nonsense();
    test_kernel();
    return done_testing();
}
