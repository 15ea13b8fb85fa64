// SPDX-License-Identifier: GPL-2.0-or-later
/* Marks of what may have changed; see hook_marks.h. */
#include "daemon/hook_marks.h"

#include <dirent.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* What the names of those of NAME begin with, in OUT. */
static int begin_of(bool mirror, const char *name, char **out)
{
    return asprintf(out, "changes.%s.%s.", mirror ? "mirror" : "share", name);
}

static char *path_of(const char *state, bool mirror, const char *name,
                     pid_t daemon, uint64_t number)
{
    char *path;
    zc_auto_free char *begin = NULL;
    if (begin_of(mirror, name, &begin) < 0) {
        begin = NULL;
        return NULL;
    }
    return asprintf(&path, "%s/%s%d-%" PRIu64, state, begin, (int)daemon,
                    number) < 0
               ? NULL
               : path;
}

static int make(const char *path)
{
    zc_auto_close int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC |
                                          O_NOFOLLOW | O_NONBLOCK, 0600);
    return fd < 0 ? -1 : fsync(fd);
}

int zc_hook_mark_make(const char *state, bool mirror, const char *name,
                      uint64_t number)
{
    zc_auto_free char *path = path_of(state, mirror, name, getppid(), number);
    if (!path)
        return -1;
    int bad = make(path);
    if (bad && errno == ENOENT && !mkdir(state, 0750))
        bad = make(path);
    if (bad)
        return -1;
    zc_auto_close int dir = open(state, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    return dir < 0 ? -1 : fsync(dir);
}

void zc_hook_mark_drop(const char *state, bool mirror, const char *name,
                       uint64_t number)
{
    zc_auto_free char *path = path_of(state, mirror, name, getpid(), number);
    if (path && *name)
        (void)unlink(path);
}

static int add(zc_hook_marks *m, char *path)
{
    if (path && !zc_vec_push(m, path))
        return 0;
    free(path);
    return -1;
}

int zc_hook_marks_add(zc_hook_marks *m, const char *state, bool mirror,
                      const char *name, uint64_t number)
{
    return add(m, path_of(state, mirror, name, getpid(), number));
}

bool zc_hook_marks_find(zc_hook_marks *m, const char *state, bool mirror,
                        const char *name)
{
    zc_auto_free char *begin = NULL;
    const struct dirent *e;
    if (begin_of(mirror, name, &begin) < 0) {
        begin = NULL;
        return false;
    }
    size_t n = strlen(begin), before = m->len;
    DIR *d = opendir(state);
    while (d && (e = readdir(d))) {
        char *path;
        /* Another name may begin with this one and a dot. */
        if (strncmp(e->d_name, begin, n) != 0 ||
            e->d_name[n + strspn(e->d_name + n, "0123456789-")])
            continue;
        if (asprintf(&path, "%s/%s", state, e->d_name) >= 0)
            (void)add(m, path);
    }
    if (d)
        closedir(d);
    return m->len > before;
}

void zc_hook_marks_clear(zc_hook_marks *m)
{
    for (size_t i = 0; i < m->len; i++)
        (void)unlink(m->v[i]);
    zc_hook_marks_fini(m);
}

void zc_hook_marks_fini(zc_hook_marks *m)
{
    for (size_t i = 0; i < m->len; i++)
        free(m->v[i]);
    zc_vec_fini(m);
}
