// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Going through what is here; see survey.h. An entry is what the sender would say
 * of it if it had the same. What cannot be looked at, and what lies on another
 * mount, has no digest: it is compared, and told about, as it always was.
 */
#include "receiver/survey.h"

#include "fs/fake.h"
#include "fs/xattr.h"
#include "receiver/behind.h"
#include "receiver/cmp.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/digests.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/queue.h"
#include "receiver/volumes.h"

#include <dirent.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Names after which a directory makes room for what is in it. */
#define NAMES_AT_ONCE 1024

struct zc_rsurvey_dir {
    SLIST_ENTRY(zc_rsurvey_dir) link;
    struct zc_dirnode *node;
    struct zc_digest_dir digested;
    struct zc_names names;
    size_t at; /* next of them */
    bool started;
};

void zc_rsurvey_init(struct zc_rsurvey *v)
{
    *v = (struct zc_rsurvey){0};
    SLIST_INIT(&v->dirs);
}

static void dir_free(struct zc_receiver *r, struct zc_rsurvey_dir *d)
{
    zc_names_fini(&d->names);
    zc_dirnode_unref(r->tree, d->node);
    free(d);
}

static void dirs_free(struct zc_receiver *r, struct zc_rsurvey_dirs *dirs)
{
    for (struct zc_rsurvey_dir *d; (d = SLIST_FIRST(dirs));) {
        SLIST_REMOVE_HEAD(dirs, link);
        dir_free(r, d);
    }
}

void zc_rsurvey_clear(struct zc_receiver *r)
{
    dirs_free(r, &r->survey->dirs);
    zc_work_free(r->survey->held);
    zc_rsurvey_init(r->survey);
}

/* NODE is D's from then on, in any case. NULL: memory. */
static struct zc_rsurvey_dir *dir_new(struct zc_receiver *r,
                                      struct zc_dirnode *node,
                                      struct zc_digest_dir digested)
{
    struct zc_rsurvey_dir *d = node ? calloc(1, sizeof *d) : NULL;
    if (d) {
        d->node = node;
        d->digested = digested;
    } else if (node) {
        zc_dirnode_unref(r->tree, node);
    }
    return d;
}

int zc_rsurvey_begin(struct zc_receiver *r, struct zc_rdir *root)
{
    zc_dirnode_ref(r->tree, root->shelf.node);
    struct zc_rsurvey_dir *d = dir_new(r, root->shelf.node,
                                       zc_digests_root(r->digests->table));
    if (!d)
        return -1;
    pthread_mutex_lock(&r->lock);
    SLIST_INSERT_HEAD(&r->survey->dirs, d, link);
    pthread_cond_broadcast(&r->wake.work);
    pthread_mutex_unlock(&r->lock);
    return 0;
}

/* --- the end --- */

/* Both ends are through: what the sender wants to know can be told. */
static void finish(struct zc_receiver *r)
{
    zc_rdigests_finish(r);
    pthread_mutex_lock(&r->lock);
    struct zc_work *work = r->survey->held;
    r->survey->held = NULL;
    pthread_mutex_unlock(&r->lock);
    zc_queue_put_now(r, work);
}

int zc_rsurvey_hold(struct zc_receiver *r, const struct zc_work *work)
{
    struct zc_work *copy = zc_work_copy(r, work);
    if (!copy)
        return -1;
    pthread_mutex_lock(&r->lock);
    r->survey->held = copy;
    bool through = r->survey->through;
    pthread_mutex_unlock(&r->lock);
    if (through)
        finish(r);
    return 0;
}

/* --- an entry --- */

/* The sender says nothing of such a file, and it would not be deleted. */
static bool is_out_of_it(struct zc_rworker *w, const struct zc_rsurvey_dir *d,
                         const char *name, uint32_t mode)
{
    struct zc_receiver *r = w->r;
    const struct zc_filter *f = r->terms.filter;
    bool deletes = r->flags & ZC_OPEN_DELETE;
    bool rules = f && !zc_filter_empty(f);
    if (!zc_cmp_keeps_type(r, mode) && !deletes)
        return true;
    if (!rules && !zc_deletions_spare_any(r))
        return false;
    const char *path = zc_dirnode_path_of(d->node, name, strlen(name),
                                          &w->path);
    if (!path)
        return false;
    return zc_deletions_spare(r, path) ||
           (rules && zc_filter_hides(f, path, S_ISDIR(mode)) &&
            (!deletes || zc_filter_protects(f, path, S_ISDIR(mode))));
}

static int look_at_attributes(struct zc_rworker *w, int dirfd,
                              const char *name, struct zc_entry *e)
{
    struct zc_receiver *r = w->r;
    struct zc_fileflags f;
    zc_buf_reset(&w->xattrs);
    if (r->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS) &&
        zc_xattr_read(dirfd, name, r->keep, &w->xattrs))
        return -1;
    if (w->xattrs.len && zc_cmp_maps_owners(r) &&
        zc_xattr_names_ids(w->xattrs.data, w->xattrs.len))
        return -1; /* only the sender's set tells whether it is right */
    if (w->xattrs.len) {
        struct zc_digest digest = zc_xattr_digest(w->xattrs.data,
                                                  w->xattrs.len, r->ids);
        e->flags |= ZC_ENTRY_XATTRS;
        memcpy(e->xattr_digest, digest.b, sizeof e->xattr_digest);
        e->properties = zc_xattr_properties(w->xattrs.data, w->xattrs.len);
    }
    if (!(r->keep & ZC_KEEP_FLAGS))
        return 0;
    if (zc_fileflags_at(dirfd, name, e->mode, &f))
        return -1;
    e->fileflags = f.flags;
    e->project = f.project;
    return 0;
}

/* E as a sender would have it, but for what does not count. *TARGET is the
 * caller's. */
static int look_at(struct zc_rworker *w, int dirfd, const char *name,
                   const struct zc_stat *st, struct zc_entry *e, char **target)
{
    const struct zc_receiver *r = w->r;
    *e = (struct zc_entry){.mode = st->mode,
                           .uid = st->uid,
                           .gid = st->gid,
                           .mtime_s = st->mtime_s,
                           .mtime_ns = st->mtime_ns,
                           .name = name,
                           .name_len = (uint8_t)strlen(name)};
    if (S_ISREG(st->mode))
        e->size = st->size;
    if (st->nlink > 1 && !S_ISDIR(st->mode) && r->keep & ZC_KEEP_HARD_LINKS) {
        e->flags |= ZC_ENTRY_HARD_LINK;
        e->link_dev = (uint32_t)(major(st->dev) << 20 | minor(st->dev));
        e->link_ino = st->ino;
    }
    e->rdev_major = major(st->rdev);
    e->rdev_minor = minor(st->rdev);
    if (S_ISLNK(st->mode)) {
        size_t n;
        *target = zc_symlink_kept(r->keep, dirfd, name, &n);
        if (!*target || n > ZC_SYMLINK_MAX)
            return -1;
        e->target = *target;
        e->target_len = (uint16_t)n;
    }
    return look_at_attributes(w, dirfd, name, e);
}

/* --- a directory --- */

/* False: it cannot be gone through. */
static bool start_dir(struct zc_rworker *w, struct zc_rsurvey_dir *d,
                      int dirfd)
{
    struct zc_stat st;
    d->started = true;
    if (zc_stat_at(dirfd, "", &st) ||
        !zc_volume_has(zc_volume_of_root(w->r), &st) ||
        zc_names_read(dirfd, &d->names) || d->names.too_long)
        return false;
    if (zc_dirnode_parent(d->node))
        zc_behind_meet(w->r, dirfd, &d->names);
    return true;
}

/* A digest does not tell of bytes. */
static bool is_in_doubt(struct zc_receiver *r, const struct zc_stat *st)
{
    return S_ISREG(st->mode) && atomic_load(&r->doubts) &&
           zc_behind_doubts(r, zc_volume_of_root(r), st);
}

static void add_name(struct zc_rworker *w, struct zc_rsurvey_dir *d,
                     int dirfd, const char *name, struct zc_digesting *g)
{
    struct zc_stat st;
    struct zc_entry e;
    zc_auto_free char *target = NULL;
    bool root = !zc_dirnode_parent(d->node);
    if (root && !strcmp(name, ZC_STAGING_NAME))
        return;
    /* What is mounted there may not answer. */
    bool dir = d->names.v[d->at].type == DT_DIR;
    if (dir && is_out_of_it(w, d, name, S_IFDIR))
        return;
    if (zc_name_is_nest(name, strlen(name)) ||
        zc_dress_look(w->r, dirfd, name, &st)) {
        zc_digesting_spoil(g);
        return;
    }
    if (!(dir && S_ISDIR(st.mode)) && is_out_of_it(w, d, name, st.mode))
        return;
    if (is_in_doubt(w->r, &st) || look_at(w, dirfd, name, &st, &e, &target)) {
        zc_digesting_spoil(g);
        return;
    }
    zc_digesting_add(g, &e,
                     S_ISDIR(st.mode) ? (uint32_t)d->at : ZC_DIGEST_NO_CHILD);
}

/* Some of D, open as DIRFD. True: it was the last of it. */
static bool add_names(struct zc_rworker *w, struct zc_rsurvey_dir *d,
                      int dirfd, struct zc_digesting *g)
{
    if (!d->started && !start_dir(w, d, dirfd)) {
        zc_digesting_spoil(g);
        return true;
    }
    size_t stop = ZC_MIN(d->at + NAMES_AT_ONCE, d->names.len);
    for (; d->at < stop; d->at++)
        add_name(w, d, dirfd, zc_names_at(&d->names, d->at), g);
    return d->at == d->names.len;
}

/* G's children, which are in D, the last on top. */
static void make_children(struct zc_rworker *w, const struct zc_rsurvey_dir *d,
                          const struct zc_digesting *g,
                          struct zc_rsurvey_dirs *dirs)
{
    for (size_t i = 0; i < g->children.len; i++) {
        const struct zc_digest_child *c = &g->children.v[i];
        struct zc_dirnode *node = zc_dirnode_new(
            w->r->tree, d->node, zc_names_at(&d->names, c->note),
            d->names.v[c->note].len);
        struct zc_rsurvey_dir *child = dir_new(w->r, node, c->dir);
        if (!child) {
            zc_receiver_nomem(w->r);
            return;
        }
        SLIST_INSERT_HEAD(dirs, child, link);
    }
}

/* D, unless it is NULL, and DIRS on top of it, are to be gone through; one that
 * was in W's hands is not any more. */
static void push(struct zc_receiver *r, struct zc_rsurvey_dir *d,
                 struct zc_rsurvey_dirs *dirs)
{
    struct zc_rsurvey *v = r->survey;
    pthread_mutex_lock(&r->lock);
    bool none = SLIST_EMPTY(&v->dirs); /* else nobody waits for some */
    if (d)
        SLIST_INSERT_HEAD(&v->dirs, d, link);
    for (struct zc_rsurvey_dir *c; (c = SLIST_FIRST(dirs));) {
        SLIST_REMOVE_HEAD(dirs, link);
        SLIST_INSERT_HEAD(&v->dirs, c, link);
    }
    v->busy--;
    v->through = !v->busy && SLIST_EMPTY(&v->dirs);
    bool over = v->through && v->held;
    if (none && !SLIST_EMPTY(&v->dirs))
        pthread_cond_broadcast(&r->wake.work);
    pthread_mutex_unlock(&r->lock);
    if (over)
        finish(r);
}

static void survey_dir(struct zc_rworker *w, struct zc_rsurvey_dir *d)
{
    struct zc_receiver *r = w->r;
    struct zc_rsurvey_dirs children = SLIST_HEAD_INITIALIZER(children);
    struct zc_digesting g = zc_digesting_begin(r->digests->table, d->digested);
    bool last = true;
    int dirfd = zc_dirnode_pin(r->tree, d->node);
    if (dirfd >= 0) {
        last = add_names(w, d, dirfd, &g);
        zc_dirnode_unpin(r->tree, d->node);
    } else {
        zc_digesting_spoil(&g);
    }
    zc_digesting_end(&g);
    make_children(w, d, &g, &children);
    zc_digesting_fini(&g);
    if (last)
        dir_free(r, d);
    push(r, last ? NULL : d, &children);
}

bool zc_rsurvey_ready(const struct zc_receiver *r)
{
    return !SLIST_EMPTY(&r->survey->dirs) && !r->stopping;
}

void zc_rsurvey_some(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    struct zc_rsurvey *v = r->survey;
    pthread_mutex_lock(&r->lock);
    struct zc_rsurvey_dir *d = zc_rsurvey_ready(r) ? SLIST_FIRST(&v->dirs)
                                                   : NULL;
    if (d) {
        SLIST_REMOVE_HEAD(&v->dirs, link);
        v->busy++;
    }
    pthread_mutex_unlock(&r->lock);
    if (d)
        survey_dir(w, d);
}
