// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hard links. The kernel reports a change under one name of a file only, and
 * link(2) says nothing about the old name. A receiver that is shown one name of
 * several makes it a file of its own. So a round that has one name of a file
 * has to have all of them:
 *
 *   index        (dev, ino) -> names, of files with several (live_index.c)
 *   begin        before a round: names that are about to be sent are looked at,
 *                and the other names of their files added
 *   end          after it: files that turned up with names that the index has
 *                and the round had not; all their names become dirty
 *   search       a file that has more names than the index knows: the tree is
 *                walked for them (by inode number: some 10 ms for a hundred
 *                thousand files), no more than a tenth of the time
 */
#include "mirror/internal.h"

#include "base/clock.h"
#include "base/log.h"
#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/rootdir.h"

#include <inttypes.h>
#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 100000 /* files looked into after one round */
#define EXTRA_MAX 50000  /* names added to a round */
/* A search that takes no longer is made at once, before the round. */
#define CHEAP_NS (20 * 1000000LL)
#define REST 10 /* a search is followed by so many times its own time */

void zc_llinks_report(void *arg, const char *path, uint64_t dev, uint64_t ino)
{
    struct zc_lpeer *p = arg;
    struct zc_live *l = p->live;
    zc_live_lock(l);
    zc_lindex_add(l, path, dev, ino);
    struct zc_llink *k = zc_lindex_find(l, dev, ino);
    bool seen = k && k->seen_by == p && k->seen_round == p->round_number;
    if (k && !seen && p->collecting && p->fresh.len < FILES_MAX) {
        struct zc_lino f = {dev, ino};
        k->seen_by = p;
        k->seen_round = p->round_number;
        (void)zc_vec_push(&p->fresh, f);
    }
    zc_live_unlock(l);
}

/* --- looking at names; without the lock --- */

/* The names of one file, as paths that were looked at. */
struct group {
    ZC_VEC(char *) paths;
    uint32_t nlink;
    bool searched; /* there are no more in the tree */
};

static void group_fini(struct group *g)
{
    for (size_t i = 0; i < g->paths.len; i++)
        free(g->paths.v[i]);
    zc_vec_fini(&g->paths);
}

/* Looks at PATH below ROOT: is it a name of the file (DEV, INO)? */
static bool look(int root, const char *path, uint64_t dev, uint64_t ino,
                 uint32_t *nlink)
{
    struct zc_stat st;
    const char *slash = strrchr(path, '/');
    zc_auto_free char *dir = strndup(path, slash ? (size_t)(slash - path) : 0);
    if (!dir)
        return false;
    zc_auto_close int fd = zc_root_open_dir(root, dir);
    if (fd < 0 || zc_stat_at(fd, slash ? slash + 1 : path, &st) ||
        S_ISDIR(st.mode) || st.dev != dev || st.ino != ino)
        return false;
    *nlink = st.nlink;
    return true;
}

static char *path_of(struct zc_live *l, const struct zc_llink_name *n)
{
    struct zc_buf buf = ZC_BUF_INIT;
    const char *dir = l->w ? zc_watch_path(l->w, n->dir, &buf) : NULL;
    char *path = dir ? zc_relpath_join(dir, n->name) : NULL;
    zc_buf_fini(&buf);
    return path;
}

/* The names BAD are the file's no more. */
static void drop_names(struct zc_live *l, uint64_t dev, uint64_t ino,
                       const struct group *bad)
{
    zc_live_lock(l);
    struct zc_llink *k = zc_lindex_find(l, dev, ino);
    for (size_t b = 0; b < bad->paths.len && k; b++) {
        for (size_t i = 0; k && i < k->names.len; i++) {
            zc_auto_free char *path = path_of(l, k->names.v[i]);
            if (!path || strcmp(bad->paths.v[b], path) != 0)
                continue;
            k->searched = 0; /* it may just be elsewhere */
            zc_lindex_lost(l, k, i);
            break;
        }
        k = zc_lindex_find(l, dev, ino);
    }
    zc_live_unlock(l);
}

/* The paths of those names of K that it should still have. One whose directory
 * is gone is forgotten. */
static void list_names(struct zc_live *l, struct zc_llink *k, struct group *g)
{
    for (size_t i = k->names.len; i-- > 0;) {
        if (k->names.v[i]->former)
            continue;
        char *path = path_of(l, k->names.v[i]);
        if (path) {
            if (zc_vec_push(&g->paths, path))
                free(path);
            continue;
        }
        bool last = k->names.len == 1;
        zc_lindex_drop(l, k, i);
        if (last)
            return; /* and K with it */
    }
}

/* The names of a file that the index has and that are still its names. */
static void known_names(struct zc_live *l, int root, uint64_t dev,
                        uint64_t ino, struct group *g)
{
    struct group bad = {0};
    uint32_t searched = 0;
    *g = (struct group){0};
    zc_live_lock(l);
    struct zc_llink *k = zc_lindex_find(l, dev, ino);
    searched = k ? k->searched : 0;
    if (k)
        list_names(l, k, g);
    zc_live_unlock(l);

    for (size_t i = 0; i < g->paths.len;) {
        if (look(root, g->paths.v[i], dev, ino, &g->nlink)) {
            i++;
            continue;
        }
        char *gone = g->paths.v[i];
        g->paths.v[i] = g->paths.v[--g->paths.len];
        if (zc_vec_push(&bad.paths, gone))
            free(gone);
    }
    g->searched = g->nlink && searched == g->nlink;
    if (bad.paths.len)
        drop_names(l, dev, ino, &bad);
    group_fini(&bad);
}

static bool is_incomplete(const struct group *g)
{
    return g->paths.len && g->paths.len < g->nlink && !g->searched;
}

/* Searches for the names of FILES and puts them into the index. */
static void search(struct zc_live *l, int root, const zc_linos *files)
{
    zc_lfounds found = {0};
    int64_t start = zc_clock_ns();
    zc_live_lock(l);
    zc_lwalk_begin(l);
    zc_live_unlock(l);
    zc_live_search(l, root, files->v, files->len, &found);
    int64_t now = zc_clock_ns();
    zc_live_lock(l);
    zc_lwalk_end(l);
    l->links.search_cost = now - start;
    l->links.search_at = now + REST * (now - start);
    for (size_t i = 0; i < found.len; i++) {
        zc_lindex_add(l, found.v[i].path, found.v[i].dev, found.v[i].ino);
        free(found.v[i].path);
    }
    zc_live_unlock(l);
    zc_vec_fini(&found);
    for (size_t i = 0; i < files->len; i++) {
        struct group g;
        known_names(l, root, files->v[i].dev, files->v[i].ino, &g);
        zc_live_lock(l);
        struct zc_llink *k =
            zc_lindex_find(l, files->v[i].dev, files->v[i].ino);
        if (k)
            k->searched = g.nlink;
        zc_live_unlock(l);
        group_fini(&g);
    }
}

/* --- before and after a round --- */

struct additions {
    ZC_VEC(char *) paths; /* in the round's scratch memory */
    zc_linos incomplete;
    struct zc_map files; /* that were looked into already */
};

/* A file with several names is about to be sent: what else is it called? */
static void add_group(struct zc_lpeer *p, int root,
                      const struct zc_round *round, const struct zc_stat *st,
                      struct additions *a)
{
    struct group g;
    if (zc_map_get(&a->files, st->dev, st->ino) ||
        zc_map_put(&a->files, st->dev, st->ino, p))
        return;
    known_names(p->live, root, st->dev, st->ino, &g);
    if (is_incomplete(&g)) {
        struct zc_lino f = {st->dev, st->ino};
        (void)zc_vec_push(&a->incomplete, f);
    }
    for (size_t i = 0; i < g.paths.len; i++) {
        char *path = g.paths.v[i];
        g.paths.v[i] = NULL;
        if (zc_lround_covers(round, path) || zc_vec_push(&p->scratch, path)) {
            free(path);
            continue;
        }
        (void)zc_vec_push(&a->paths, path);
    }
    group_fini(&g);
}

/* Looks at the names of D. */
static void look_at_names(struct zc_lpeer *p, int root,
                          const struct zc_round *round,
                          const struct zc_round_dir *d, struct additions *a)
{
    zc_auto_close int fd = zc_root_open_dir(root, d->path);
    for (size_t i = 0; fd >= 0 && i < d->n; i++) {
        struct zc_stat st;
        const char *name = d->names[i].name;
        if (!*name || zc_stat_at(fd, name, &st) || S_ISDIR(st.mode) ||
            st.nlink < 2)
            continue;
        zc_live_lock(p->live);
        const char *slash = *d->path ? "/" : "";
        struct zc_buf path = ZC_BUF_INIT;
        zc_buf_printf(&path, "%s%s%s", d->path, slash, name);
        zc_buf_u8(&path, 0);
        if (!path.failed)
            zc_lindex_add(p->live, (char *)path.data, st.dev, st.ino);
        zc_buf_fini(&path);
        zc_live_unlock(p->live);
        add_group(p, root, round, &st, a);
    }
}

static void look_at_round(struct zc_lpeer *p, int root,
                          const struct zc_round *round, struct additions *a)
{
    for (size_t i = 0; i < round->n_dirs; i++)
        if (!round->dirs[i].whole)
            look_at_names(p, root, round, &round->dirs[i], a);
}

static void additions_fini(struct additions *a)
{
    zc_vec_fini(&a->paths);
    zc_vec_fini(&a->incomplete);
    zc_map_fini(&a->files);
}

/* ROUND with all that belongs to it. */
static const struct zc_round *augment(struct zc_lpeer *p, int root,
                                      const struct zc_round *round)
{
    struct zc_live *l = p->live;
    struct additions a = {0};
    p->round = *round;
    look_at_round(p, root, round, &a);
    zc_live_lock(l);
    bool cheap = a.incomplete.len && l->links.search_cost < CHEAP_NS &&
                 zc_clock_ns() >= l->links.search_at;
    zc_live_unlock(l);
    if (cheap) {
        search(l, root, &a.incomplete);
        additions_fini(&a);
        a = (struct additions){0};
        look_at_round(p, root, round, &a);
    }
    if (a.paths.len > EXTRA_MAX) {
        p->round = (struct zc_round){.all = true, .sync = round->sync};
    } else if (a.paths.len) {
        if (zc_lround_add(p, round, a.paths.v, a.paths.len))
            p->round = (struct zc_round){.all = true, .sync = round->sync};
    }
    additions_fini(&a);
    return &p->round;
}

const struct zc_round *zc_llinks_begin(struct zc_lpeer *p,
                                       const struct zc_round *round)
{
    struct zc_live *l = p->live;
    zc_live_lock(l);
    p->collecting = p->push.linked && !round->all;
    p->fresh.len = 0;
    bool any = l->links.n_several;
    zc_live_unlock(l);
    if (!p->collecting || !any || !round->n_dirs)
        return round;
    zc_auto_close int root = zc_root_open(p->push.src, false, NULL, NULL);
    return root < 0 ? round : augment(p, root, round);
}

/* Marks all names of a file dirty, if ROUND (NULL: no round) was not about all
 * of them. With the names looked at. After a search there may be one only: what
 * happened under the others was not said to be about this one. */
static void mark_group(struct zc_lpeer *p, const struct zc_round *round,
                       const struct group *g)
{
    struct zc_live *l = p->live;
    bool missing = round == NULL;
    for (size_t i = 0; i < g->paths.len && !missing; i++)
        missing = !zc_lround_covers(round, g->paths.v[i]);
    if (!missing || (round && g->paths.len < 2))
        return;
    zc_live_lock(l);
    p->relinked++;
    for (size_t i = 0; i < g->paths.len; i++) {
        const char *name;
        zc_wdir dir = zc_lindex_place(l, g->paths.v[i], &name);
        if (dir != ZC_WDIR_NONE)
            zc_dirty_mark(p->dirty, dir, name, strlen(name), ZC_CHANGE_NAME,
                          zc_clock_ns());
    }
    zc_live_unlock(l);
}

/* Marks what ROUND lacked of FILES; those with names that are not known yet go
 * to p->pending. */
static void mark_files(struct zc_lpeer *p, int root,
                       const struct zc_round *round, const zc_linos *files)
{
    for (size_t i = 0; i < files->len; i++) {
        struct group g;
        known_names(p->live, root, files->v[i].dev, files->v[i].ino, &g);
        if (is_incomplete(&g)) {
            zc_live_lock(p->live);
            if (p->pending.len < FILES_MAX)
                (void)zc_vec_push(&p->pending, files->v[i]);
            zc_live_unlock(p->live);
        } else {
            mark_group(p, round, &g);
        }
        group_fini(&g);
    }
}

void zc_llinks_incomplete(struct zc_live *l, uint64_t dev, uint64_t ino)
{
    struct zc_lino f = {dev, ino};
    for (size_t i = 0; i < l->n_peers; i++) {
        struct zc_lpeer *p = &l->peers[i];
        const struct zc_lino *last =
            p->pending.len ? &p->pending.v[p->pending.len - 1] : NULL;
        if (last && last->dev == dev && last->ino == ino)
            continue;
        if (p->pending.len >= FILES_MAX || zc_vec_push(&p->pending, f))
            zc_dirty_all(p->dirty, zc_clock_ns());
    }
}

void zc_llinks_end(struct zc_lpeer *p, const struct zc_round *round, bool good)
{
    struct zc_live *l = p->live;
    zc_live_lock(l);
    zc_linos files = {p->fresh.v, p->fresh.len, p->fresh.cap};
    p->fresh = (zc_linos){0};
    bool any = good && p->collecting && files.len;
    p->collecting = false;
    zc_live_unlock(l);
    if (any && !round->all) {
        zc_auto_close int root = zc_root_open(p->push.src, false, NULL, NULL);
        if (root >= 0)
            mark_files(p, root, round, &files);
    }
    zc_vec_fini(&files);
    for (size_t i = 0; i < p->scratch.len; i++)
        free(p->scratch.v[i]);
    p->scratch.len = 0;
}

void zc_llinks_pending(struct zc_lpeer *p)
{
    struct zc_live *l = p->live;
    zc_live_lock(l);
    zc_linos files = {p->pending.v, p->pending.len, p->pending.cap};
    p->pending = (zc_linos){0};
    p->searching = true;
    zc_live_unlock(l);
    zc_auto_close int root = zc_root_open(p->push.src, false, NULL, NULL);
    if (root >= 0) {
        search(l, root, &files);
        mark_files(p, root, NULL, &files);
    }
    zc_vec_fini(&files);
    zc_live_lock(l);
    p->searching = false;
    zc_live_unlock(l);
}
