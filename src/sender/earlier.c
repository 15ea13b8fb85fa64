// SPDX-License-Identifier: GPL-2.0-or-later
/* What the SRC before this one have; see earlier.h. */
#include "sender/earlier.h"

#include "fs/meta.h"
#include "fs/rootdir.h"
#include "sender/links.h"
#include "sender/places.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

void zc_earlier_init(struct zc_sender *s, struct zc_earlier *e)
{
    s->earlier = e;
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
        struct zc_earlier_root *root = &e->roots[e->n];
        root->fd = zc_root_open(s->opt->earlier[e->n].src, err);
        if (root->fd < 0)
            return -1;
        if (s->opt->one_file_system)
            root->places = zc_splaces_read(s, root->fd);
    }
    return 0;
}

void zc_earlier_fini(struct zc_sender *s)
{
    struct zc_earlier *e = s->earlier;
    for (size_t i = 0; i < e->n; i++) {
        zc_close(&e->roots[i].fd);
        zc_places_unref(e->roots[i].places);
    }
    free(e->roots);
    *e = (struct zc_earlier){0};
}

static bool absent(int eno)
{
    return eno == ENOENT || eno == ENOTDIR || eno == ELOOP;
}

/* Finds PATH among the names of a SRC (NULL: it has all). False: what is in it is
 * not its. */
static bool find_dir(const struct zc_fileset *names, const char *path,
                     struct zc_earlier_dir *d)
{
    d->restricted = names != NULL;
    while (d->restricted && *path) {
        size_t n = strcspn(path, "/");
        d->only = zc_fileset_child(names, d->only, path, n);
        if (!d->only)
            return false;
        d->restricted = !zc_fileset_recurses(d->only);
        path += n;
        path += *path == '/';
    }
    return true;
}

/* Where symlinks are followed, a directory may be behind one there. */
static int open_dir(const struct zc_sender *s, int root, const char *path)
{
    int fd = zc_root_open_dir(root, path);
    if (fd < 0 && absent(errno) && zc_slinks_matter(s))
        fd = zc_link_open(root, path, false, O_RDONLY | O_DIRECTORY);
    return fd;
}

int zc_earlier_open(struct zc_sender *s, struct zc_dirnode *node,
                    struct zc_earlier_dirs *dirs)
{
    const struct zc_earlier *e = s->earlier;
    struct zc_buf buf = ZC_BUF_INIT;
    int r = -1;
    *dirs = (struct zc_earlier_dirs){.node = node};
    if (!e->n)
        return 0;
    const char *path = zc_dirnode_path_of(node, "", 0, &buf);
    dirs->v = calloc(e->n, sizeof *dirs->v);
    if (!path || !dirs->v) {
        errno = ENOMEM;
        goto out;
    }
    for (size_t i = 0; i < e->n; i++)
        dirs->v[i].fd = -1;
    for (size_t i = 0; i < e->n; i++) {
        struct zc_earlier_dir *d = &dirs->v[i];
        if (!find_dir(s->opt->earlier[i].names, path, d) ||
            zc_places_over(e->roots[i].places, path))
            continue;
        d->fd = open_dir(s, e->roots[i].fd, path);
        if (d->fd < 0 && !absent(errno))
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
    for (size_t i = 0; dirs->v && i < s->earlier->n; i++)
        zc_close(&dirs->v[i].fd);
    free(dirs->v);
    dirs->v = NULL;
    errno = eno;
}

/* What NAME in FD is to be sent as. -1: there is no such name, or nothing is
 * sent of it. */
static int see_name(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                    int fd, const char *name, struct zc_stat *st)
{
    if (zc_slinks_mounted(s, dirs->node, fd, name) ||
        zc_stat_at(fd, name, st))
        return -1;
    if (!S_ISLNK(st->mode) || !zc_slinks_matter(s))
        return 0;
    zc_auto_close int behind = -1;
    enum zc_slink link = zc_slinks_look(s, dirs->node, fd, name, st, &behind);
    return link == ZC_SLINK_FAILED || link == ZC_SLINK_LEFT ? -1 : 0;
}

/* NAME is a place of SRC number I: not to be looked at, but for a file. */
static bool is_place(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                     size_t i, const char *name)
{
    const struct zc_places *places = s->earlier->roots[i].places;
    struct zc_buf buf = ZC_BUF_INIT;
    if (!places)
        return false;
    const char *path = zc_dirnode_path_of(dirs->node, name, strlen(name),
                                          &buf);
    bool is = !path || zc_places_at(places, path);
    zc_buf_fini(&buf);
    return is && zc_splaces_on_dir(dirs->v[i].fd, name);
}

/* Of SRC number I. A PLACE is a directory, and that is all that is known. */
static bool has_name(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                     size_t i, const char *name, struct zc_stat *st,
                     bool *place)
{
    const struct zc_earlier_dir *d = &dirs->v[i];
    if (d->fd < 0 ||
        (d->restricted && !zc_fileset_child(s->opt->earlier[i].names, d->only,
                                            name, strlen(name))))
        return false;
    *place = is_place(s, dirs, i, name);
    return *place || !see_name(s, dirs, d->fd, name, st);
}

bool zc_earlier_has(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                    const char *name)
{
    struct zc_stat st;
    bool place, has = false;
    for (size_t i = 0; dirs->v && i < s->earlier->n && !has; i++)
        has = has_name(s, dirs, i, name, &st, &place);
    return has;
}

bool zc_earlier_leaves(struct zc_sender *s, const struct zc_earlier_dirs *dirs,
                       int dirfd, const char *name, int *at)
{
    struct zc_stat mine, theirs;
    bool place;
    *at = dirfd;
    for (size_t i = 0; dirs->v && i < s->earlier->n; i++) {
        if (!has_name(s, dirs, i, name, &theirs, &place))
            continue;
        if (!place && !S_ISDIR(theirs.mode))
            return false;
        if (!place)
            *at = dirs->v[i].fd;
        return !see_name(s, dirs, dirfd, name, &mine) && S_ISDIR(mine.mode);
    }
    return true;
}

int zc_earlier_root(const struct zc_sender *s, int fd)
{
    for (size_t i = 0; i < s->earlier->n; i++)
        if (!s->opt->earlier[i].names)
            return s->earlier->roots[i].fd;
    return fd;
}
