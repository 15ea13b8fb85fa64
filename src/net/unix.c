// SPDX-License-Identifier: GPL-2.0-or-later
/* Sockets with a path; see unix.h. */
#include "net/unix.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/time.h>

int zc_unix_address(const char *path, const char *what,
                    struct sockaddr_un *addr, struct zc_err *err)
{
    *addr = (struct sockaddr_un){.sun_family = AF_UNIX};
    if (strlen(path) > ZC_UNIX_PATH_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s %.512s: the path is longer than %zu bytes", what,
                          path, ZC_UNIX_PATH_MAX);
    memcpy(addr->sun_path, path, strlen(path) + 1);
    return 0;
}

/* True when somebody accepts connections at ADDR. */
static bool alive(const struct sockaddr_un *addr)
{
    zc_auto_close int fd =
        socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    /* EAGAIN: the queue is full, so there is somebody. */
    return fd >= 0 && (connect(fd, (const struct sockaddr *)addr,
                               sizeof *addr) == 0 || errno == EAGAIN);
}

int zc_unix_clear(const struct sockaddr_un *addr, const char *what,
                  const char *who, struct zc_err *err)
{
    struct stat st;
    const char *path = addr->sun_path;
    if (lstat(path, &st))
        return errno == ENOENT ? 0
                               : zc_err_set(err, ZC_EXIT_SOCKET, errno,
                                            "%s %s", what, path);
    if (!S_ISSOCK(st.st_mode))
        return zc_err_set(err, ZC_EXIT_SOCKET, 0,
                          "%s %s: there is something else of that name", what,
                          path);
    if (alive(addr))
        return zc_err_set(err, ZC_EXIT_SOCKET, 0,
                          "%s %s: %s is listening there", what, path, who);
    if (unlink(path) && errno != ENOENT)
        return zc_err_set(err, ZC_EXIT_SOCKET, errno, "%s %s", what, path);
    return 0;
}

int zc_unix_listen(const char *path, struct zc_err *err)
{
    static const char what[] = "could not listen on the socket";
    struct sockaddr_un addr;
    if (zc_unix_address(path, what, &addr, err) ||
        zc_unix_clear(&addr, what, "somebody", err))
        return -1;
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool bound = fd >= 0 &&
                 bind(fd, (struct sockaddr *)&addr, sizeof addr) == 0;
    if (bound && chmod(path, 0666) == 0 && listen(fd, SOMAXCONN) == 0)
        return fd;
    int why = errno;
    if (bound)
        unlink(path);
    zc_close(&fd);
    return zc_err_set(err, ZC_EXIT_SOCKET, why, "%s %s", what, path);
}

void zc_unix_unlink(const char *path)
{
    struct stat st;
    if (lstat(path, &st) == 0 && S_ISSOCK(st.st_mode))
        unlink(path);
}

int zc_unix_connect(const char *path, unsigned timeout_s)
{
    struct sockaddr_un addr;
    struct timeval tv = {.tv_sec = timeout_s};
    if (zc_unix_address(path, "", &addr, NULL)) {
        errno = ENAMETOOLONG;
        return -1;
    }
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (fd < 0)
        return -1;
    if (timeout_s)
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
    if (connect(fd, (struct sockaddr *)&addr, sizeof addr) == 0) {
        tv.tv_sec = 0;
        (void)setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &tv, sizeof tv);
        return fd;
    }
    int why = errno == EAGAIN ? ETIMEDOUT : errno;
    close(fd);
    errno = why;
    return -1;
}
