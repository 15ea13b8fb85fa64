// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What the forker and who has it start receivers say to each other, and what comes
 * over a socket beside bytes at all. The first byte says who hears; the rest is a row
 * of packets: a byte, of which the lower two bits say how many descriptors are with
 * it, a length (2 bytes, little-endian), and so many bytes. What is taken is what it
 * looks like, and whatever came no descriptor is left but the one that was wanted.
 */
#include "daemon/forker_talk.h"
#include "net/transport.h"

#include <fcntl.h>
#include <stdint.h>
#include <string.h>
#include <sys/socket.h>

#define PACKETS_MAX 32 /* that nobody reads meanwhile */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* How many descriptors are open, FROM 3 to 99. */
static unsigned count_open(void)
{
    unsigned n = 0;
    for (int fd = 3; fd < 100; fd++)
        n += fcntl(fd, F_GETFD) >= 0;
    return n;
}

static bool send_packet(int to, const void *p, size_t n, unsigned n_fds)
{
    union {
        char bytes[CMSG_SPACE(3 * sizeof(int))];
        struct cmsghdr align;
    } control = {0};
    const int fds[3] = {0, 1, 2};
    struct iovec iov = {(void *)p, n};
    struct msghdr m = {.msg_iov = &iov, .msg_iovlen = 1};
    if (n_fds) {
        m.msg_control = control.bytes;
        m.msg_controllen = CMSG_SPACE(n_fds * sizeof(int));
        struct cmsghdr *c = CMSG_FIRSTHDR(&m);
        c->cmsg_level = SOL_SOCKET;
        c->cmsg_type = SCM_RIGHTS;
        c->cmsg_len = CMSG_LEN(n_fds * sizeof(int));
        memcpy(CMSG_DATA(c), fds, n_fds * sizeof(int));
    }
    return sendmsg(to, &m, MSG_NOSIGNAL | MSG_DONTWAIT) == (ssize_t)n;
}

static void send_packets(int to, const uint8_t *data, size_t size)
{
    for (int i = 0; i < PACKETS_MAX && size >= 3; i++) {
        unsigned n_fds = data[0] & 3;
        size_t n = (size_t)(data[1] | data[2] << 8);
        data += 3;
        size -= 3;
        n = ZC_MIN(n, size);
        if (!n || !send_packet(to, data, n, n_fds))
            return;
        data += n;
        size -= n;
    }
}

/* As the forker does: what it takes, it is asked again in the same words. */
static void hear_requests(int from)
{
    char request[ZC_FORKER_REQUEST_MAX], again[ZC_FORKER_REQUEST_MAX];
    int s[2];
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, s))
        return;
    while (zc_forker_hear(from, request) == 0) {
        must(memchr(request, '\0', sizeof request) != NULL);
        must(request[0] == ZC_FORKER_START || request[0] == ZC_FORKER_BESIDE ||
             request[0] == ZC_FORKER_END);
        enum zc_forker_want want = (enum zc_forker_want)request[0];
        must(zc_forker_ask(s[0], want, request + 1) == 0);
        must(zc_forker_hear(s[1], again) == 0 && !strcmp(request, again));
    }
    close(s[0]);
    close(s[1]);
}

static void hear_answers(int from, bool wanted)
{
    int fd, eno;
    unsigned before = count_open();
    do {
        fd = -1;
        eno = zc_forker_hear_answer(from, wanted ? &fd : NULL);
        must((fd >= 0) == (wanted && eno == 0));
        must(fd < 0 || fcntl(fd, F_GETFD) & FD_CLOEXEC);
        must(count_open() == before + (fd >= 0));
        zc_close(&fd);
    } while (eno >= 0);
}

/* A connection that may pass descriptors; who asks for one gets none twice. */
static void receive(int from, size_t piece)
{
    uint8_t room[256];
    struct zc_transport *t = zc_transport_new_local(from);
    int fd;
    must(t != NULL);
    while (zc_transport_recv(t, room, piece) > 0)
        if ((fd = zc_transport_take_fd(t)) >= 0) {
            must(fcntl(fd, F_GETFD) & FD_CLOEXEC);
            zc_close(&fd);
        }
    zc_transport_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    int s[2];
    if (size < 1)
        return 0;
    unsigned before = count_open(), who = data[0] % 4;
    int type = who == 3 ? SOCK_STREAM : SOCK_SEQPACKET;
    if (socketpair(AF_UNIX, type | SOCK_CLOEXEC, 0, s))
        return 0;
    send_packets(s[0], data + 1, size - 1);
    shutdown(s[0], SHUT_WR);
    if (who == 0)
        hear_requests(s[1]);
    else if (who < 3)
        hear_answers(s[1], who == 1);
    else
        receive(s[1], (size_t)1 + data[0] / 4);
    if (who != 3)
        close(s[1]);
    close(s[0]);
    must(count_open() == before);
    return 0;
}
