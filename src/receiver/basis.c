// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes from a file that is here; see basis.h. */
#include "receiver/basis.h"

#include "base/io.h"
#include "fs/partial.h"
#include "fs/rootdir.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/place.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* Bytes of one call. */
#define COPY_MAX ((uint64_t)1 << 30)
#define BUFFER ((size_t)64 << 10)
/* Files of so many bytes are worth being kept when they came in part. */
#define PARTIAL_MIN ((uint64_t)1 << 20)

/* The kernel cannot copy between these two. */
static bool is_refused(int eno)
{
    return eno == EXDEV || eno == EOPNOTSUPP || eno == ENOSYS || eno == EINVAL;
}

static int read_and_write(int in, int out, uint64_t from, uint64_t to,
                          uint64_t n)
{
    uint8_t buf[BUFFER];
    while (n) {
        size_t now = (size_t)ZC_MIN(n, (uint64_t)sizeof buf);
        ssize_t got = zc_io_pread(in, buf, now, (off_t)from);
        if (got >= 0 && (size_t)got < now)
            errno = ESTALE;
        if (got != (ssize_t)now ||
            zc_io_pwrite(out, buf, now, (off_t)to))
            return -1;
        from += now;
        to += now;
        n -= now;
    }
    return 0;
}

/* What is shared where the file system can is shared by this, too, from Linux
 * 5.19 on. */
static int copy_segment(int in, int out, const struct zc_segment *s)
{
    loff_t from = (loff_t)s->from, to = (loff_t)s->offset;
    uint64_t n = s->length;
    while (n) {
        ssize_t done = copy_file_range(in, &from, out, &to,
                                       (size_t)ZC_MIN(n, COPY_MAX), 0);
        if (done < 0 && errno == EINTR)
            continue;
        if (done < 0 && is_refused(errno))
            return read_and_write(in, out, (uint64_t)from, (uint64_t)to, n);
        if (done <= 0) {
            errno = done ? errno : ESTALE; /* it is shorter than it was */
            return -1;
        }
        n -= (uint64_t)done;
    }
    return 0;
}

static int open_old(struct zc_receiver *r, const struct zc_shelf *where,
                    const char *name)
{
    int dirfd = zc_dirnode_pin(r->tree, where->node);
    if (dirfd < 0)
        return -1;
    int fd = zc_file_open(dirfd, name, O_RDONLY, 0), eno = errno;
    zc_dirnode_unpin(r->tree, where->node);
    errno = eno;
    return fd;
}

int zc_basis_copy(struct zc_receiver *r, const struct zc_shelf *where,
                  const char *name, int fd, const struct zc_segment *s)
{
    zc_auto_close int old = open_old(r, where, name);
    return old < 0 || copy_segment(old, fd, s) ? -1 : 0;
}

/* --- partials ------------------------------------------------------------ */

/* The folder of them that D's have, or -1. */
static int partials_of(struct zc_receiver *r, const struct zc_rdir *d)
{
    const struct zc_volume *v = d->shelf.vol;
    return r->partials && v && v->staging ? zc_staging_partials(v->staging)
                                          : -1;
}

static const char *path_of(const struct zc_rdir *d, const struct zc_entry *e,
                           struct zc_buf *buf)
{
    return zc_dirnode_path_of(d->shelf.node, e->name, e->name_len, buf);
}

/* What has come of E before; -1: nothing. */
static int open_partial(struct zc_receiver *r, const struct zc_rdir *d,
                        const struct zc_entry *e, struct zc_stat *st)
{
    int folder = partials_of(r, d);
    if (folder < 0)
        return -1;
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = path_of(d, e, &buf);
    int fd = path ? zc_partial_open(folder, path, st) : -1;
    zc_buf_fini(&buf);
    return fd;
}

uint64_t zc_basis_size(struct zc_receiver *r, const struct zc_rdir *d,
                       const struct zc_entry *e, uint64_t old)
{
    struct zc_stat st;
    zc_auto_close int fd = open_partial(r, d, e, &st);
    uint64_t size = fd >= 0 ? ZC_MAX(st.size, old) : old;
    return size >= ZC_BASIS_MIN && e->size >= ZC_BASIS_MIN ? size : 0;
}

int zc_basis_open(struct zc_receiver *r, const struct zc_rdir *d,
                  const struct zc_entry *e)
{
    char name[ZC_NAME_MAX + 1];
    struct zc_stat old, part;
    zc_entry_name(e, name);
    int fd = open_old(r, &d->shelf, name);
    int partial = open_partial(r, d, e, &part);
    if (partial >= 0 &&
        (fd < 0 || zc_stat_at(fd, "", &old) || old.blocks < part.blocks)) {
        zc_close(&fd);
        return partial;
    }
    zc_close(&partial);
    return fd;
}

bool zc_basis_tmp(struct zc_receiver *r, const struct zc_rdir *d,
                  const struct zc_entry *e, char tmp[ZC_STAGING_NAME_SIZE])
{
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = NULL;
    if (r->partials && e->size >= PARTIAL_MIN && !zc_shelf_in_nest(&d->shelf))
        path = path_of(d, e, &buf);
    if (path)
        zc_partial_tmp(path, tmp);
    zc_buf_fini(&buf);
    return path;
}

void zc_basis_drop(struct zc_receiver *r, const struct zc_rdir *d,
                   const struct zc_entry *e)
{
    int folder = partials_of(r, d);
    if (folder < 0)
        return;
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = path_of(d, e, &buf);
    if (path)
        zc_partial_remove(folder, path);
    zc_buf_fini(&buf);
}

/* --- copies -------------------------------------------------------------- */

/* Where the data from AT on begin and end; false: there are none. A file system
 * that cannot tell has no holes. */
static bool next_extent(int fd, uint64_t at, uint64_t size,
                        struct zc_segment *s)
{
    off_t data = lseek(fd, (off_t)at, SEEK_DATA);
    off_t hole = data < 0 ? -1 : lseek(fd, data, SEEK_HOLE);
    if (data < 0 && errno == ENXIO)
        return false;
    uint64_t from = data < 0 ? at : (uint64_t)data;
    uint64_t to = hole < 0 ? size : ZC_MIN((uint64_t)hole, size);
    *s = (struct zc_segment){.offset = from, .from = from,
                             .length = to > from ? to - from : 0};
    return s->length;
}

int zc_basis_copy_range(int in, int out, const struct zc_segment *s)
{
    struct stat st;
    struct zc_segment part;
    uint64_t end = s->from + s->length;
    if (fstat(in, &st))
        return -1;
    if ((uint64_t)st.st_size < end) {
        errno = ESTALE;
        return -1;
    }
    if ((uint64_t)st.st_blocks * 512 >= (uint64_t)st.st_size)
        return copy_segment(in, out, s);
    for (uint64_t at = s->from; at < end && next_extent(in, at, end, &part);
         at = part.from + part.length) {
        part.offset = s->offset + (part.from - s->from);
        if (copy_segment(in, out, &part))
            return -1;
    }
    return 0;
}

int zc_basis_copy_all(int in, int out, uint64_t size)
{
    struct zc_segment s = {0};
    if (ftruncate(out, (off_t)size))
        return -1;
    for (uint64_t at = 0; at < size && next_extent(in, at, size, &s);
         at = s.offset + s.length)
        if (copy_segment(in, out, &s))
            return -1;
    return 0;
}

/* As R opens files, with descriptors that it can do without. */
static int open_file(struct zc_receiver *r, int dirfd, const char *name,
                     int flags, mode_t mode)
{
    int fd;
    do
        fd = zc_file_open(dirfd, name, flags, mode);
    while (fd < 0 && zc_dirtree_give_back(r->tree));
    return fd;
}

/* No write has come in between, so the copy is of one version. */
static bool is_still(int fd, const struct zc_stat *old)
{
    struct zc_stat now;
    if (zc_stat_at(fd, "", &now))
        return false;
    errno = ESTALE;
    return now.ino == old->ino && now.dev == old->dev &&
           now.size == old->size && now.mtime_s == old->mtime_s &&
           now.mtime_ns == old->mtime_ns;
}

int zc_basis_copy_file(struct zc_receiver *r, int dirfd, const char *name,
                       const struct zc_stat *old, int base, const char *tmp,
                       mode_t mode)
{
    zc_auto_close int in = open_file(r, dirfd, name, O_RDONLY, 0);
    if (in < 0 || !is_still(in, old))
        return -1;
    int out = open_file(r, base, tmp, O_RDWR | O_CREAT | O_EXCL, mode);
    if (out >= 0 &&
        (zc_basis_copy_all(in, out, old->size) || !is_still(in, old)))
        zc_close(&out);
    return out;
}
