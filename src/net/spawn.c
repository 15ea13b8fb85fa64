// SPDX-License-Identifier: GPL-2.0-or-later
/* Programs that are started for a connection; see spawn.h. */
#include "net/spawn.h"

#include <fcntl.h>
#include <signal.h>
#include <spawn.h>

extern char **environ;

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
    sigset_t none, ours;
    sigemptyset(&none);
    sigemptyset(&ours);
    sigaddset(&ours, SIGPIPE);
    sigaddset(&ours, SIGXFSZ);
    int r = posix_spawnattr_setsigmask(a, &none);
    if (!r)
        r = posix_spawnattr_setsigdefault(a, &ours);
    return r ? r : posix_spawnattr_setflags(a, POSIX_SPAWN_SETSIGMASK |
                                                   POSIX_SPAWN_SETSIGDEF);
}

int zc_spawn(char *const argv[], const int fds[3], pid_t *pid)
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
