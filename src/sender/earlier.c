// SPDX-License-Identifier: GPL-2.0-or-later
/* What the SRC before this one have; see earlier.h. */
#include "sender/earlier.h"

#include "fs/meta.h"
#include "fs/rootdir.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void zc_earlier_init(struct zc_sender *s, struct zc_earlier *e)
{
    s->earlier = e;
}

static void close_all(int *fds, size_t n)
{
    for (size_t i = 0; i < n; i++)
        zc_close(&fds[i]);
    free(fds);
}

int zc_earlier_start(struct zc_sender *s, struct zc_err *err)
{
    struct zc_earlier *e = s->earlier;
    size_t n = s->opt->n_earlier;
    if (!n)
        return 0;
    e->roots = calloc(n, sizeof *e->roots);
    if (!e->roots)
        return zc_err_nomem(err);
    for (; e->n < n; e->n++) {
        const char *src = s->opt->earlier[e->n].src;
        e->roots[e->n] = zc_root_open(src, err);
        if (e->roots[e->n] < 0)
            return -1;
    }
    return 0;
}

void zc_earlier_fini(struct zc_sender *s)
{
    close_all(s->earlier->roots, s->earlier->n);
    *s->earlier = (struct zc_earlier){0};
}

static bool absent(int eno)
{
    return eno == ENOENT || eno == ENOTDIR || eno == ELOOP;
}

/* True when a SRC with these names (NULL: all) has what is in the directory
 * PATH. */
static bool has_dir(const struct zc_fileset *names, const char *path)
{
    size_t n = strcspn(path, "/");
    if (!names || !n)
        return true;
    const struct zc_fileset_node *node = zc_fileset_child(names, NULL, path, n);
    return node && zc_fileset_recurses(node);
}

int zc_earlier_open(struct zc_sender *s, struct zc_dirnode *node,
                    struct zc_earlier_dirs *dirs)
{
    const struct zc_earlier *e = s->earlier;
    struct zc_buf buf = ZC_BUF_INIT;
    int r = -1;
    *dirs = (struct zc_earlier_dirs){0};
    if (!e->n)
        return 0;
    const char *path = zc_dirnode_path_of(node, "", 0, &buf);
    dirs->fds = calloc(e->n, sizeof *dirs->fds);
    if (!path || !dirs->fds) {
        errno = ENOMEM;
        goto out;
    }
    dirs->top = !*path;
    for (size_t i = 0; i < e->n; i++)
        dirs->fds[i] = -1;
    for (size_t i = 0; i < e->n; i++) {
        if (!has_dir(s->opt->earlier[i].names, path))
            continue;
        dirs->fds[i] = zc_root_open_dir(e->roots[i], path);
        if (dirs->fds[i] < 0 && !absent(errno))
            goto out;
    }
    r = 0;
out:
    if (r)
        zc_earlier_close(s, dirs);
    zc_buf_fini(&buf);
    return r;
}

void zc_earlier_close(struct zc_sender *s, struct zc_earlier_dirs *dirs)
{
    int eno = errno;
    if (dirs->fds)
        close_all(dirs->fds, s->earlier->n);
    dirs->fds = NULL;
    errno = eno;
}

/* Of SRC number I, where its directory is open as FD; TOP: it is the root. */
static bool has_name(const struct zc_sender *s, size_t i, int fd, bool top,
                     const char *name, struct zc_stat *st)
{
    const struct zc_fileset *only = top ? s->opt->earlier[i].names : NULL;
    if (fd < 0 ||
        (only && !zc_fileset_child(only, NULL, name, strlen(name))))
        return false;
    return !zc_stat_at(fd, name, st);
}

bool zc_earlier_leaves(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                       int dirfd, const char *name, int *at)
{
    struct zc_stat mine, theirs;
    *at = dirfd;
    for (size_t i = 0; dirs->fds && i < s->earlier->n; i++) {
        if (!has_name(s, i, dirs->fds[i], dirs->top, name, &theirs))
            continue;
        if (!S_ISDIR(theirs.mode))
            return false;
        *at = dirs->fds[i];
        return !zc_stat_at(dirfd, name, &mine) && S_ISDIR(mine.mode);
    }
    return true;
}

int zc_earlier_root(const struct zc_sender *s, int fd)
{
    for (size_t i = 0; i < s->earlier->n; i++)
        if (!s->opt->earlier[i].names)
            return s->earlier->roots[i];
    return fd;
}
