// SPDX-License-Identifier: GPL-2.0-or-later
/* Inodes with several names, some of which nobody looked at; see shared.h. */
#include "receiver/shared.h"

#include "receiver/core.h"

#include <string.h>

#define NAMES_MAX 500000 /* that are kept in mind, of all inodes */

bool zc_shared_applies(const struct zc_receiver *r)
{
    return atomic_load_explicit(&r->shared->partial, memory_order_relaxed) &&
           r->keep & ZC_KEEP_HARD_LINKS && !r->dry;
}

static struct zc_shared_inode *find(struct zc_receiver *r, uint64_t dev,
                                    uint64_t ino)
{
    return zc_map_get(&r->shared->inodes, dev, ino);
}

static void inode_free(struct zc_receiver *r, struct zc_shared_inode *s)
{
    for (size_t i = 0; i < s->names.len; i++) {
        zc_dirnode_unref(r->tree, s->names.v[i].shelf.node);
        free(s->names.v[i].name);
    }
    zc_vec_fini(&s->names);
    zc_attrs_give_back(r, s->want.xattrs, s->want.xattrs_len);
    free(s);
}

/* N is a name of S now. */
static bool is_name(struct zc_receiver *r, const struct zc_shared_inode *s,
                    const struct zc_shared_name *n)
{
    struct zc_stat st;
    int dirfd = zc_dirnode_pin(r->tree, n->shelf.node);
    bool yes = dirfd >= 0 && !zc_stat_at(dirfd, n->name, &st) &&
               st.ino == s->ino && st.dev == s->dev;
    if (dirfd >= 0)
        zc_dirnode_unpin(r->tree, n->shelf.node);
    return yes;
}

/* What is known of (DEV, INO), if it is still of that inode: the number may be
 * another file's by now. With the lock held. */
static struct zc_shared_inode *find_living(struct zc_receiver *r, uint64_t dev,
                                           uint64_t ino)
{
    struct zc_shared_inode *s = find(r, dev, ino);
    for (size_t i = 0; s && i < s->names.len; i++)
        if (is_name(r, s, &s->names.v[i]))
            return s;
    if (s) {
        r->shared->names -= s->names.len;
        zc_map_del(&r->shared->inodes, dev, ino);
        inode_free(r, s);
    }
    return NULL;
}

static struct zc_shared_inode *find_or_new(struct zc_receiver *r, uint64_t dev,
                                           uint64_t ino)
{
    struct zc_shared_inode *s = find_living(r, dev, ino);
    if (s || !(s = calloc(1, sizeof *s)))
        return s;
    s->dev = dev;
    s->ino = ino;
    if (!zc_map_put(&r->shared->inodes, dev, ino, s))
        return s;
    free(s);
    return NULL;
}

/* With the lock held. */
static int add_name(struct zc_receiver *r, struct zc_shared_inode *s,
                    const struct zc_shelf *where, const char *name)
{
    struct zc_shared_name n = {0};
    zc_shelf_copy(&n.shelf, where);
    if (r->shared->names >= NAMES_MAX || !(n.name = strdup(name)))
        return -1;
    if (zc_vec_push(&s->names, n)) {
        free(n.name);
        return -1;
    }
    zc_dirnode_ref(r->tree, n.shelf.node);
    r->shared->names++;
    return 0;
}

int zc_shared_seen(struct zc_receiver *r, const struct zc_shelf *where,
                   const char *name, const struct zc_stat *st, uint32_t links)
{
    pthread_mutex_lock(&r->lock);
    struct zc_shared_inode *s =
        r->shared->names < NAMES_MAX ? find_or_new(r, st->dev, st->ino)
                                     : find(r, st->dev, st->ino);
    int bad = !s || add_name(r, s, where, name) ? -1 : 0;
    if (!bad)
        s->links = links;
    else if (s)
        s->forgot = s->names.len > 0;
    pthread_mutex_unlock(&r->lock);
    return bad;
}

void zc_shared_also(struct zc_receiver *r, const struct zc_shelf *where,
                    const char *name, uint64_t dev, uint64_t ino, bool made)
{
    pthread_mutex_lock(&r->lock);
    struct zc_shared_inode *s = find_living(r, dev, ino);
    if (s) {
        s->joined |= made;
        s->forgot |= add_name(r, s, where, name) != 0;
    }
    pthread_mutex_unlock(&r->lock);
}

int zc_shared_dress(struct zc_receiver *r, const struct zc_stat *st,
                    const struct zc_meta_want *want)
{
    uint8_t *xattrs = zc_attrs_take(r, want->xattrs, want->xattrs_len);
    if (!xattrs) {
        errno = ENOMEM;
        return -1;
    }
    pthread_mutex_lock(&r->lock);
    struct zc_shared_inode *s = find(r, st->dev, st->ino);
    if (s) {
        zc_attrs_give_back(r, s->want.xattrs, s->want.xattrs_len);
        s->want = *want;
        s->want.xattrs = xattrs;
        s->pending = true;
    }
    pthread_mutex_unlock(&r->lock);
    if (!s) {
        zc_attrs_give_back(r, xattrs, want->xattrs_len);
        errno = ENOENT;
    }
    return s ? 0 : -1;
}

void zc_shared_free(struct zc_receiver *r)
{
    size_t at = 0;
    for (struct zc_map_slot *slot;
         (slot = zc_map_next(&r->shared->inodes, &at));)
        inode_free(r, slot->value);
    zc_map_fini(&r->shared->inodes);
    r->shared->names = 0;
    atomic_store(&r->shared->partial, false);
}
