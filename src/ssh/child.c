// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs whose output is wanted; see child.h. */
#include "ssh/child.h"

#include "base/clock.h"
#include "net/spawn.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>

#define SLICE_MS 200 /* how often the stop flag is looked at */
#define CHUNK 4096u

/* Takes what P has, up to MAX bytes in all; closed at the end of file. */
static void take(struct pollfd *p, struct zc_buf *to, size_t max)
{
    uint8_t waste[CHUNK];
    uint8_t *room = to->len + CHUNK <= max ? zc_buf_reserve(to, CHUNK) : NULL;
    ssize_t n = read(p->fd, room ? room : waste, CHUNK);
    if (n > 0 && room)
        to->len += (size_t)n;
    else if (n == 0 || (n < 0 && errno != EINTR && errno != EAGAIN))
        zc_close(&p->fd);
}

static int collect(struct pollfd p[2], struct zc_buf *to[2], size_t max,
                   int64_t end, const atomic_bool *stop)
{
    while (p[0].fd >= 0 || p[1].fd >= 0) {
        if (stop && atomic_load(stop))
            return ECANCELED;
        if (zc_clock_ns() >= end)
            return ETIMEDOUT;
        if (poll(p, 2, SLICE_MS) <= 0)
            continue;
        for (int i = 0; i < 2; i++)
            if (p[i].fd >= 0 && p[i].revents)
                take(&p[i], to[i], max);
    }
    return 0;
}

int zc_ssh_run(char *const argv[], size_t max, unsigned seconds,
               const atomic_bool *stop, struct zc_buf *out, struct zc_buf *said,
               int *status)
{
    int o[2] = {-1, -1}, e[2] = {-1, -1};
    pid_t pid, waited;
    int r = pipe2(o, O_CLOEXEC) || pipe2(e, O_CLOEXEC) ? errno : 0;
    if (!r)
        r = zc_spawn(argv, (const int[]){-1, o[1], e[1]}, &pid);
    zc_close(&o[1]);
    zc_close(&e[1]);
    struct pollfd p[2] = {{.fd = o[0], .events = POLLIN},
                          {.fd = e[0], .events = POLLIN}};
    if (!r) {
        struct zc_buf *to[2] = {out, said};
        int64_t end = zc_clock_ns() + seconds * ZC_NSEC_PER_SEC;
        r = collect(p, to, max, end, stop);
        if (r)
            kill(pid, SIGKILL);
        do
            waited = waitpid(pid, status, 0);
        while (waited < 0 && errno == EINTR);
        if (waited < 0)
            *status = 0;
    }
    zc_close(&p[0].fd);
    zc_close(&p[1].fd);
    return r;
}
