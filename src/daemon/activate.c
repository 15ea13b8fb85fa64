// SPDX-License-Identifier: GPL-2.0-or-later
/* Socket activation: descriptors 3, 4, ... are ours if LISTEN_PID says so. What
 * each one is for is told by the socket itself; names only serve to complain.
 */
#include "daemon/activate.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

#define FIRST_FD 3

/* A decimal number from 0 to MAX and nothing else. -1: it is not. */
static long number(const char *text, long max)
{
    char *end;
    if (!text || *text < '0' || *text > '9')
        return -1;
    errno = 0;
    long n = strtol(text, &end, 10);
    return errno || *end || n > max ? -1 : n;
}

static int option(int fd, int name)
{
    int v = -1;
    socklen_t n = sizeof v;
    return getsockopt(fd, SOL_SOCKET, name, &v, &n) ? -1 : v;
}

/* Files FD away as what it is. */
static int sort_in(struct zc_activated *a, int fd, struct zc_err *err)
{
    int family = option(fd, SO_DOMAIN);
    bool serves = option(fd, SO_ACCEPTCONN) == 1 &&
                  option(fd, SO_TYPE) == SOCK_STREAM;
    int flags = fcntl(fd, F_GETFL);
    if (flags < 0 || fcntl(fd, F_SETFL, flags | O_NONBLOCK) ||
        fcntl(fd, F_SETFD, FD_CLOEXEC))
        return zc_err_set(err, ZC_EXIT_SOCKET, errno,
                          "descriptor %d, which was passed in", fd);
    if (serves && (family == AF_INET || family == AF_INET6)) {
        a->listen[a->n_listen++] = fd;
    } else if (serves && family == AF_UNIX && a->control < 0) {
        a->control = fd;
    } else {
        return zc_err_set(err, ZC_EXIT_SOCKET, 0,
                          "descriptor %d, which was passed in, is no listening "
                          "TCP socket, nor the one control socket", fd);
    }
    return 0;
}

static int take_inherited(struct zc_activated *a, struct zc_err *err)
{
    const char *pid = getenv("LISTEN_PID"), *fds = getenv("LISTEN_FDS");
    if (!pid || !fds || number(pid, INT32_MAX) != getpid())
        return 0;
    long n = number(fds, ZC_ACTIVATE_MAX);
    if (n < 0)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "LISTEN_FDS=%.40s is no number of sockets up to %d",
                          fds, ZC_ACTIVATE_MAX);
    for (int fd = FIRST_FD; fd < FIRST_FD + (int)n; fd++) {
        if (sort_in(a, fd, err) == 0)
            continue;
        while (fd < FIRST_FD + (int)n)
            close(fd++);
        return -1;
    }
    return 0;
}

int zc_activate_take(struct zc_activated *a, struct zc_err *err)
{
    *a = (struct zc_activated){.control = -1};
    a->listen = a->fds;
    int r = take_inherited(a, err);
    unsetenv("LISTEN_PID");
    unsetenv("LISTEN_FDS");
    unsetenv("LISTEN_FDNAMES");
    if (r)
        zc_activate_close(a);
    return r;
}

void zc_activate_close(struct zc_activated *a)
{
    for (size_t i = 0; i < a->n_listen; i++)
        zc_close(&a->listen[i]);
    a->n_listen = 0;
    zc_close(&a->control);
}
