// SPDX-License-Identifier: GPL-2.0-or-later
/* Buffers for far peers; see far.h. */
#include "net/far.h"

#include "base/util.h"

#include <linux/tcp.h> /* tcpi_min_rtt, which that of glibc has not */
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>

/* Nearer ones are not limited: 2 MiB in each 5 ms are 400 MB/s. */
#define FAR_US 5000
/* Of data, as setsockopt(2) takes it: the kernel adds as much for itself. */
#define FAR_BUF (16 * ZC_MIB)
/* So much may wait for its turn, and what the buffer has more is for what is on its
 * way: else a slow link would be minutes behind what we think we have sent. */
#define FAR_UNSENT ((int)(2 * ZC_MIB))

struct buffer {
    int force, ask;
    const char *max;  /* of who asks */
    const char *grows; /* the last number is up to where it grows by itself */
};

static const struct buffer out = {SO_SNDBUFFORCE, SO_SNDBUF,
                                  "/proc/sys/net/core/wmem_max",
                                  "/proc/sys/net/ipv4/tcp_wmem"};
static const struct buffer in = {SO_RCVBUFFORCE, SO_RCVBUF,
                                 "/proc/sys/net/core/rmem_max",
                                 "/proc/sys/net/ipv4/tcp_rmem"};

/* 0: there is no such file, or it is out of reach. */
static unsigned long last_number(const char *path)
{
    unsigned long n = 0;
    FILE *f = fopen(path, "re");
    if (!f)
        return 0;
    while (fscanf(f, "%lu", &n) == 1)
        ;
    fclose(f);
    return n;
}

bool zc_far_gains(unsigned long may, unsigned long whole)
{
    return whole && ZC_MIN(may, (unsigned long)FAR_BUF) > whole / 2;
}

/* The kernel does not change a size that was asked for any more: so it is asked for
 * only where it is the bigger one. */
static bool grow(int fd, const struct buffer *b)
{
    int n = FAR_BUF;
    unsigned long whole = last_number(b->grows);
    if (!zc_far_gains(FAR_BUF, whole))
        return false;
    return !setsockopt(fd, SOL_SOCKET, b->force, &n, sizeof n) ||
           (zc_far_gains(last_number(b->max), whole) &&
            !setsockopt(fd, SOL_SOCKET, b->ask, &n, sizeof n));
}

void zc_far_grow(int fd, unsigned rtt_us)
{
    int unsent = FAR_UNSENT, window = FAR_BUF;
    if (rtt_us < FAR_US)
        return;
    if (grow(fd, &out))
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &unsent,
                         sizeof unsent);
    /* What the window may become was decided with the first packet. */
    if (grow(fd, &in))
        (void)setsockopt(fd, IPPROTO_TCP, TCP_WINDOW_CLAMP, &window,
                         sizeof window);
}

static bool ask(int fd, struct tcp_info *info)
{
    socklen_t n = sizeof *info;
    *info = (struct tcp_info){0};
    return !getsockopt(fd, IPPROTO_TCP, TCP_INFO, info, &n);
}

void zc_far_set_up(int fd)
{
    struct tcp_info info;
    if (ask(fd, &info))
        zc_far_grow(fd, info.tcpi_rtt);
}

unsigned zc_far_rtt_us(int fd)
{
    struct tcp_info info;
    if (!ask(fd, &info) || info.tcpi_min_rtt == ~0U)
        return 0;
    return info.tcpi_min_rtt;
}
