// SPDX-License-Identifier: GPL-2.0-or-later
/* Which directories hold nothing; see prune.h. */
#include "sender/prune.h"

#include "sender/links.h"
#include "sender/places.h"

#include <dirent.h>
#include <string.h>
#include <sys/queue.h>
#include <sys/stat.h>

/* A directory being looked through. It is a zc_sdir, so that what is asked about
 * names is asked as when they are listed. */
struct level {
    SLIST_ENTRY(level) up;
    struct zc_sdir d;
    uint64_t dev, ino;
};
SLIST_HEAD(levels, level);

void zc_prune_init(struct zc_sender *s, struct zc_prune *p)
{
    s->prune = p;
    pthread_mutex_init(&p->lock, NULL);
}

void zc_prune_fini(struct zc_sender *s)
{
    zc_map_fini(&s->prune->filled);
    pthread_mutex_destroy(&s->prune->lock);
}

/* It was on the way to something. It is asked about once. */
static bool is_filled(struct zc_prune *p, uint64_t dev, uint64_t ino)
{
    pthread_mutex_lock(&p->lock);
    bool it = zc_map_del(&p->filled, dev, ino);
    pthread_mutex_unlock(&p->lock);
    return it;
}

/* All directories that are being looked through but the first have something:
 * without memory, they are looked through again. */
static void note_filled(struct zc_prune *p, const struct levels *levels)
{
    const struct level *l;
    pthread_mutex_lock(&p->lock);
    SLIST_FOREACH(l, levels, up)
        if (SLIST_NEXT(l, up))
            zc_map_put(&p->filled, l->dev, l->ino, p);
    pthread_mutex_unlock(&p->lock);
}

/* Goes down into NAME of D. False: memory, or it cannot be read, or is not to
 * be. */
static bool enter(struct zc_sworker *w, struct levels *levels,
                  struct zc_sdir *d, const char *name, bool follow)
{
    struct zc_sender *s = w->s;
    struct zc_stat st;
    struct level *l = calloc(1, sizeof *l);
    if (!l)
        return false;
    l->d.node = zc_dirnode_new(s->tree, d->node, name, strlen(name));
    if (!l->d.node) {
        free(l);
        return false;
    }
    if (follow)
        zc_dirnode_follow(l->d.node);
    zc_sdir_restrict(s, &l->d, d->only, d->restricted, name, strlen(name));
    SLIST_INSERT_HEAD(levels, l, up);
    int dirfd = zc_dirnode_pin(s->tree, l->d.node);
    if (dirfd < 0)
        return false;
    l->d.filter = zc_filter_ref(d->filter);
    bool ok = !zc_sdir_take_rules(w, &l->d, dirfd) &&
              !zc_stat_at(dirfd, "", &st) &&
              zc_sdir_enters(s, d->node, &st) &&
              (l->d.restricted || !zc_names_read(dirfd, &l->d.names)) &&
              !l->d.names.too_long;
    zc_dirnode_unpin(s->tree, l->d.node);
    if (ok) {
        l->dev = st.dev;
        l->ino = st.ino;
        zc_dirnode_set_id(l->d.node, st.dev, st.ino, st.mnt_id);
    }
    return ok;
}

static void leave(struct zc_sender *s, struct levels *levels)
{
    struct level *l = SLIST_FIRST(levels);
    SLIST_REMOVE_HEAD(levels, up);
    zc_names_fini(&l->d.names);
    zc_filter_free(l->d.filter);
    zc_dirnode_unref(s->tree, l->d.node);
    free(l);
}

enum kind { NOTHING, DIRECTORY, LINK_TO_DIRECTORY, SOMETHING };

/* What NAME in D comes to when it is listed. */
static enum kind look(struct zc_sworker *w, struct zc_sdir *d,
                      const char *name)
{
    struct zc_sender *s = w->s;
    struct zc_stat st;
    zc_auto_close int fd = -1;
    int dirfd = zc_dirnode_pin(s->tree, d->node);
    if (dirfd < 0)
        return SOMETHING;
    bool reserved = zc_sdir_reserves(d, dirfd, name) ||
                    zc_slinks_mounted(s, d->node, dirfd, name);
    int missing = reserved                        ? ENOENT
                  : zc_stat_at(dirfd, name, &st) ? errno
                                                 : 0;
    bool follows = !missing && S_ISLNK(st.mode) && zc_slinks_follow(s) &&
                   !zc_sdir_hides_link(w, d, name) &&
                   zc_slinks_look(s, d->node, dirfd, name, &st, &fd) ==
                       ZC_SLINK_FOLLOWED;
    zc_dirnode_unpin(s->tree, d->node);
    if (reserved || missing == ENOENT)
        return NOTHING;
    if (missing)
        return SOMETHING;
    if (zc_sdir_hides(w, d, name, S_ISDIR(st.mode)))
        return NOTHING;
    return !S_ISDIR(st.mode) ? SOMETHING
           : follows         ? LINK_TO_DIRECTORY
                             : DIRECTORY;
}

/* The next name of D, or NULL. */
static const char *next_name(struct zc_sender *s, struct zc_sdir *d,
                             enum kind *kind)
{
    size_t n = d->names.len;
    const struct zc_fileset_node *const *set = NULL;
    if (d->restricted)
        set = zc_fileset_children(s->opt->only, d->only, &n);
    if (d->at >= n)
        return NULL;
    *kind = !set && d->names.v[d->at].type == DT_DIR ? DIRECTORY : NOTHING;
    const char *name = set ? zc_fileset_name(set[d->at])
                           : zc_names_at(&d->names, d->at);
    d->at++;
    return name;
}

/* NAME in D is a directory that is left out, with what is mounted there. */
static bool is_place(struct zc_sworker *w, const struct zc_sdir *d,
                     const char *name, enum kind kind)
{
    const struct zc_place *place =
        w->s->places
            ? zc_splaces_skips(w, d->node, name,
                               kind == DIRECTORY ? DT_DIR : DT_UNKNOWN)
            : NULL;
    return place && place->state == ZC_PLACE_LEFT_OUT;
}

/* Looks through the innermost of LEVELS, down and up again. True: there is
 * something. */
static bool search(struct zc_sworker *w, struct levels *levels)
{
    struct level *l;
    while ((l = SLIST_FIRST(levels))) {
        enum kind kind;
        const char *name = next_name(w->s, &l->d, &kind);
        if (!name) {
            leave(w->s, levels);
            continue;
        }
        if (kind == DIRECTORY && zc_sdir_hides(w, &l->d, name, true))
            continue; /* not even looked at */
        if (is_place(w, &l->d, name, kind))
            continue;
        if (kind != DIRECTORY)
            kind = look(w, &l->d, name);
        if (kind == SOMETHING)
            return true;
        if (kind != NOTHING &&
            !enter(w, levels, &l->d, name, kind == LINK_TO_DIRECTORY))
            return true;
    }
    return false;
}

bool zc_prune_empty(struct zc_sworker *w, struct zc_sdir *d, const char *name,
                    const struct zc_stat *st, bool follow)
{
    struct zc_sender *s = w->s;
    struct levels levels = SLIST_HEAD_INITIALIZER(levels);
    struct zc_sdir below = {0};
    zc_sdir_restrict(s, &below, d->only, d->restricted, name, strlen(name));
    if (s->opt->walk & ZC_WALK_ONE_LEVEL && !below.restricted)
        return true;
    if (is_filled(s->prune, st->dev, st->ino))
        return false;
    bool some = !enter(w, &levels, d, name, follow) || search(w, &levels);
    if (some)
        note_filled(s->prune, &levels);
    while (!SLIST_EMPTY(&levels))
        leave(s, &levels);
    return !some;
}
