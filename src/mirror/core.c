// SPDX-License-Identifier: GPL-2.0-or-later
/* What all files of a mirror need; see core.h. */
#include "mirror/core.h"

#include "mirror/dirty.h"
#include "net/transport.h"

#include <string.h>

void zc_mirror_lock(struct zc_mirror *m)
{
    pthread_mutex_lock(&m->gate);
    pthread_mutex_lock(&m->lock);
    pthread_mutex_unlock(&m->gate);
}

void zc_mirror_unlock(struct zc_mirror *m)
{
    pthread_mutex_unlock(&m->lock);
}

void zc_mirror_wake(int fd)
{
    /* Fails only when the counter is full, and then it is readable anyway. */
    (void)!write(fd, &(uint64_t){1}, sizeof(uint64_t));
}

void zc_mirror_woken(int fd)
{
    (void)!read(fd, &(uint64_t){0}, sizeof(uint64_t));
}

void zc_mirror_wake_peers(struct zc_mirror *m)
{
    for (size_t i = 0; i < m->n_peers; i++)
        zc_mirror_wake(m->peers[i].wake);
}

void zc_mirror_wake_asked(struct zc_mirror *m)
{
    if (m->n_questions)
        zc_mirror_wake(m->wake);
}

int zc_mirror_check_key(const struct zc_mpeer *p, const struct zc_transport *t,
                        struct zc_err *err)
{
    const struct zc_mirror_peer *c = p->conf;
    if (!c->trusted || !*t->peer_key || c->trusted(c->arg, t->peer_key))
        return 0;
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "the key %s is no longer that of %s: the session ends",
                      t->peer_key, c->name);
}

void zc_mirror_mark(struct zc_mirror *m, zc_wdir dir, const char *name,
                    size_t n, unsigned what, int64_t now)
{
    for (size_t i = 0; i < m->n_peers; i++)
        zc_dirty_mark(m->peers[i].dirty, dir, name, n, what, now);
}

zc_wdir zc_mirror_split(struct zc_mirror *m, const char *path,
                        const char **name)
{
    const char *slash = strrchr(path, '/');
    *name = slash ? slash + 1 : path;
    if (!m->w)
        return ZC_WDIR_NONE;
    if (!slash)
        return ZC_WDIR_ROOT;
    zc_auto_free char *dir = strndup(path, (size_t)(slash - path));
    return dir ? zc_watch_lookup(m->w, dir) : ZC_WDIR_NONE;
}
