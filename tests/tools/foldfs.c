// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A file system that takes names for the same which differ in the case of
 * letters, or in how an e with an accent is written (one character, or two),
 * and that keeps the spelling which came first: as ext4 does with casefold.
 *
 *     foldfs DIR MOUNTPOINT [-f] [-o OPTIONS]
 *
 * shows DIR, in which nobody else works, at MOUNTPOINT. With FOLDFS_TIMELESS in
 * the environment no time can be set, and setting one succeeds; with
 * FOLDFS_OWN_INODES each name shows an inode of its own. Built where there is
 * libfuse 3.
 */
#define FUSE_USE_VERSION 31
#include <ctype.h>
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <fuse.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <unistd.h>

static const char *base;

static void fold(const char *name, char *out)
{
    while (*name) {
        if (!strncmp(name, "e\xcc\x81", 3) || !strncmp(name, "E\xcc\x81", 3)) {
            out = stpcpy(out, "\xc3\xa9");
            name += 3;
        } else {
            *out++ = (char)tolower((unsigned char)*name++);
        }
    }
    *out = '\0';
}

/* What NAME is called in DIR; itself where there is nothing. */
static void spelling(const char *dir, const char *name, char *out)
{
    char want[NAME_MAX + 1], have[NAME_MAX + 1];
    DIR *d = opendir(dir);
    strcpy(out, name);
    fold(name, want);
    for (struct dirent *e; d && (e = readdir(d));) {
        fold(e->d_name, have);
        if (!strcmp(want, have))
            strcpy(out, e->d_name);
    }
    if (d)
        closedir(d);
}

static const char *real(const char *path, char out[PATH_MAX])
{
    char part[NAME_MAX + 1], found[NAME_MAX + 1];
    strcpy(out, base);
    while (*path) {
        size_t n = strcspn(path, "/");
        if (n) {
            snprintf(part, sizeof part, "%.*s", (int)n, path);
            spelling(out, part, found);
            strcat(strcat(out, "/"), found);
        }
        path += n + (path[n] == '/');
    }
    return out;
}

#define R(x) ((x) < 0 ? -errno : 0)

static int f_getattr(const char *p, struct stat *st, struct fuse_file_info *fi)
{
    char b[PATH_MAX];
    return fi ? R(fstat((int)fi->fh, st)) : R(lstat(real(p, b), st));
}

static int f_readdir(const char *p, void *buf, fuse_fill_dir_t fill, off_t off,
                     struct fuse_file_info *fi, enum fuse_readdir_flags flags)
{
    char b[PATH_MAX];
    DIR *d = opendir(real(p, b));
    (void)off, (void)fi, (void)flags;
    if (!d)
        return -errno;
    for (struct dirent *e; (e = readdir(d));)
        fill(buf, e->d_name, NULL, 0, 0);
    closedir(d);
    return 0;
}

static int f_rename(const char *from, const char *to, unsigned flags)
{
    char a[PATH_MAX], b[PATH_MAX];
    return R(renameat2(AT_FDCWD, real(from, a), AT_FDCWD, real(to, b), flags));
}

static int f_open(const char *p, struct fuse_file_info *fi)
{
    char b[PATH_MAX];
    int fd = open(real(p, b), fi->flags & ~(O_CREAT | O_EXCL));
    fi->fh = (uint64_t)fd;
    return R(fd);
}

static int f_create(const char *p, mode_t mode, struct fuse_file_info *fi)
{
    char b[PATH_MAX];
    int fd = open(real(p, b), fi->flags | O_CREAT, mode);
    fi->fh = (uint64_t)fd;
    return R(fd);
}

static int f_read(const char *p, char *buf, size_t n, off_t at,
                  struct fuse_file_info *fi)
{
    ssize_t got = pread((int)fi->fh, buf, n, at);
    (void)p;
    return got < 0 ? -errno : (int)got;
}

static int f_write(const char *p, const char *buf, size_t n, off_t at,
                   struct fuse_file_info *fi)
{
    ssize_t done = pwrite((int)fi->fh, buf, n, at);
    (void)p;
    return done < 0 ? -errno : (int)done;
}

static int f_release(const char *p, struct fuse_file_info *fi)
{
    (void)p;
    return R(close((int)fi->fh));
}

static int f_utimens(const char *p, const struct timespec ts[2],
                     struct fuse_file_info *fi)
{
    char b[PATH_MAX];
    (void)fi;
    if (getenv("FOLDFS_TIMELESS"))
        return 0;
    return R(utimensat(AT_FDCWD, real(p, b), ts, AT_SYMLINK_NOFOLLOW));
}

static int f_truncate(const char *p, off_t n, struct fuse_file_info *fi)
{
    char b[PATH_MAX];
    return fi ? R(ftruncate((int)fi->fh, n)) : R(truncate(real(p, b), n));
}

static int f_chmod(const char *p, mode_t mode, struct fuse_file_info *fi)
{
    char b[PATH_MAX];
    (void)fi;
    return R(chmod(real(p, b), mode));
}

static int f_chown(const char *p, uid_t u, gid_t g, struct fuse_file_info *fi)
{
    char b[PATH_MAX];
    (void)fi;
    return R(lchown(real(p, b), u, g));
}

static int f_mkdir(const char *p, mode_t mode)
{
    char b[PATH_MAX];
    return R(mkdir(real(p, b), mode));
}

static int f_rmdir(const char *p)
{
    char b[PATH_MAX];
    return R(rmdir(real(p, b)));
}

static int f_unlink(const char *p)
{
    char b[PATH_MAX];
    return R(unlink(real(p, b)));
}

static int f_symlink(const char *to, const char *p)
{
    char b[PATH_MAX];
    return R(symlink(to, real(p, b)));
}

static int f_link(const char *from, const char *to)
{
    char a[PATH_MAX], b[PATH_MAX];
    return R(link(real(from, a), real(to, b)));
}

static int f_readlink(const char *p, char *buf, size_t n)
{
    char b[PATH_MAX];
    ssize_t got = readlink(real(p, b), buf, n - 1);
    buf[got < 0 ? 0 : got] = '\0';
    return R(got);
}

static void *f_init(struct fuse_conn_info *conn, struct fuse_config *cfg)
{
    (void)conn;
    cfg->use_ino = !getenv("FOLDFS_OWN_INODES");
    cfg->entry_timeout = cfg->attr_timeout = cfg->negative_timeout = 0;
    return NULL;
}

static const struct fuse_operations ops = {
    .init = f_init,
    .getattr = f_getattr,
    .readdir = f_readdir,
    .rename = f_rename,
    .open = f_open,
    .create = f_create,
    .read = f_read,
    .write = f_write,
    .release = f_release,
    .utimens = f_utimens,
    .truncate = f_truncate,
    .chmod = f_chmod,
    .chown = f_chown,
    .mkdir = f_mkdir,
    .rmdir = f_rmdir,
    .unlink = f_unlink,
    .symlink = f_symlink,
    .link = f_link,
    .readlink = f_readlink,
};

int main(int argc, char **argv)
{
    if (argc < 3 || !(base = realpath(argv[1], NULL)))
        return 2;
    argv[1] = argv[0];
    return fuse_main(argc - 1, argv + 1, &ops, NULL);
}
