// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Renames in the dirty set; see dirty.h.
 *
 * A rename that is kept for the next batch is a guess: the peer has what was at
 * the old name, so it can have it at the new one without a byte being sent. For
 * a file a wrong guess costs nothing, as the peer compares, and then the names
 * are looked at. A directory is moved with all that is in it, which is not
 * looked at: so its new name is marked DEEP wherever the peer may have had
 * something else there. That is so when
 *
 * - it was not sent yet: DEEP is in the set for it, or for one above it;
 * - a batch that touched it, or its way up, is in flight, or was before the
 *   watcher had reported all: the sender may have seen what came after the
 *   rename, under the old path. What was taken from below it is marked again;
 * - the peer refuses it, or one before it that it builds on.
 *
 * The paths of a kept rename are those at its moment. The peer does renames in
 * order and first, so it has the same paths when their turn comes.
 */
#include "base/relpath.h"
#include "mirror/dirty_internal.h"

#define CONTENT (ZC_CHANGE_DATA | ZC_CHANGE_WRITING | ZC_CHANGE_NAME)
#define ANYTHING (ZC_CHANGE_DATA | ZC_CHANGE_META | ZC_CHANGE_NAME | \
                  ZC_CHANGE_DEEP)

/* One side of a rename. */
struct side {
    zc_wdir dir;
    const char *name;
    size_t n;
};

static void kept_free(struct zc_kept *k)
{
    if (!k)
        return;
    free(k->from.name);
    free(k->to.name);
    free(k->from.path);
    free(k->to.path);
    free(k);
}

static struct zc_kept_name *kept_name(const struct zc_nametab_node *node)
{
    return ZC_CONTAINER_OF(node, struct zc_kept_name, by_name);
}

static struct zc_nametab_key key_of(const struct zc_nametab_node *node)
{
    const struct zc_kept_name *n = kept_name(node);
    return (struct zc_nametab_key){n->dir, n->name, strlen(n->name)};
}

void zc_renames_init(struct zc_renames *r)
{
    zc_nametab_init(&r->by_name, key_of);
}

void zc_renames_clear(struct zc_renames *r)
{
    for (size_t i = 0; i < r->v.len; i++)
        kept_free(r->v.v[i]);
    zc_vec_fini(&r->v);
    zc_nametab_clear(&r->by_name);
    zc_map_fini(&r->moved);
    r->n_living = 0;
}

static void drop_one(struct zc_renames *r, struct zc_kept *k)
{
    r->n_living -= !k->dropped;
    k->dropped = true;
}

void zc_renames_drop(struct zc_dirty *d, size_t at, int64_t now)
{
    struct zc_renames *r = &d->renames;
    for (; at < r->v.len; at++) {
        struct zc_kept *k = r->v.v[at];
        const char *name;
        zc_wdir parent;
        if (k->dropped)
            continue;
        drop_one(r, k);
        if (!k->is_dir || !(parent = zc_watch_parent(d->w, k->moved, &name)))
            continue;
        struct zc_mark *m =
            zc_dirty_touch(d, parent, name, strlen(name),
                           ZC_CHANGE_NAME | ZC_CHANGE_DEEP, now);
        if (!m)
            return; /* everything is in doubt, and R is empty */
        zc_marks_schedule(&d->set, m, now, now);
    }
}

/* ---- Keeping ------------------------------------------------------------ */

/* The last one that was kept with this name, as one of its two. */
static struct zc_kept *kept_with(const struct zc_dirty *d,
                                 const struct side *s)
{
    const struct zc_nametab_node *node =
        zc_nametab_find(&d->renames.by_name, s->dir, s->name, s->n);
    return node ? kept_name(node)->kept : NULL;
}

static char *path_of(const struct zc_dirty *d, const struct side *s)
{
    struct zc_buf b = ZC_BUF_INIT;
    const char *dir = zc_watch_path(d->w, s->dir, &b);
    char *path = dir ? zc_relpath_join(dir, s->name) : NULL;
    zc_buf_fini(&b);
    return path;
}

/* False: no memory. */
static bool set_name(const struct zc_dirty *d, struct zc_kept_name *n,
                     struct zc_kept *k, const struct side *s)
{
    n->kept = k;
    n->dir = s->dir;
    n->name = strndup(s->name, s->n);
    n->path = path_of(d, s);
    return n->name && n->path;
}

/* -1: it cannot be kept. */
static int keep(struct zc_dirty *d, const struct side *from,
                const struct side *to, zc_wdir moved, bool is_dir)
{
    struct zc_renames *r = &d->renames;
    struct zc_kept *k = calloc(1, sizeof *k);
    if (!k)
        return -1;
    k->moved = moved;
    k->is_dir = is_dir;
    k->at = r->v.len;
    k->before = moved ? zc_map_get(&r->moved, moved, 0) : NULL;
    if (!set_name(d, &k->from, k, from) || !set_name(d, &k->to, k, to) ||
        zc_vec_push(&r->v, k)) {
        kept_free(k);
        return -1;
    }
    r->n_living++;
    zc_nametab_add(&r->by_name, &k->from.by_name);
    zc_nametab_add(&r->by_name, &k->to.by_name);
    if (moved && zc_map_put(&r->moved, moved, 0, k)) {
        drop_one(r, k);
        return -1;
    }
    return 0;
}

static bool is_name(const struct side *s, const struct zc_kept_name *n)
{
    return s->dir == n->dir && strlen(n->name) == s->n &&
           memcmp(n->name, s->name, s->n) == 0;
}

/* True when the directory is back at a name that a kept rename took it away
 * from; the way round is forgotten then, with what came between. */
static bool went_round(struct zc_dirty *d, zc_wdir moved, const struct side *to,
                       int64_t now)
{
    struct zc_kept *k = zc_map_get(&d->renames.moved, moved, 0);
    while (k && (k->dropped || !is_name(to, &k->from)))
        k = k->before;
    if (k)
        zc_renames_drop(d, k->at, now);
    return k;
}

/* True when a name takes part in another rename of the batch: with files of the
 * same size and time a peer could not tell that it got the wrong one. */
static bool file_clash(struct zc_dirty *d, const struct side *from,
                       const struct side *to)
{
    struct zc_kept *other[] = {kept_with(d, from), kept_with(d, to)};
    for (int i = 0; i < 2; i++)
        if (other[i] && !other[i]->is_dir)
            drop_one(&d->renames, other[i]);
    return other[0] || other[1];
}

/* ---- What a rename upsets ----------------------------------------------- */

/* The directory that was at FROM, or the way to it, was taken, and it is not
 * certain that the sender saw it there. */
static bool was_taken(const struct zc_dirty *d, const struct side *from)
{
    struct side s = *from;
    if (d->fog)
        return true;
    while (d->sent.n) {
        if (zc_marks_find(&d->sent, s.dir, s.name, s.n) ||
            zc_marks_whole(&d->sent, s.dir))
            return true;
        if (s.dir == ZC_WDIR_ROOT ||
            !(s.dir = zc_watch_parent(d->w, s.dir, &s.name)))
            return false;
        s.n = strlen(s.name);
    }
    return false;
}

static bool is_below(const struct zc_dirty *d, zc_wdir dir, zc_wdir top)
{
    while (dir && dir != top)
        dir = zc_watch_parent(d->w, dir, NULL);
    return dir;
}

static void revisit_mark(struct zc_dirty *d, const struct zc_mark *s,
                         int64_t now)
{
    if (strcmp(s->name, ZC_WHOLE) == 0) {
        zc_dirty_tree(d, s->dir, now);
        return;
    }
    zc_dirty_mark(d, s->dir, s->name, s->n, ANYTHING, now);
    struct zc_mark *m = zc_marks_find(&d->set, s->dir, s->name, s->n);
    if (!d->fly.on || s->round != d->round)
        return;
    if (m)
        zc_marks_age(&d->set, m, s->since, s->gen);
    else if (d->all)
        zc_dirty_doubt(d, s->since, s->gen);
}

/* Marks again what was taken from below MOVED under its old path. */
static void revisit(struct zc_dirty *d, zc_wdir moved, int64_t now)
{
    struct zc_map_slot *slot;
    size_t at = 0;
    while ((slot = zc_map_next(&d->sent.dirs, &at))) {
        const struct zc_mark_dir *dir = slot->value;
        if (!is_below(d, dir->id, moved))
            continue;
        const struct zc_mark *s = TAILQ_FIRST(&dir->marks);
        for (; s && !d->all; s = TAILQ_NEXT(s, in_dir))
            revisit_mark(d, s, now);
    }
}

/* ---- The callback ------------------------------------------------------- */

/* Marks both names, due now; what was known about the old one goes over, but
 * for NAME and DEEP, which are in WHAT if they are true of the new one. */
static void mark_both(struct zc_dirty *d, const struct side *from,
                      const struct side *to, unsigned what, int64_t now)
{
    struct zc_mark *old =
        zc_marks_find(&d->set, from->dir, from->name, from->n);
    uint64_t gen = old ? old->gen : d->gen;
    if (old) {
        what |= old->what & ~(unsigned)(ZC_CHANGE_NAME | ZC_CHANGE_DEEP);
        zc_marks_set_what(&d->set, old, ZC_CHANGE_NAME);
    }
    zc_dirty_mark(d, from->dir, from->name, from->n, ZC_CHANGE_NAME, now);
    zc_dirty_mark(d, to->dir, to->name, to->n, what | ZC_CHANGE_META, now);
    struct zc_mark *m = zc_marks_find(&d->set, to->dir, to->name, to->n);
    if (m && gen < m->gen)
        zc_marks_age(&d->set, m, m->since, gen);
}

static void dir_renamed(struct zc_dirty *d, const struct side *from,
                        const struct side *to, int64_t now)
{
    zc_wdir moved = zc_watch_child(d->w, to->dir, to->name, to->n);
    const struct zc_mark *old =
        zc_marks_find(&d->set, from->dir, from->name, from->n);
    bool unsent = !moved || (old && old->what & ZC_CHANGE_DEEP) ||
                  zc_dirty_deep_above(d, &d->set, from->dir, 0);
    bool round = moved && went_round(d, moved, to, now);
    bool deep = round || unsent || was_taken(d, from);
    if (d->all)
        return;
    if (!round && !unsent && keep(d, from, to, moved, true))
        deep = true;
    mark_both(d, from, to, ZC_CHANGE_NAME | (deep ? ZC_CHANGE_DEEP : 0), now);
    if (!deep)
        revisit(d, moved, now);
}

static void file_renamed(struct zc_dirty *d, const struct side *from,
                         const struct side *to, int64_t now)
{
    const struct zc_mark *old =
        zc_marks_find(&d->set, from->dir, from->name, from->n);
    bool unsent = (old && old->what & CONTENT) ||
                  zc_dirty_deep_above(d, &d->set, from->dir, 0);
    if (!file_clash(d, from, to) && !unsent)
        keep(d, from, to, ZC_WDIR_NONE, false);
    mark_both(d, from, to, ZC_CHANGE_NAME, now);
}

void zc_dirty_renamed(struct zc_dirty *d, zc_wdir from, const char *from_name,
                      size_t from_n, zc_wdir to, const char *to_name,
                      size_t to_n, bool is_dir, int64_t now)
{
    zc_dirty_seen(d, now);
    if (d->all)
        return;
    /* The strings need not end where the names do. */
    char f[ZC_NAME_MAX + 1] = "", t[ZC_NAME_MAX + 1] = "";
    if (from_n > ZC_NAME_MAX || to_n > ZC_NAME_MAX) {
        zc_dirty_all(d, now);
        return;
    }
    memcpy(f, from_name, from_n);
    memcpy(t, to_name, to_n);
    struct side a = {from, f, from_n}, b = {to, t, to_n};
    if (is_dir)
        dir_renamed(d, &a, &b, now);
    else
        file_renamed(d, &a, &b, now);
    /* Directories that go round in rings have few names and many renames. */
    if (d->renames.v.len > d->lim.max_names)
        zc_renames_drop(d, 0, now);
    if (!d->renames.n_living && d->renames.v.len > d->lim.max_names)
        zc_renames_clear(&d->renames);
    zc_dirty_bound(d, now);
}

/* ---- Refused ------------------------------------------------------------ */

bool zc_path_within(const char *path, const char *dir)
{
    size_t n = strlen(dir);
    return strncmp(path, dir, n) == 0 && (!path[n] || path[n] == '/' || !n);
}

typedef ZC_VEC(char *) paths;

static int add_path(paths *p, char *path)
{
    if (path && zc_vec_push(p, path) == 0)
        return 0;
    free(path);
    return -1;
}

/* TAINTED: where something wrong may be; follows it through the rename R. */
static int follow(paths *tainted, const struct zc_round_rename *r)
{
    bool carries = false;
    for (size_t i = 0; i < tainted->len; i++) {
        char *path = tainted->v[i];
        carries |= zc_path_within(path, r->from) ||
                   zc_path_within(r->from, path);
        if (!zc_path_within(path, r->from) || !path[strlen(r->from)])
            continue;
        char *there = zc_relpath_join(r->to, path + strlen(r->from) + 1);
        if (!there)
            return -1;
        free(path);
        tainted->v[i] = there;
    }
    return carries ? add_path(tainted, strdup(r->to)) : 0;
}

void zc_renames_refused(struct zc_dirty *d, const char *path, int64_t now)
{
    paths tainted = {0};
    bool failed = false;
    for (size_t i = 0; i < d->fly.n_renames && !failed; i++) {
        const struct zc_round_rename *r = &d->fly.renames[i];
        if (!r->is_dir)
            continue;
        failed = tainted.len && follow(&tainted, r);
        if (!failed && (!strcmp(r->to, path) || !strcmp(r->from, path)))
            failed = add_path(&tainted, strdup(r->to));
    }
    for (size_t i = 0; i < tainted.len; i++) {
        if (strcmp(tainted.v[i], path) != 0)
            zc_dirty_again(d, tainted.v[i], false, now, now);
        free(tainted.v[i]);
    }
    zc_vec_fini(&tainted);
    if (failed)
        zc_dirty_doubt(d, d->fly.since, d->fly.gen);
}
