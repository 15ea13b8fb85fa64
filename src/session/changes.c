// SPDX-License-Identifier: GPL-2.0-or-later
/* What has changed; see changes.h. */
#include "session/changes.h"

#include "base/io.h"

#include <string.h>

void zc_changes_pipe_init(struct zc_changes_pipe *p, int fd)
{
    p->fd = fd;
    pthread_mutex_init(&p->lock, NULL);
}

/* A reader that is gone is told nothing: EPIPE. */
static void put(struct zc_changes_pipe *p, const void *bytes, size_t n)
{
    pthread_mutex_lock(&p->lock);
    if (p->fd >= 0)
        (void)zc_io_write(p->fd, bytes, n);
    pthread_mutex_unlock(&p->lock);
}

void zc_changes_begin(struct zc_changes_pipe *p, const char *name)
{
    put(p, name, strlen(name) + 1);
}

void zc_changes_end(struct zc_changes_pipe *p)
{
    put(p, ".", sizeof ".");
}

void zc_changes_init(struct zc_changes *c, struct zc_changes_pipe *to,
                     const struct zc_filter *patterns)
{
    *c = (struct zc_changes){.to = to, .patterns = patterns};
    pthread_mutex_init(&c->lock, NULL);
}

void zc_changes_fini(struct zc_changes *c)
{
    zc_buf_fini(&c->paths);
    pthread_mutex_destroy(&c->lock);
}

bool zc_changes_match(const struct zc_filter *patterns, const char *path)
{
    return !patterns || zc_filter_hides(patterns, path, false) ||
           zc_filter_hides_way(patterns, path);
}

void zc_changes_add(struct zc_changes *c, const char *path)
{
    if (c->to->fd < 0 || !*path || !zc_changes_match(c->patterns, path))
        return;
    pthread_mutex_lock(&c->lock);
    size_t n = strlen(path) + 1;
    if (c->paths.len + n > ZC_CHANGES_BYTES_MAX)
        c->all = true;
    if (!c->all)
        zc_buf_put(&c->paths, path, n);
    c->all |= c->paths.failed;
    pthread_mutex_unlock(&c->lock);
}

void zc_changes_flush(struct zc_changes *c)
{
    pthread_mutex_lock(&c->lock);
    if (c->paths.len)
        zc_buf_u8(&c->paths, 0); /* it ends */
    if (c->all || c->paths.failed)
        put(c->to, "/\0", 3);
    else if (c->paths.len)
        put(c->to, c->paths.data, c->paths.len);
    c->all = false;
    zc_buf_fini(&c->paths);
    pthread_mutex_unlock(&c->lock);
}
