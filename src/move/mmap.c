// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * mmap(2) and send, a window of the file at a time: for transports that encrypt
 * from where the bytes are, so that they are never copied in clear; and, to
 * compare with, write(2) from the mapping for those that do not.
 *
 * The file may be cut while it is read (guard.h; a write(2) from there gets
 * EFAULT instead). The bytes are promised, so zeros take the place of what is
 * gone, and that is told.
 */
#include "base/io.h"
#include "move/guard.h"
#include "move/internal.h"
#include "move/mover.h"

#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>

struct map {
    uint8_t *start; /* of a page */
    size_t n;       /* of the mapping */
    const uint8_t *bytes;
    size_t have; /* of them, wanted and inside the file */
};

/* Maps [OFFSET, OFFSET + N) of FD, as far as there is a file. 0 when there is
 * none, -1 with ENOSYS when it cannot be mapped. */
static int map_window(struct map *map, int fd, uint64_t offset, size_t n)
{
    struct stat st;
    size_t skip = (size_t)(offset % (uint64_t)sysconf(_SC_PAGESIZE));
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode)) {
        if ((uint64_t)st.st_size <= offset)
            return 0;
        map->have = (size_t)ZC_MIN((uint64_t)n, (uint64_t)st.st_size - offset);
        map->n = skip + map->have;
        map->start = mmap(NULL, map->n, PROT_READ, MAP_PRIVATE, fd,
                          (off_t)(offset - skip));
        if (map->start != MAP_FAILED) {
            (void)madvise(map->start, map->n, MADV_SEQUENTIAL);
            map->bytes = map->start + skip;
            return 1;
        }
    }
    errno = ENOSYS;
    return -1;
}

/* Why the page at OFFSET of FD could not be had: 0 when the file was cut. */
static int why_fault(struct zc_mover *m, int fd, uint64_t offset)
{
    uint8_t byte;
    ssize_t r = zc_io_pread(fd, &byte, 1, (off_t)offset);
    if (r < 0)
        return errno;
    /* It was cut and has grown again, or mapping is what does not work (a hole
     * of a tmpfs that is full needs a page to be mapped, and none to be read).
     */
    if (r > 0)
        m->no_mmap = true;
    return 0;
}

/* True when the file has been cut below END: its last page is zeros then, and
 * no fault tells. */
static bool was_cut(int fd, uint64_t end)
{
    struct stat st;
    return fstat(fd, &st) || (uint64_t)st.st_size < end;
}

/* All of MAP is sent whatever becomes of the file; its zeros, too. */
static ssize_t send_sealed(struct zc_mover *m, struct zc_transport *t, int fd,
                           uint64_t offset, struct map *map,
                           enum zc_move_fault *fault)
{
    struct iovec iov = {(void *)map->bytes, map->have};
    if (zc_guard_begin(map->start, map->n)) {
        *fault = ZC_FAULT_FILE;
        errno = ENOSYS;
        return -1;
    }
    int r = zc_transport_send(t, &iov, 1), eno = errno;
    const uint8_t *hit = zc_guard_end();
    if (r) {
        *fault = ZC_FAULT_PEER;
        errno = eno;
        return -1;
    }
    if (hit || was_cut(fd, offset + map->have)) {
        *fault = ZC_FAULT_FILE;
        errno = hit ? why_fault(m, fd, offset + (uint64_t)(hit - map->bytes))
                    : 0;
    }
    return (ssize_t)map->have;
}

/* write(2) from MAP. A fault is met again, and told, by the next call. */
static ssize_t send_raw(struct zc_mover *m, struct zc_transport *t, int fd,
                        uint64_t offset, struct map *map,
                        enum zc_move_fault *fault)
{
    size_t done = 0;
    while (done < map->have) {
        const uint8_t *p = map->bytes + done;
        size_t n = map->have - done;
        *fault = ZC_FAULT_PEER;
        if (zc_transport_wait(t, POLLOUT))
            return -1;
        ssize_t r = t->socket ? send(t->raw_wfd, p, n, MSG_NOSIGNAL)
                              : write(t->raw_wfd, p, n);
        if (r >= 0)
            done += (size_t)r;
        else if (errno == EFAULT && done)
            break;
        else if (errno == EFAULT) {
            *fault = ZC_FAULT_FILE;
            errno = why_fault(m, fd, offset);
            if (m->no_mmap) /* then read it */
                errno = ENOSYS;
            return errno ? -1 : 0;
        } else if (errno != EINTR && (errno != EAGAIN || t->socket))
            return -1;
    }
    *fault = ZC_FAULT_NONE;
    if (was_cut(fd, offset + done)) {
        *fault = ZC_FAULT_FILE;
        errno = 0;
    }
    return (ssize_t)done;
}

ssize_t zc_move_send_mmap(struct zc_mover *m, struct zc_transport *t, int fd,
                          uint64_t offset, size_t n,
                          enum zc_move_fault *fault)
{
    struct map map;
    if (m->no_mmap)
        return zc_move_send_buffer(m, t, fd, offset, n, fault);
    int there = map_window(&map, fd, offset, n);
    if (there <= 0) {
        *fault = ZC_FAULT_FILE;
        return there;
    }
    ssize_t r = (t->seals ? send_sealed : send_raw)(m, t, fd, offset, &map,
                                                    fault);
    int eno = errno;
    munmap(map.start, map.n);
    errno = eno;
    return r;
}
