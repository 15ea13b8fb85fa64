// SPDX-License-Identifier: GPL-2.0-or-later
/* One descriptor a message; see passfd.h. */
#include "net/passfd.h"

#include <string.h>
#include <sys/socket.h>

/* Room for one descriptor. */
union control {
    char bytes[CMSG_SPACE(sizeof(int))];
    struct cmsghdr align;
};

ssize_t zc_passfd_send(int sock, const void *bytes, size_t n, int fd)
{
    union control control = {0};
    struct iovec iov = {(void *)bytes, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (fd >= 0) {
        m.msg_control = control.bytes;
        m.msg_controllen = sizeof control.bytes;
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(sizeof fd);
        memcpy(CMSG_DATA(c), &fd, sizeof fd);
    }
    return sendmsg(sock, &m, MSG_NOSIGNAL);
}

/* The first; CMSG_SPACE may have had room for more, which nobody has sent. */
static void take(struct cmsghdr *c, int *fd)
{
    int more;
    for (size_t at = CMSG_LEN(0); at + sizeof more <= c->cmsg_len;
         at += sizeof more) {
        memcpy(&more, (char *)c + at, sizeof more);
        if (*fd == ZC_PASSFD_NONE)
            *fd = more;
        else
            zc_close(&more);
    }
}

ssize_t zc_passfd_recv(int sock, void *buf, size_t n, int *fd)
{
    union control control;
    struct iovec iov = {buf, n};
    struct msghdr m = {.msg_iov = &iov,
                       .msg_iovlen = 1,
                       .msg_control = control.bytes,
                       .msg_controllen = sizeof control.bytes};
    *fd = ZC_PASSFD_NONE;
    ssize_t r = recvmsg(sock, &m, MSG_CMSG_CLOEXEC);
    if (r < 0)
        return r;
    struct cmsghdr *c = CMSG_FIRSTHDR(&m);
    if (c && c->cmsg_level == SOL_SOCKET && c->cmsg_type == SCM_RIGHTS)
        take(c, fd);
    else if (m.msg_flags & MSG_CTRUNC)
        *fd = ZC_PASSFD_LOST;
    return r;
}
