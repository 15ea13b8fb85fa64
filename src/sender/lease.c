// SPDX-License-Identifier: GPL-2.0-or-later
/* Taking read leases and giving them up; see lease.h. */
#include "sender/lease.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>
#include <signal.h>
#include <string.h>

static int lease_signal(void)
{
    return SIGRTMIN + 5;
}

/* The fd may have been closed and reused since: then some other lease is given
 * up, which costs that file a second look and nothing else. */
static void on_break(int sig, siginfo_t *info, void *context)
{
    (void)sig;
    (void)context;
    int keep = errno;
    fcntl(info->si_fd, F_SETLEASE, F_UNLCK);
    errno = keep;
}

void zc_lease_init(void)
{
    struct sigaction sa;
    memset(&sa, 0, sizeof sa);
    sa.sa_sigaction = on_break;
    sa.sa_flags = SA_SIGINFO | SA_RESTART;
    sigaction(lease_signal(), &sa, NULL);
}

enum zc_lease zc_lease_take(int fd)
{
    /* Each time: giving a lease up resets the signal to SIGIO. */
    if (fcntl(fd, F_SETSIG, lease_signal()))
        return ZC_LEASE_NONE;
    if (!fcntl(fd, F_SETLEASE, F_RDLCK))
        return ZC_LEASE_HELD;
    return errno == EAGAIN ? ZC_LEASE_WRITER : ZC_LEASE_NONE;
}

bool zc_lease_unbroken(int fd)
{
    return fcntl(fd, F_GETLEASE) == F_RDLCK;
}

void zc_lease_release(int fd)
{
    fcntl(fd, F_SETLEASE, F_UNLCK);
}

/* SEEK_HOLE takes the inode's lock, which writers hold, on ext4, btrfs and
 * tmpfs (seen on 6.18); xfs takes it for every read. Where it fails, so will
 * what comes next. */
void zc_write_barrier(int fd)
{
    (void)!lseek(fd, 0, SEEK_HOLE);
}
