// SPDX-License-Identifier: GPL-2.0-or-later
/* Datagrams of VARIABLE=VALUE lines to a socket that the manager named. */
#include "daemon/notify.h"

#include "base/clock.h"
#include "base/log.h"

#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>

/* A socket connected to PATH; a leading '@' stands for the NUL of the abstract
 * name space (unix(7)). */
static int open_socket(const char *path)
{
    struct sockaddr_un to = {.sun_family = AF_UNIX};
    size_t n = strlen(path);
    if ((path[0] != '/' && path[0] != '@') || !path[1] ||
        n >= sizeof to.sun_path) {
        errno = EINVAL;
        return -1;
    }
    memcpy(to.sun_path, path, n);
    if (path[0] == '@')
        to.sun_path[0] = '\0';
    socklen_t len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + n);
    /* A manager that does not read must not stop us for long. */
    const struct timeval limit = {.tv_sec = 2};
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    if (fd >= 0)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof limit);
    if (fd >= 0 && connect(fd, (struct sockaddr *)&to, len))
        zc_close(&fd);
    return fd;
}

static uint64_t read_watchdog(void)
{
    const char *usec = getenv("WATCHDOG_USEC"), *pid = getenv("WATCHDOG_PID");
    if (!usec || (pid && atol(pid) != getpid()))
        return 0;
    char *end;
    errno = 0;
    unsigned long long n = strtoull(usec, &end, 10);
    return errno || *end || *usec == '-' ? 0 : n;
}

void zc_notify_init(struct zc_notify *n)
{
    const char *path = getenv("NOTIFY_SOCKET");
    *n = (struct zc_notify){.fd = -1};
    if (path && *path) {
        n->fd = open_socket(path);
        if (n->fd < 0)
            zc_log(ZC_LOG_WARN, "NOTIFY_SOCKET=%s: %s", path, strerror(errno));
    }
    if (n->fd >= 0)
        n->watchdog_us = read_watchdog();
    unsetenv("NOTIFY_SOCKET");
    unsetenv("WATCHDOG_USEC");
    unsetenv("WATCHDOG_PID");
}

void zc_notify_fini(struct zc_notify *n)
{
    zc_close(&n->fd);
}

static void tell(struct zc_notify *n, const char *text)
{
    if (n->fd >= 0 && send(n->fd, text, strlen(text), MSG_NOSIGNAL) < 0)
        zc_log(ZC_LOG_DEBUG, "notify: %s", strerror(errno));
}

void zc_notify_ready(struct zc_notify *n)
{
    tell(n, "READY=1\n");
}

void zc_notify_reloading(struct zc_notify *n)
{
    char text[80];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%lld\n",
             (long long)(zc_clock_ns() / 1000));
    tell(n, text);
}

void zc_notify_stopping(struct zc_notify *n)
{
    tell(n, "STOPPING=1\nSTATUS=stopping\n");
}

void zc_notify_watchdog(struct zc_notify *n)
{
    tell(n, "WATCHDOG=1\n");
}

int64_t zc_notify_status(struct zc_notify *n, const char *text)
{
    char line[sizeof n->status + 16];
    int64_t now = zc_clock_ns();
    if (n->fd < 0 || strncmp(text, n->status, sizeof n->status - 1) == 0)
        return INT64_MAX;
    int64_t wait = n->status_at + ZC_NSEC_PER_SEC - now;
    if (n->status_at && wait > 0)
        return wait;
    n->status_at = now;
    snprintf(n->status, sizeof n->status, "%s", text);
    snprintf(line, sizeof line, "STATUS=%s\n", n->status);
    tell(n, line);
    return INT64_MAX;
}
