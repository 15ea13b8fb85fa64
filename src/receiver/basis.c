// SPDX-License-Identifier: GPL-2.0-or-later
/* Bytes from a file that is here; see basis.h. */
#include "receiver/basis.h"

#include "fs/partial.h"
#include "fs/rootdir.h"
#include "receiver/cmp.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/moved.h"
#include "receiver/volumes.h"
#include "session/copies.h"

#include <fcntl.h>

/* Files of so many bytes are worth being kept when they came in part. */
#define PARTIAL_MIN ((uint64_t)1 << 20)

static int open_old(struct zc_receiver *r, const struct zc_shelf *where,
                    const char *name)
{
    int dirfd = zc_dirnode_pin(r->tree, where->node);
    if (dirfd < 0)
        return -1;
    int fd = zc_file_open(dirfd, name, O_RDONLY, 0), eno = errno;
    zc_dirnode_unpin(r->tree, where->node);
    errno = eno;
    return fd;
}

int zc_basis_copy(struct zc_receiver *r, const struct zc_shelf *where,
                  const char *name, int fd, const struct zc_segment *s)
{
    zc_auto_close int old = open_old(r, where, name);
    return old < 0 || zc_copy_segment(old, fd, s) ? -1 : 0;
}

/* --- partials --- */

/* The folder of them that D's have, or -1. */
static int partials_of(struct zc_receiver *r, const struct zc_rdir *d)
{
    const struct zc_volume *v = d->shelf.vol;
    return r->partials && v && v->staging ? zc_staging_partials(v->staging)
                                          : -1;
}

static const char *path_of(const struct zc_rdir *d, const struct zc_entry *e,
                           struct zc_buf *buf)
{
    return zc_dirnode_path_of(d->shelf.node, e->name, e->name_len, buf);
}

/* What has come of E before; -1: nothing. */
static int open_partial(struct zc_receiver *r, const struct zc_rdir *d,
                        const struct zc_entry *e, struct zc_stat *st)
{
    int folder = partials_of(r, d);
    if (folder < 0)
        return -1;
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = path_of(d, e, &buf);
    int fd = path ? zc_partial_open(folder, path, st) : -1;
    zc_buf_fini(&buf);
    return fd;
}

uint64_t zc_basis_size(struct zc_receiver *r, const struct zc_cmp *c,
                       uint64_t old)
{
    struct zc_stat st;
    if (c->e->size < ZC_BASIS_MIN) /* most, and not worth a look */
        return 0;
    zc_auto_close int fd = open_partial(r, c->dir, c->e, &st);
    uint64_t size = fd >= 0                     ? ZC_MAX(st.size, old)
                    : zc_moved_may_be(r, c) ? zc_moved_find(r, c)
                                                : old;
    return size >= ZC_BASIS_MIN ? size : 0;
}

int zc_basis_open(struct zc_receiver *r, const struct zc_rdir *d,
                  const struct zc_entry *e, struct zc_ref ref)
{
    char name[ZC_NAME_MAX + 1];
    struct zc_stat old, part;
    int moved = zc_moved_open(r, ref);
    if (moved >= 0)
        return moved;
    zc_entry_name(e, name);
    int fd = open_old(r, &d->shelf, name);
    int partial = open_partial(r, d, e, &part);
    if (partial >= 0 &&
        (fd < 0 || zc_stat_at(fd, "", &old) || old.blocks < part.blocks)) {
        zc_close(&fd);
        return partial;
    }
    zc_close(&partial);
    return fd;
}

bool zc_basis_tmp(struct zc_receiver *r, const struct zc_rdir *d,
                  const struct zc_entry *e, char tmp[ZC_STAGING_NAME_SIZE])
{
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = NULL;
    if (r->partials && e->size >= PARTIAL_MIN && !zc_shelf_in_nest(&d->shelf))
        path = path_of(d, e, &buf);
    if (path)
        zc_partial_tmp(path, tmp);
    zc_buf_fini(&buf);
    return path;
}

void zc_basis_drop(struct zc_receiver *r, const struct zc_rdir *d,
                   const struct zc_entry *e)
{
    int folder = partials_of(r, d);
    if (folder < 0)
        return;
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = path_of(d, e, &buf);
    if (path)
        zc_partial_remove(folder, path);
    zc_buf_fini(&buf);
}
