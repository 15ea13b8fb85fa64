// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that are started for a connection; see child.h. */
#include "ssh/child.h"

#include "base/clock.h"

#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>

extern char **environ;

#define SLICE_MS 200 /* how often the stop flag is looked at */
#define CHUNK 4096u

static int actions_for(posix_spawn_file_actions_t *a, const int fds[3])
{
    int r = 0;
    for (int i = 0; i < 3 && !r; i++) {
        if (fds[i] >= 0)
            r = posix_spawn_file_actions_adddup2(a, fds[i], i);
        else if (i < 2)
            r = posix_spawn_file_actions_addopen(a, i, "/dev/null",
                                                 i ? O_WRONLY : O_RDONLY, 0);
    }
    return r;
}

static int attributes_for(posix_spawnattr_t *a)
{
    sigset_t none, all;
    sigemptyset(&none);
    sigfillset(&all);
    sigdelset(&all, SIGKILL);
    sigdelset(&all, SIGSTOP);
    int r = posix_spawnattr_setsigmask(a, &none);
    if (!r)
        r = posix_spawnattr_setsigdefault(a, &all);
    return r ? r : posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF);
}

int zc_ssh_spawn(char *const argv[], const int fds[3], pid_t *pid)
{
    posix_spawn_file_actions_t actions;
    posix_spawnattr_t attributes;
    int r = posix_spawn_file_actions_init(&actions);
    if (r)
        return r;
    r = posix_spawnattr_init(&attributes);
    if (r) {
        posix_spawn_file_actions_destroy(&actions);
        return r;
    }
    r = actions_for(&actions, fds);
    if (!r)
        r = attributes_for(&attributes);
    if (!r)
        r = posix_spawnp(pid, argv[0], &actions, &attributes, argv, environ);
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    return r;
}

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
        r = zc_ssh_spawn(argv, (const int[]){-1, o[1], e[1]}, &pid);
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
