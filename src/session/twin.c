// SPDX-License-Identifier: GPL-2.0-or-later
/* Twins; see twin.h. */
#include "session/twin.h"

#include "fs/nest.h"
#include "fs/rootdir.h"
#include "session/copies.h"

#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

#define KEPT                                                                 \
    (ZC_KEEP_PERMS | ZC_KEEP_TIMES | ZC_KEEP_OWNER | ZC_KEEP_GROUP |         \
     ZC_KEEP_ACLS | ZC_KEEP_XATTRS)

void zc_twin_dress(int fd, int dirfd, const char *name,
                   const struct zc_stat *of, uint32_t more)
{
    struct zc_buf attrs = ZC_BUF_INIT;
    struct zc_meta_report report = {0};
    struct zc_stat now;
    bool changed;
    struct zc_meta_want want = {.mode = of->mode | more,
                                .uid = of->uid,
                                .gid = of->gid,
                                .mtime_s = of->mtime_s,
                                .mtime_ns = of->mtime_ns,
                                .skip_times = S_ISDIR(of->mode),
                                .keep = KEPT};
    want.have_xattrs = !zc_xattr_read(dirfd, name, KEPT, &attrs);
    want.xattrs = attrs.data;
    want.xattrs_len = attrs.len;
    if (!zc_stat_at(fd, "", &now))
        (void)zc_meta_apply(fd, &now, &want, NULL, &report, &changed);
    zc_buf_fini(&attrs);
}

static int copy_file(int dirfd, const char *name, const struct zc_stat *of,
                     int to, const char *tmp)
{
    zc_auto_close int in = zc_file_open(dirfd, name, O_RDONLY, 0);
    if (in < 0 || !zc_copy_is_still(in, of))
        return -1;
    int out = zc_file_open(to, tmp, O_RDWR | O_CREAT | O_EXCL, 0600);
    if (out >= 0 &&
        (zc_copy_all(in, out, of->size) || !zc_copy_is_still(in, of)))
        zc_close(&out);
    return out;
}

/* The fd of TMP in TO, which is like OF, but for its looks. */
static int copy(int dirfd, const char *name, const struct zc_stat *of, int to,
                const char *tmp)
{
    if (S_ISREG(of->mode))
        return copy_file(dirfd, name, of, to, tmp);
    if (S_ISLNK(of->mode)) {
        size_t n;
        zc_auto_free char *target = zc_symlink_read(dirfd, name, &n);
        if (!target || symlinkat(target, to, tmp))
            return -1;
    } else if (mknodat(to, tmp, (of->mode & S_IFMT) | 0600, of->rdev)) {
        return -1;
    }
    return zc_path_open(to, tmp);
}

int zc_twin_make(int dirfd, const char *name, int to, const char *to_name,
                 bool sync)
{
    char tmp[ZC_NEST_NAME_SIZE];
    struct zc_stat st;
    /* Such a name is left alone by all, and does not outlive what goes wrong for
     * long. */
    if (zc_stat_at(dirfd, name, &st) || zc_nest_name(tmp))
        return -1;
    zc_auto_close int fd = copy(dirfd, name, &st, to, tmp);
    bool bad = fd < 0;
    if (!bad) {
        zc_twin_dress(fd, dirfd, name, &st, 0);
        bad = (sync && S_ISREG(st.mode) && fsync(fd)) ||
              renameat(to, tmp, to, to_name);
    }
    if (!bad)
        return 0;
    int eno = errno;
    unlinkat(to, tmp, 0);
    errno = eno;
    return -1;
}
