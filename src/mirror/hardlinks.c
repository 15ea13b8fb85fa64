// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Hard links. The kernel reports a change under one name of a file only, and
 * link(2) says nothing about the old name. A receiver that is shown one name of
 * several makes it a file of its own. So a round that has one name of a file
 * has to have all of them:
 *
 *   index        (dev, ino) -> names, of files with several (index.c)
 *   begin        before a round: names that are about to be sent are looked at,
 *                and the other names of their files added
 *   end          after it: files that turned up with names that the index has
 *                and the round had not; all their names become dirty
 *   search       a file that has more names than the index knows: the tree is
 *                walked for them (by inode number: some 10 ms for a hundred
 *                thousand files), no more than a tenth of the time
 */
#include "mirror/hardlinks.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/rootdir.h"
#include "mirror/dirty.h"
#include "mirror/index.h"
#include "mirror/round.h"
#include "mirror/search.h"

#include <string.h>
#include <sys/stat.h>

#define FILES_MAX 100000 /* files looked into after one round */
#define EXTRA_MAX 50000  /* names added to a round */
/* A search that takes no longer is made at once, before the round. */
#define CHEAP_NS (20 * 1000000LL)
#define REST 10 /* a search is followed by so many times its own time */

struct zc_mhardlinks {
    /* Under the lock. */
    zc_inodes pending; /* files whose other names are to be searched for */
    bool searching;    /* for those names, right now */
    zc_inodes fresh;   /* files with several names that the round has listed */
    bool collecting;   /* `fresh` is wanted */

    struct zc_mround more; /* the peer's thread: the round under way */
};

struct zc_mhardlinks *zc_mhardlinks_new(void)
{
    return calloc(1, sizeof(struct zc_mhardlinks));
}

void zc_mhardlinks_free(struct zc_mhardlinks *h)
{
    if (!h)
        return;
    zc_vec_fini(&h->pending);
    zc_vec_fini(&h->fresh);
    zc_mround_fini(&h->more);
    free(h);
}

void zc_mhardlinks_listed(void *arg, const char *path, uint64_t dev,
                          uint64_t ino)
{
    struct zc_mpeer *p = arg;
    struct zc_mirror *m = p->mirror;
    struct zc_mhardlinks *h = p->hardlinks;
    zc_mirror_lock(m);
    zc_index_add(m, path, dev, ino);
    struct zc_index_file *file = zc_index_find(m, dev, ino);
    bool seen = file && file->seen_by == p &&
                file->seen_round == p->round_number;
    if (file && !seen && h->collecting && h->fresh.len < FILES_MAX) {
        struct zc_inode f = {dev, ino};
        file->seen_by = p;
        file->seen_round = p->round_number;
        (void)zc_vec_push(&h->fresh, f);
    }
    zc_mirror_unlock(m);
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

static char *path_of(struct zc_mirror *m, const struct zc_index_name *n)
{
    struct zc_buf buf = ZC_BUF_INIT;
    const char *dir = m->w ? zc_watch_path(m->w, n->dir, &buf) : NULL;
    char *path = dir ? zc_relpath_join(dir, n->name) : NULL;
    zc_buf_fini(&buf);
    return path;
}

/* The names BAD are the file's no more. */
static void drop_names(struct zc_mirror *m, uint64_t dev, uint64_t ino,
                       const struct group *bad)
{
    zc_mirror_lock(m);
    struct zc_index_file *file = zc_index_find(m, dev, ino);
    for (size_t b = 0; b < bad->paths.len && file; b++) {
        for (size_t i = 0; file && i < file->names.len; i++) {
            zc_auto_free char *path = path_of(m, file->names.v[i]);
            if (!path || strcmp(bad->paths.v[b], path) != 0)
                continue;
            file->searched = 0; /* the name may just have moved */
            zc_index_lost(m, file, i);
            break;
        }
        file = zc_index_find(m, dev, ino);
    }
    zc_mirror_unlock(m);
}

/* The paths of those names that FILE should still have. One whose directory is
 * gone is forgotten. */
static void list_names(struct zc_mirror *m, struct zc_index_file *file,
                       struct group *g)
{
    for (size_t i = file->names.len; i-- > 0;) {
        if (file->names.v[i]->former)
            continue;
        char *path = path_of(m, file->names.v[i]);
        if (path) {
            if (zc_vec_push(&g->paths, path))
                free(path);
            continue;
        }
        bool last = file->names.len == 1;
        zc_index_drop(m, file, i);
        if (last)
            return; /* and FILE with it */
    }
}

/* The names of a file that the index has and that are still its names. */
static void known_names(struct zc_mirror *m, int root, uint64_t dev,
                        uint64_t ino, struct group *g)
{
    struct group bad = {0};
    uint32_t searched = 0;
    *g = (struct group){0};
    zc_mirror_lock(m);
    struct zc_index_file *file = zc_index_find(m, dev, ino);
    searched = file ? file->searched : 0;
    if (file)
        list_names(m, file, g);
    zc_mirror_unlock(m);

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
        drop_names(m, dev, ino, &bad);
    group_fini(&bad);
}

static bool is_incomplete(const struct group *g)
{
    return g->paths.len && g->paths.len < g->nlink && !g->searched;
}

/* Searches for the names of FILES and puts them into the index. */
static void search(struct zc_mirror *m, int root, const zc_inodes *files)
{
    zc_found_names found = {0};
    int64_t start = zc_clock_ns();
    zc_mirror_lock(m);
    zc_search_begin(m);
    zc_mirror_unlock(m);
    zc_search_files(m, root, files->v, files->len, &found);
    int64_t now = zc_clock_ns();
    zc_mirror_lock(m);
    zc_search_end(m);
    m->searches.cost = now - start;
    m->searches.next = now + REST * (now - start);
    for (size_t i = 0; i < found.len; i++) {
        zc_index_add(m, found.v[i].path, found.v[i].dev, found.v[i].ino);
        free(found.v[i].path);
    }
    zc_mirror_unlock(m);
    zc_vec_fini(&found);
    for (size_t i = 0; i < files->len; i++) {
        struct group g;
        known_names(m, root, files->v[i].dev, files->v[i].ino, &g);
        zc_mirror_lock(m);
        struct zc_index_file *file =
            zc_index_find(m, files->v[i].dev, files->v[i].ino);
        if (file)
            file->searched = g.nlink;
        zc_mirror_unlock(m);
        group_fini(&g);
    }
}

/* --- before and after a round --- */

struct additions {
    ZC_VEC(char *) paths; /* owned by the round */
    zc_inodes incomplete;
    struct zc_map files; /* that were looked into already */
};

/* A file with several names is about to be sent: what else is it called? */
static void add_group(struct zc_mpeer *p, int root,
                      const struct zc_round *round, const struct zc_stat *st,
                      struct additions *a)
{
    struct group g;
    if (zc_map_get(&a->files, st->dev, st->ino) ||
        zc_map_put(&a->files, st->dev, st->ino, p))
        return;
    known_names(p->mirror, root, st->dev, st->ino, &g);
    if (is_incomplete(&g)) {
        struct zc_inode f = {st->dev, st->ino};
        (void)zc_vec_push(&a->incomplete, f);
    }
    for (size_t i = 0; i < g.paths.len; i++) {
        char *path = g.paths.v[i];
        g.paths.v[i] = NULL;
        if (zc_mround_covers(round, path) ||
            zc_mround_own(&p->hardlinks->more, path)) {
            free(path);
            continue;
        }
        (void)zc_vec_push(&a->paths, path);
    }
    group_fini(&g);
}

/* Looks at the names of D. */
static void look_at_names(struct zc_mpeer *p, int root,
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
        zc_mirror_lock(p->mirror);
        const char *slash = *d->path ? "/" : "";
        struct zc_buf path = ZC_BUF_INIT;
        zc_buf_printf(&path, "%s%s%s", d->path, slash, name);
        zc_buf_u8(&path, 0);
        if (!path.failed)
            zc_index_add(p->mirror, (char *)path.data, st.dev, st.ino);
        zc_buf_fini(&path);
        zc_mirror_unlock(p->mirror);
        add_group(p, root, round, &st, a);
    }
}

static void look_at_round(struct zc_mpeer *p, int root,
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
static const struct zc_round *augment(struct zc_mpeer *p, int root,
                                      const struct zc_round *round)
{
    struct zc_mirror *m = p->mirror;
    struct zc_mround *more = &p->hardlinks->more;
    struct additions a = {0};
    more->round = *round;
    look_at_round(p, root, round, &a);
    zc_mirror_lock(m);
    bool cheap = a.incomplete.len && m->searches.cost < CHEAP_NS &&
                 zc_clock_ns() >= m->searches.next;
    zc_mirror_unlock(m);
    if (cheap) {
        search(m, root, &a.incomplete);
        additions_fini(&a);
        a = (struct additions){0};
        look_at_round(p, root, round, &a);
    }
    if (a.paths.len > EXTRA_MAX ||
        (a.paths.len && zc_mround_add(more, round, a.paths.v, a.paths.len)))
        more->round = (struct zc_round){.all = true, .sync = round->sync};
    additions_fini(&a);
    return &more->round;
}

const struct zc_round *zc_mhardlinks_begin(struct zc_mpeer *p,
                                           const struct zc_round *round)
{
    struct zc_mirror *m = p->mirror;
    struct zc_mhardlinks *h = p->hardlinks;
    zc_mirror_lock(m);
    h->collecting = p->push.linked && !round->all;
    h->fresh.len = 0;
    bool any = zc_index_any(m->index);
    zc_mirror_unlock(m);
    if (!h->collecting || !any || !round->n_dirs)
        return round;
    zc_auto_close int root = zc_root_open(p->push.src, NULL);
    return root < 0 ? round : augment(p, root, round);
}

/* Marks all names of a file dirty, if ROUND (NULL: no round) was not about all
 * of them. G has been looked at. After a search there may be one name only:
 * what happened under the others was not said to be about that one. */
static void mark_group(struct zc_mpeer *p, const struct zc_round *round,
                       const struct group *g)
{
    struct zc_mirror *m = p->mirror;
    bool missing = round == NULL;
    for (size_t i = 0; i < g->paths.len && !missing; i++)
        missing = !zc_mround_covers(round, g->paths.v[i]);
    if (!missing || (round && g->paths.len < 2))
        return;
    zc_mirror_lock(m);
    p->n_found++;
    for (size_t i = 0; i < g->paths.len; i++) {
        const char *name;
        zc_wdir dir = zc_mirror_split(m, g->paths.v[i], &name);
        if (dir != ZC_WDIR_NONE)
            zc_dirty_mark(p->dirty, dir, name, strlen(name), ZC_CHANGE_NAME,
                          zc_clock_ns());
    }
    zc_mirror_unlock(m);
}

/* Marks what ROUND lacked of FILES; those with names that are not known yet
 * are to be searched for. */
static void mark_files(struct zc_mpeer *p, int root,
                       const struct zc_round *round, const zc_inodes *files)
{
    struct zc_mhardlinks *h = p->hardlinks;
    for (size_t i = 0; i < files->len; i++) {
        struct group g;
        known_names(p->mirror, root, files->v[i].dev, files->v[i].ino, &g);
        if (is_incomplete(&g)) {
            zc_mirror_lock(p->mirror);
            if (h->pending.len < FILES_MAX)
                (void)zc_vec_push(&h->pending, files->v[i]);
            zc_mirror_unlock(p->mirror);
        } else {
            mark_group(p, round, &g);
        }
        group_fini(&g);
    }
}

void zc_mhardlinks_incomplete(struct zc_mirror *m, uint64_t dev, uint64_t ino)
{
    struct zc_inode f = {dev, ino};
    for (size_t i = 0; i < m->n_peers; i++) {
        struct zc_mpeer *p = &m->peers[i];
        zc_inodes *v = &p->hardlinks->pending;
        const struct zc_inode *last = v->len ? &v->v[v->len - 1] : NULL;
        if (last && last->dev == dev && last->ino == ino)
            continue;
        if (v->len >= FILES_MAX || zc_vec_push(v, f))
            zc_dirty_all(p->dirty, zc_clock_ns());
    }
}

void zc_mhardlinks_end(struct zc_mpeer *p, const struct zc_round *round,
                       bool good)
{
    struct zc_mirror *m = p->mirror;
    struct zc_mhardlinks *h = p->hardlinks;
    zc_mirror_lock(m);
    zc_inodes files = {h->fresh.v, h->fresh.len, h->fresh.cap};
    h->fresh = (zc_inodes){0};
    bool any = good && h->collecting && files.len;
    h->collecting = false;
    zc_mirror_unlock(m);
    if (any && !round->all) {
        zc_auto_close int root = zc_root_open(p->push.src, NULL);
        if (root >= 0)
            mark_files(p, root, round, &files);
    }
    zc_vec_fini(&files);
    zc_mround_clear(&h->more);
}

int64_t zc_mhardlinks_next(const struct zc_mpeer *p, int64_t now)
{
    const struct zc_mirror *m = p->mirror;
    if (!p->hardlinks->pending.len)
        return INT64_MAX;
    if (atomic_load(&m->stopping))
        return 0;
    return ZC_MAX(m->searches.next - now, 0);
}

bool zc_mhardlinks_busy(const struct zc_mpeer *p)
{
    return p->hardlinks->pending.len || p->hardlinks->searching;
}

void zc_mhardlinks_search(struct zc_mpeer *p)
{
    struct zc_mirror *m = p->mirror;
    struct zc_mhardlinks *h = p->hardlinks;
    zc_mirror_lock(m);
    zc_inodes files = {h->pending.v, h->pending.len, h->pending.cap};
    h->pending = (zc_inodes){0};
    h->searching = true;
    zc_mirror_unlock(m);
    zc_auto_close int root = zc_root_open(p->push.src, NULL);
    if (root >= 0) {
        search(m, root, &files);
        mark_files(p, root, NULL, &files);
    }
    zc_vec_fini(&files);
    zc_mirror_lock(m);
    h->searching = false;
    zc_mirror_unlock(m);
}
