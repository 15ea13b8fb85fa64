// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes of one file here into another; see copies.h. */
#include "session/copies.h"

#include "base/io.h"

#include <sys/stat.h>
#include <unistd.h>

/* Bytes of one call. */
#define COPY_MAX ((uint64_t)1 << 30)
#define BUFFER ((size_t)64 << 10)

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

int zc_copy_segment(int in, int out, const struct zc_segment *s)
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

int zc_copy_range(int in, int out, const struct zc_segment *s)
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
        return zc_copy_segment(in, out, s);
    for (uint64_t at = s->from; at < end && next_extent(in, at, end, &part);
         at = part.from + part.length) {
        part.offset = s->offset + (part.from - s->from);
        if (zc_copy_segment(in, out, &part))
            return -1;
    }
    return 0;
}

int zc_copy_all(int in, int out, uint64_t size)
{
    struct zc_segment s = {0};
    if (ftruncate(out, (off_t)size))
        return -1;
    for (uint64_t at = 0; at < size && next_extent(in, at, size, &s);
         at = s.offset + s.length)
        if (zc_copy_segment(in, out, &s))
            return -1;
    return 0;
}

bool zc_copy_is_still(int fd, const struct zc_stat *old)
{
    struct zc_stat now;
    if (zc_stat_at(fd, "", &now))
        return false;
    errno = ESTALE;
    return now.ino == old->ino && now.dev == old->dev &&
           now.size == old->size && now.mtime_s == old->mtime_s &&
           now.mtime_ns == old->mtime_ns;
}
