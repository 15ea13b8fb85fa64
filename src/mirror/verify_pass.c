// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Slice by slice through the tree; see verify.h.
 *
 * What differs may be no more than a change that is on its way, here or there.
 * So it is looked at a second time when all is quiet, and counts if it differs
 * then, too, and is not dirty.
 */
#include "mirror/verify_pass.h"

#include "base/clock.h"
#include "base/log.h"
#include "fs/rootdir.h"
#include "mirror/dirty.h"
#include "mirror/round.h"
#include "mirror/verify_walk.h"
#include "sender/session.h"
#include "watch/watch.h"

#include <string.h>
#include <sys/stat.h>

/* A slice: names, and bytes to be read. */
#define SLICE_NAMES 1000
#define SLICE_BYTES ((uint64_t)64 << 20)
#define FINDS_MAX 4000
#define TOLD_MAX 50 /* lines of the log in a pass */
#define POLL_NS (ZC_NSEC_PER_SEC / 10)
#define QUIET_NS (5 * ZC_NSEC_PER_SEC)
#define REPAIR_NS (60 * ZC_NSEC_PER_SEC)

/* --- what a round tells --- */

static void clear(zc_verify_finds *finds)
{
    for (size_t i = 0; i < finds->len; i++)
        free(finds->v[i].path);
    finds->len = 0;
}

/* What only the peer has is for comparisons. */
void zc_verify_item(void *arg, const struct zc_item *item)
{
    struct zc_mverify *v = arg;
    struct zc_verify_find f = {NULL, item->flags, item->mode};
    if (!item->flags || item->flags & (ZC_ITEM_DELETED | ZC_ITEM_UNCHANGED) ||
        v->finds.len >= FINDS_MAX)
        return;
    f.path = strdup(item->path);
    if (!f.path || zc_vec_push(&v->finds, f))
        free(f.path);
}

/* One line of the log, unless there were many. */
static bool may_tell(struct zc_mverify *v)
{
    if (v->told++ == TOLD_MAX)
        zc_log(ZC_LOG_WARN, "mirror %s: %s: more was found; 'zcsync status' "
               "counts it", v->m->opt->name, v->p->conf->name);
    return v->told <= TOLD_MAX;
}

void zc_verify_trouble(void *arg, enum zc_trouble kind, const char *what,
                       const char *path, int eno)
{
    struct zc_mverify *v = arg;
    char why[128];
    /* It has gone, or become something else, which the peer is yet to be told. */
    bool passing = !eno || eno == ENOENT || eno == ENOTDIR || eno == ELOOP ||
                   eno == ENOTEMPTY;
    if (!v->first_look || kind == ZC_TROUBLE_VANISHED ||
        kind == ZC_TROUBLE_META || passing)
        return;
    zc_mverify_peer(v)->now.unread++;
    if (may_tell(v))
        zc_log(ZC_LOG_WARN, "mirror %s: %s: verify: could not %s %s, at the "
               "%s: %s", v->m->opt->name, v->p->conf->name, what,
               *path ? path : ".",
               kind == ZC_TROUBLE_SOURCE ? "source" : "destination",
               zc_err_reason(eno, why, sizeof why));
}

/* --- rounds --- */

/* Compares the N PATHS; what differs is in V->finds. */
static int look(struct zc_mverify *v, char *const *paths, size_t n,
                struct zc_err *err)
{
    static const struct zc_round nothing;
    struct zc_mround m = {0};
    zc_verify_paths cut = {0};
    int r = 0;
    clear(&v->finds);
    for (size_t i = 0; i < n && !r; i++) {
        char *copy = strdup(paths[i]);
        r = !copy || zc_vec_push(&cut, copy) ? -1 : 0;
        if (r)
            free(copy);
    }
    if (r || zc_mround_add(&m, &nothing, cut.v, cut.len)) {
        r = zc_err_nomem(err);
    } else {
        m.round.leisure = true;
        zc_mirror_lock(v->m);
        if (v->m->w)
            m.round.places = zc_places_ref(zc_watch_places(v->m->w));
        zc_mirror_unlock(v->m);
        enum zc_exit code = zc_session_round(v->session, &m.round, err);
        zc_places_unref(m.round.places);
        r = code == ZC_EXIT_OK || code == ZC_EXIT_PARTIAL ||
                    code == ZC_EXIT_VANISHED
                ? 0
                : -1;
    }
    zc_mround_fini(&m);
    zc_verify_paths_clear(&cut);
    zc_vec_fini(&cut);
    return r;
}

/* The same for what was found in a look before. */
static int look_again(struct zc_mverify *v, const zc_verify_finds *finds,
                      struct zc_err *err)
{
    zc_auto_free char **paths = calloc(finds->len, sizeof *paths);
    if (!paths)
        return zc_err_nomem(err);
    for (size_t i = 0; i < finds->len; i++)
        paths[i] = finds->v[i].path;
    return look(v, paths, finds->len, err);
}

static int by_path(const void *a, const void *b)
{
    const struct zc_verify_find *x = a, *y = b;
    return strcmp(x->path, y->path);
}

/* And each path once: a directory is told of as a name, and for itself. */
static void sort(zc_verify_finds *finds)
{
    size_t n = 0;
    if (finds->len)
        qsort(finds->v, finds->len, sizeof *finds->v, by_path);
    for (size_t i = 0; i < finds->len; i++) {
        struct zc_verify_find *f = &finds->v[i];
        if (n && by_path(f, &finds->v[n - 1]) == 0) {
            finds->v[n - 1].flags |= f->flags;
            free(f->path);
        } else {
            finds->v[n++] = *f;
        }
    }
    finds->len = n;
}

static bool has(const zc_verify_finds *sorted, const struct zc_verify_find *f)
{
    return sorted->len && bsearch(f, sorted->v, sorted->len, sizeof *sorted->v,
                                  by_path);
}

/* --- what was found --- */

/* With the lock: where F is to be marked. NONE: its directory is gone. */
static zc_wdir place_of(struct zc_mverify *v, const struct zc_verify_find *f,
                        const char **name)
{
    *name = "";
    if (!v->m->w)
        return ZC_WDIR_NONE;
    return *f->path ? zc_mirror_split(v->m, f->path, name) : ZC_WDIR_ROOT;
}

/* With the lock: nothing is on its way to the peer, as far as anybody knows. */
static bool is_quiet(struct zc_mverify *v)
{
    struct zc_dirty_stats ds;
    zc_dirty_get_stats(v->p->dirty, &ds);
    return !ds.names && !ds.all && !v->p->in_round && v->m->w &&
           zc_watch_caught_up(v->m->w);
}

/* Waits until DONE(V), but no longer than NS. With the lock. */
static bool wait_for(struct zc_mverify *v, bool (*done)(struct zc_mverify *v),
                     int64_t ns)
{
    int64_t end = zc_clock_ns() + ns;
    while (!done(v) && zc_mverify_may(v) && zc_clock_ns() < end)
        zc_clock_cond_wait(&v->cond, &v->m->lock, POLL_NS);
    return done(v);
}

static const char *in_words(const struct zc_verify_find *f)
{
    if (f->flags & ZC_ITEM_NEW)
        return "is missing there";
    if (!(f->flags & ZC_ITEM_DATA))
        return f->flags & ZC_ITEM_HARD_LINK ? "is not the hard link it should be"
                                            : "has other metadata";
    if (f->flags & (ZC_ITEM_SIZE | ZC_ITEM_TIME))
        return "differs";
    return S_ISREG(f->mode) ? "has other content, with the same size and time"
                            : "differs";
}

static void tell(struct zc_mverify *v, const struct zc_verify_find *f)
{
    if (may_tell(v))
        zc_log(ZC_LOG_WARN, "mirror %s: %s: verify: %s %s; %s",
               v->m->opt->name, v->p->conf->name, *f->path ? f->path : ".",
               in_words(f),
               v->m->opt->verify.repair
                   ? "it is made as it is in the source"
                   : "it is left as it is (verify repair = no)");
}

/* With the lock: how many events there have been; 0: it is not quiet. */
static uint64_t quiet_since(struct zc_mverify *v)
{
    struct zc_watch_stats ws;
    if (!is_quiet(v))
        return 0;
    zc_watch_get_stats(v->m->w, &ws);
    return ws.events + 1;
}

/* A file that nobody has changed: no more was seen to differ than its bytes. */
static bool is_damage(const struct zc_verify_find *f)
{
    return S_ISREG(f->mode) && f->flags & ZC_ITEM_DATA &&
           !(f->flags & (ZC_ITEM_NEW | ZC_ITEM_SIZE | ZC_ITEM_TIME));
}

/* Forgets what was not seen twice, or is dirty. What else may be on its way counts
 * only if nothing has happened since it was QUIET, as quiet_since has said. */
static void confirm(struct zc_mverify *v, zc_verify_finds *finds,
                    uint64_t quiet)
{
    size_t n = 0;
    sort(&v->finds);
    zc_mirror_lock(v->m);
    bool still = quiet && quiet_since(v) == quiet;
    for (size_t i = 0; i < finds->len; i++) {
        struct zc_verify_find *f = &finds->v[i];
        const char *name;
        zc_wdir dir = place_of(v, f, &name);
        if (has(&v->finds, f) && dir != ZC_WDIR_NONE &&
            (still || is_damage(f)) &&
            !zc_dirty_is(v->p->dirty, dir, name, strlen(name)))
            finds->v[n++] = *f;
        else
            free(f->path);
    }
    finds->len = n;
    zc_mirror_unlock(v->m);
}

/* With the lock. */
static void mark(struct zc_mverify *v, const struct zc_verify_find *f)
{
    const char *name;
    zc_wdir dir = place_of(v, f, &name);
    unsigned what = ZC_CHANGE_META | ZC_CHANGE_NAME;
    if (f->flags & ZC_ITEM_DATA && S_ISREG(f->mode))
        what |= ZC_CHANGE_DATA;
    if (S_ISDIR(f->mode) && f->flags & ZC_ITEM_NEW)
        what |= ZC_CHANGE_DEEP;
    if (dir != ZC_WDIR_NONE)
        zc_dirty_mark(v->p->dirty, dir, name, strlen(name), what,
                      zc_clock_ns());
}

/* Has the peer's thread repair FINDS, and looks whether it did. */
static int repair(struct zc_mverify *v, const zc_verify_finds *finds,
                  struct zc_err *err)
{
    zc_mirror_lock(v->m);
    for (size_t i = 0; i < finds->len; i++)
        mark(v, &finds->v[i]);
    (void)zc_dirty_barrier(v->p->dirty, zc_clock_ns());
    zc_mirror_wake(v->p->wake);
    wait_for(v, is_quiet, REPAIR_NS);
    bool may = zc_mverify_may(v);
    zc_mirror_unlock(v->m);
    if (!may)
        return 0;
    if (look_again(v, finds, err))
        return -1;
    sort(&v->finds);
    for (size_t i = 0; i < finds->len; i++)
        zc_mverify_peer(v)->now.repaired += !has(&v->finds, &finds->v[i]);
    return 0;
}

/* V->finds may be damage. */
static int examine(struct zc_mverify *v, struct zc_err *err)
{
    zc_verify_finds finds = v->finds;
    memset(&v->finds, 0, sizeof v->finds);
    sort(&finds);
    zc_mirror_lock(v->m);
    (void)wait_for(v, is_quiet, QUIET_NS);
    uint64_t quiet = quiet_since(v);
    zc_mirror_unlock(v->m);
    int r = look_again(v, &finds, err);
    if (!r)
        confirm(v, &finds, quiet);
    for (size_t i = 0; i < finds.len && !r; i++)
        tell(v, &finds.v[i]);
    if (!r)
        zc_mverify_peer(v)->now.found += finds.len;
    if (!r && finds.len && v->m->opt->verify.repair)
        r = repair(v, &finds, err);
    clear(&finds);
    zc_vec_fini(&finds);
    return r;
}

/* --- the tree --- */

/* What the watcher does not know is excluded, elsewhere, or too new. */
static bool enters(void *arg, const char *path)
{
    struct zc_mverify *v = arg;
    zc_mirror_lock(v->m);
    bool known = v->m->w && zc_watch_lookup(v->m->w, path) != ZC_WDIR_NONE;
    zc_mirror_unlock(v->m);
    return known;
}

/* A file of rules in a round is a reason to look at the whole tree. */
static bool offers(void *arg, const char *name)
{
    const struct zc_mverify *v = arg;
    const struct zc_filter *f = v->push.filter;
    return !f || !zc_filter_has_merges(f) || !zc_filter_is_merge(f, name);
}

/* The slice that was under way since BEFORE is looked at again, later: only what was
 * found and is being repaired will not be met once more. */
static void take_back(struct zc_mverify *v, const struct zc_verify_pass *before)
{
    struct zc_verify_pass *now = &zc_mverify_peer(v)->now;
    const struct zc_verify_pass was = *now;
    *now = *before;
    if (v->m->opt->verify.repair) {
        now->found = was.found;
        now->repaired = was.repaired;
    }
}

/* One slice. As zc_verify_pass. */
static int slice(struct zc_mverify *v, struct zc_verify_walk *k,
                 zc_verify_paths *paths, struct zc_err *err)
{
    struct zc_verify_peer *p = zc_mverify_peer(v);
    int r = zc_verify_walk_next(k, SLICE_NAMES, SLICE_BYTES, paths);
    if (r <= 0)
        return r ? zc_err_nomem(err) : 1;
    const struct zc_verify_pass before = p->now;
    uint64_t files = atomic_load(&v->stats.done_files);
    uint64_t bytes = atomic_load(&v->stats.done_bytes);
    v->first_look = true;
    r = look(v, paths->v, paths->len, err);
    v->first_look = false;
    p->now.files += atomic_load(&v->stats.done_files) - files;
    p->now.bytes += atomic_load(&v->stats.done_bytes) - bytes;
    if (r || (v->finds.len && examine(v, err))) {
        take_back(v, &before);
        return -1;
    }
    free(p->cursor);
    p->cursor = paths->v[--paths->len];
    return 0;
}

int zc_verify_pass(struct zc_mverify *v, struct zc_err *err)
{
    zc_verify_paths paths = {0};
    zc_auto_close int root = zc_root_open(v->push.src, err);
    if (root < 0)
        return -1;
    struct zc_verify_walk *k = zc_verify_walk_new(
        root, zc_mverify_peer(v)->cursor, enters, offers, v);
    int r = k ? 0 : zc_err_nomem(err);
    while (!r) {
        zc_mirror_lock(v->m);
        bool may = zc_mverify_may(v);
        zc_mirror_unlock(v->m);
        if (!may)
            break;
        r = slice(v, k, &paths, err);
        zc_verify_paths_clear(&paths);
        zc_mverify_show(v, v->p->number);
        zc_mverify_save(v, false);
    }
    clear(&v->finds);
    zc_vec_fini(&v->finds);
    zc_vec_fini(&paths);
    zc_verify_walk_free(k);
    return r;
}
