// SPDX-License-Identifier: GPL-2.0-or-later
/* See pipe.h. */
#include "cli/pipe.h"

#include <poll.h>
#include <signal.h>

bool zc_pipe_gone(int fd)
{
    struct pollfd p = {.fd = fd, .events = POLLOUT};
    return poll(&p, 1, 0) == 1 && p.revents & (POLLERR | POLLHUP);
}

int zc_pipe_die(void)
{
    signal(SIGPIPE, SIG_DFL);
    raise(SIGPIPE);
    return 128 + SIGPIPE;
}
