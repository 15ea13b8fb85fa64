// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directory nodes and their fd cache; see dirnode.h.
 *
 * Open fds that nobody has pinned form a list, least recently used first; when
 * there are too many the first one is closed. To open a node, the nearest open
 * ancestor is looked for and the way is walked down from there, one name at a
 * time, so that neither the length of the path nor its depth matters.
 */
#include "tree/dirnode.h"

#include "base/fds.h"
#include "fs/rootdir.h"

#include <fcntl.h>
#include <pthread.h>
#include <string.h>

struct zc_dirnode {
    struct zc_dirnode *parent;
    struct zc_dirnode *lru_prev, *lru_next; /* while open and not pinned */
    unsigned refs, pins;
    int fd;
    int base_fd;     /* -1: in its parent */
    char *base_name; /* its name in base_fd */
    bool follows;    /* zc_dirnode_follow */
    uint64_t dev, ino, mnt;
    char name[];
};

struct zc_dirtree {
    pthread_mutex_t lock;
    struct zc_dirnode *root;
    unsigned n_idle, max_idle;
    bool stays;   /* zc_dirtree_stay */
    bool follows; /* zc_dirtree_follow */
    bool confined; /* zc_dirtree_confine */
    struct zc_dirnode lru; /* list head: lru_next is the oldest */
};

static struct zc_dirnode *node_alloc(const char *name, size_t n)
{
    struct zc_dirnode *d = calloc(1, sizeof *d + n + 1);
    if (!d)
        return NULL;
    memcpy(d->name, name, n);
    d->refs = 1;
    d->fd = d->base_fd = -1;
    return d;
}

struct zc_dirtree *zc_dirtree_new(int root_fd, unsigned max_open)
{
    struct zc_dirtree *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->root = node_alloc("", 0);
    if (!t->root)
        goto fail;
    if (root_fd >= 0) {
        t->root->fd = fcntl(root_fd, F_DUPFD_CLOEXEC, 0);
        if (t->root->fd < 0)
            goto fail;
        t->root->pins = 1; /* never idle, never closed */
    }
    pthread_mutex_init(&t->lock, NULL);
    t->lru.lru_prev = t->lru.lru_next = &t->lru;
    t->max_idle = zc_fds_part(max_open, 8);
    return t;
fail:
    free(t->root);
    free(t);
    return NULL;
}

void zc_dirtree_follow(struct zc_dirtree *t)
{
    t->follows = true;
}

void zc_dirtree_stay(struct zc_dirtree *t)
{
    t->stays = true;
}

void zc_dirtree_confine(struct zc_dirtree *t)
{
    t->confined = true;
}

void zc_dirtree_free(struct zc_dirtree *t)
{
    if (!t)
        return;
    zc_close(&t->root->fd);
    free(t->root);
    pthread_mutex_destroy(&t->lock);
    free(t);
}

struct zc_dirnode *zc_dirtree_root(struct zc_dirtree *t)
{
    return t->root;
}

static void idle_remove(struct zc_dirtree *t, struct zc_dirnode *d)
{
    if (!d->lru_next)
        return;
    d->lru_prev->lru_next = d->lru_next;
    d->lru_next->lru_prev = d->lru_prev;
    d->lru_prev = d->lru_next = NULL;
    t->n_idle--;
}

static void idle_add(struct zc_dirtree *t, struct zc_dirnode *d)
{
    d->lru_prev = t->lru.lru_prev;
    d->lru_next = &t->lru;
    d->lru_prev->lru_next = d;
    t->lru.lru_prev = d;
    t->n_idle++;
    while (t->n_idle > t->max_idle) {
        struct zc_dirnode *oldest = t->lru.lru_next;
        idle_remove(t, oldest);
        zc_close(&oldest->fd);
    }
}

struct zc_dirnode *zc_dirnode_new(struct zc_dirtree *t,
                                  struct zc_dirnode *parent, const char *name,
                                  size_t n)
{
    struct zc_dirnode *d = node_alloc(name, n);
    if (!d)
        return NULL;
    pthread_mutex_lock(&t->lock);
    d->parent = parent;
    parent->refs++;
    pthread_mutex_unlock(&t->lock);
    return d;
}

void zc_dirnode_ref(struct zc_dirtree *t, struct zc_dirnode *d)
{
    pthread_mutex_lock(&t->lock);
    d->refs++;
    pthread_mutex_unlock(&t->lock);
}

void zc_dirnode_unref(struct zc_dirtree *t, struct zc_dirnode *d)
{
    if (!d)
        return;
    pthread_mutex_lock(&t->lock);
    while (d && --d->refs == 0 && d != t->root) {
        struct zc_dirnode *parent = d->parent;
        idle_remove(t, d);
        zc_close(&d->fd);
        free(d->base_name);
        free(d);
        d = parent;
    }
    pthread_mutex_unlock(&t->lock);
}

struct zc_dirnode *zc_dirnode_at(struct zc_dirtree *t, const char *path,
                                 size_t n)
{
    struct zc_dirnode *node = zc_dirtree_root(t);
    const char *end = path + n;
    zc_dirnode_ref(t, node);
    while (path < end && node) {
        const char *slash = memchr(path, '/', (size_t)(end - path));
        size_t len = (size_t)((slash ? slash : end) - path);
        struct zc_dirnode *child = zc_dirnode_new(t, node, path, len);
        zc_dirnode_unref(t, node);
        node = child;
        path += len + 1;
    }
    return node;
}

/* After a call that failed for want of descriptors: closes what nobody uses, but
 * for USED. With the lock held. */
static bool give_back(struct zc_dirtree *t, const struct zc_dirnode *used)
{
    bool some = false;
    if (errno != EMFILE && errno != ENFILE)
        return false;
    for (struct zc_dirnode *d = t->lru.lru_next, *next; d != &t->lru; d = next) {
        next = d->lru_next;
        if (d == used)
            continue;
        idle_remove(t, d);
        zc_close(&d->fd);
        some = true;
    }
    return some;
}

bool zc_dirtree_give_back(struct zc_dirtree *t)
{
    int eno = errno;
    pthread_mutex_lock(&t->lock);
    errno = eno;
    bool some = give_back(t, NULL);
    pthread_mutex_unlock(&t->lock);
    errno = eno;
    return some;
}

/* D is a symlink in its parent, which is open. */
static int open_behind(const struct zc_dirtree *t, struct zc_dirnode *d)
{
    int flags = O_RDONLY | O_DIRECTORY;
    if (!t->confined)
        return zc_link_open(d->parent->fd, d->name, false, flags);
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = zc_dirnode_path_of(d, "", 0, &buf);
    errno = ENOMEM;
    int fd = path ? zc_link_open(t->root->fd, path, true, flags) : -1;
    int eno = errno;
    zc_buf_fini(&buf);
    errno = eno;
    return fd;
}

/* D's name may be that of a symlink. */
static int open_linked(struct zc_dirtree *t, struct zc_dirnode *d)
{
    struct zc_buf buf = ZC_BUF_INIT;
    const char *path = zc_dirnode_path_of(d, "", 0, &buf);
    if (path)
        d->fd = zc_root_open_linked(t->root->fd, path);
    else
        errno = ENOMEM;
    int eno = errno;
    zc_buf_fini(&buf);
    errno = eno;
    return d->fd;
}

/* Opens D itself; its base is open. */
static int open_one(struct zc_dirtree *t, struct zc_dirnode *d)
{
    do {
        if (d->base_fd >= 0) {
            d->fd = zc_dir_open(d->base_fd, d->base_name);
        } else if (!d->parent) {
            errno = ENOENT; /* a root that does not exist */
        } else if (d->follows) {
            d->fd = open_behind(t, d);
        } else if (t->stays) {
            d->fd = zc_dir_open_here(d->parent->fd, d->name);
        } else {
            d->fd = zc_dir_open(d->parent->fd, d->name);
            if (d->fd < 0 && t->follows &&
                (errno == ELOOP || errno == ENOTDIR))
                open_linked(t, d);
        }
    } while (d->fd < 0 && give_back(t, d->parent));
    return d->fd < 0 ? -1 : 0;
}

/* Opens D and every closed directory on the way to it. The last one opened is
 * pinned, so that the cache does not close it before its child is open. */
static int open_way(struct zc_dirtree *t, struct zc_dirnode *d)
{
    struct zc_dirnode *held = NULL;
    int r = 0;
    while (!r && d->fd < 0) {
        struct zc_dirnode *top = d;
        while (top->base_fd < 0 && top->parent && top->parent->fd < 0)
            top = top->parent;
        r = open_one(t, top);
        int eno = errno;
        if (held && --held->pins == 0)
            idle_add(t, held);
        held = NULL;
        if (!r && top != d) {
            held = top;
            held->pins++;
        }
        errno = eno;
    }
    return r;
}

int zc_dirnode_pin(struct zc_dirtree *t, struct zc_dirnode *d)
{
    pthread_mutex_lock(&t->lock);
    int fd = -1;
    if (d->fd >= 0 || !open_way(t, d)) {
        idle_remove(t, d);
        d->pins++;
        fd = d->fd;
    }
    int eno = errno;
    pthread_mutex_unlock(&t->lock);
    errno = eno;
    return fd;
}

void zc_dirnode_unpin(struct zc_dirtree *t, struct zc_dirnode *d)
{
    pthread_mutex_lock(&t->lock);
    if (--d->pins == 0)
        idle_add(t, d);
    pthread_mutex_unlock(&t->lock);
}

int zc_dirnode_place(struct zc_dirtree *t, struct zc_dirnode *d, int base_fd,
                     const char *name)
{
    char *copy = base_fd >= 0 ? strdup(name) : NULL;
    if (base_fd >= 0 && !copy)
        return -1;
    pthread_mutex_lock(&t->lock);
    free(d->base_name);
    d->base_name = copy;
    d->base_fd = base_fd;
    pthread_mutex_unlock(&t->lock);
    return 0;
}

void zc_dirnode_follow(struct zc_dirnode *d)
{
    d->follows = true;
}

bool zc_dirnode_is_behind(const struct zc_dirnode *d)
{
    while (d && !d->follows)
        d = d->parent;
    return d;
}

struct zc_dirnode *zc_dirnode_parent(struct zc_dirnode *d)
{
    return d->parent;
}

const char *zc_dirnode_name(const struct zc_dirnode *d)
{
    return d->name;
}

void zc_dirnode_path(struct zc_dirnode *d, struct zc_buf *out)
{
    /* Parents and names never change while a node lives: no lock. */
    size_t n = 0;
    for (struct zc_dirnode *p = d; p->parent; p = p->parent)
        n += strlen(p->name) + 1;
    if (!n)
        return;
    uint8_t *at = zc_buf_reserve(out, n);
    if (!at)
        return;
    uint8_t *end = at + n;
    for (struct zc_dirnode *p = d; p->parent; p = p->parent) {
        size_t len = strlen(p->name);
        *--end = '/';
        end -= len;
        memcpy(end, p->name, len);
    }
    out->len += n - 1; /* without the last slash */
}

const char *zc_dirnode_path_of(struct zc_dirnode *d, const char *name,
                               size_t n, struct zc_buf *out)
{
    zc_buf_reset(out);
    zc_dirnode_path(d, out);
    if (out->len && n)
        zc_buf_u8(out, '/');
    zc_buf_put(out, name, n);
    zc_buf_u8(out, 0);
    return out->failed ? NULL : (const char *)out->data;
}

void zc_dirnode_set_id(struct zc_dirnode *d, uint64_t dev, uint64_t ino,
                       uint64_t mnt)
{
    d->dev = dev;
    d->ino = ino;
    d->mnt = mnt;
}

bool zc_dirnode_has_ancestor(struct zc_dirnode *d, uint64_t dev, uint64_t ino,
                             uint64_t *mnt)
{
    while (d && (d->ino != ino || d->dev != dev))
        d = d->parent;
    *mnt = d ? d->mnt : 0;
    return d;
}
