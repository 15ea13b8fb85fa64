// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to be deleted, and the brake; see deletions.h. */
#include "receiver/deletions.h"

#include "fs/procfd.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "receiver/anchor.h"
#include "receiver/backup.h"
#include "receiver/core.h"
#include "receiver/dirs.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

/* Trees are always tolerated up to so many entries. */
#define BRAKE_MIN ((uint64_t)100)

/* A record of the plan: u32 path length, path, u64 the rules in its directory (a
 * pointer, kept alive by `filters`), u64 device, u64 inode, u8 "set the
 * directory's times again" and these: i64 seconds, u32 nanoseconds. */
struct record {
    struct zc_bytes path;
    const struct zc_filter *filter;
    uint64_t dev, ino;
    bool times;
    int64_t mtime_s;
    uint32_t mtime_ns;
};

static void record_put(struct zc_buf *b, const char *path,
                       const struct zc_filter *filter,
                       const struct zc_stat *st, const struct zc_rdir *d,
                       bool times)
{
    size_t n = strlen(path);
    zc_buf_u32(b, (uint32_t)n);
    zc_buf_put(b, path, n);
    zc_buf_u64(b, (uintptr_t)filter);
    zc_buf_u64(b, st->dev);
    zc_buf_u64(b, st->ino);
    zc_buf_u8(b, times);
    zc_buf_u64(b, (uint64_t)d->mtime_s);
    zc_buf_u32(b, d->mtime_ns);
}

static void record_get(struct zc_rd *rd, struct record *rec)
{
    rec->path.n = zc_rd_u32(rd);
    rec->path.p = zc_rd_bytes(rd, rec->path.n);
    rec->filter = (const struct zc_filter *)(uintptr_t)zc_rd_u64(rd);
    rec->dev = zc_rd_u64(rd);
    rec->ino = zc_rd_u64(rd);
    rec->times = zc_rd_u8(rd);
    rec->mtime_s = (int64_t)zc_rd_u64(rd);
    rec->mtime_ns = zc_rd_u32(rd);
}

/* Whom a tree at PATH, N bytes, is kept from. */
struct guard {
    const struct zc_receiver *r;
    const struct zc_filter *filter; /* of the directory that it is in */
    struct zc_filter *inside;       /* of those in it, if it is one */
    size_t n;
};

static struct guard guard_of(struct zc_receiver *r,
                             const struct zc_filter *filter, size_t n)
{
    struct guard g = {.r = r, .filter = filter, .n = n};
    g.inside = filter == r->terms.filter ? zc_filter_ref(filter)
                                         : zc_filter_inherited(filter);
    if (!g.inside) {
        zc_receiver_nomem(r);
        g.inside = zc_filter_ref(filter);
    }
    return g;
}

/* Without its marker nothing would ever be done here again. */
static bool is_marker(const struct zc_receiver *r, const char *path)
{
    const char *marker = r->anchor->marker;
    return marker && strcmp(marker, path) == 0;
}

bool zc_deletions_spare(const struct zc_receiver *r, const char *path)
{
    return is_marker(r, path) || zc_backup_protects(r, path);
}

bool zc_deletions_spare_any(const struct zc_receiver *r)
{
    return r->anchor->marker || zc_backup_on(r);
}

static bool is_protected_itself(const struct zc_receiver *r,
                                const struct zc_filter *f, const char *path,
                                bool is_dir)
{
    return zc_filter_protects(f, path, is_dir) || zc_deletions_spare(r, path);
}

static bool is_protected(void *arg, const char *path, bool is_dir)
{
    const struct guard *g = arg;
    if (strlen(path) <= g->n)
        return is_protected_itself(g->r, g->filter, path, is_dir);
    return zc_filter_protects_in_doomed(g->inside, path, is_dir) ||
           zc_deletions_spare(g->r, path) ||
           (!is_dir && zc_backup_is_one(g->r, path));
}

/* The plan needs F until it is over. With the lock held. */
static bool keep_filter(struct zc_deletions *p, const struct zc_filter *f)
{
    if (p->filters.len && p->filters.v[p->filters.len - 1] == f)
        return true;
    struct zc_filter *kept = zc_filter_ref(f);
    if (!zc_vec_push(&p->filters, kept))
        return true;
    zc_filter_free(kept);
    return false;
}

static void forget_filters(struct zc_deletions *p)
{
    for (size_t i = 0; i < p->filters.len; i++)
        zc_filter_free(p->filters.v[i]);
    p->filters.len = 0;
}

void zc_deletions_plan(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                       const char *name, uint8_t type, bool named)
{
    struct zc_receiver *r = w->r;
    struct zc_stat st;
    const char *path = zc_dirnode_path_of(d->shelf.node, name, strlen(name),
                                          &w->path);
    const struct zc_filter *rules = zc_rdir_rules(r, d);
    if (!path)
        zc_receiver_nomem(r);
    /* What is excluded may be a dead mount, and to look at it would take for ever. */
    if (!path || (type != DT_UNKNOWN &&
                  is_protected_itself(r, rules, path, type == DT_DIR)))
        return;
    if (zc_stat_at(dirfd, name, &st)) {
        if (errno != ENOENT)
            zc_rworker_note(w, d->shelf.node, name, ZC_OP_DELETE, 0, errno);
        return;
    }
    bool is_dir = S_ISDIR(st.mode);
    if (is_protected_itself(r, rules, path, is_dir))
        return;
    uint64_t n = 1;
    if (is_dir) {
        struct guard guard = guard_of(r, rules, strlen(path));
        struct zc_remove_ops ops = {.keep = is_protected, .arg = &guard};
        n = zc_count_tree(dirfd, name, path, &ops, UINT64_MAX);
        zc_filter_free(guard.inside);
        atomic_fetch_add(&r->deletions->seen, n && !named ? n - 1 : 0);
    }
    if (!n)
        return;
    struct zc_deletions *p = r->deletions;
    pthread_mutex_lock(&r->lock);
    p->count += n; /* by the brake's count it is part of the plan either way */
    if (named)
        p->named += n;
    bool room = p->records.len + strlen(path) < p->records_max &&
                keep_filter(p, rules);
    if (room)
        record_put(&p->records, path, rules, &st, d,
                   d->keep & ZC_KEEP_TIMES && !d->implied);
    pthread_mutex_unlock(&r->lock);
    if (!room)
        zc_rworker_note(w, d->shelf.node, name, ZC_OP_DELETE, st.mode, ENOMEM);
}

bool zc_deletions_replace(struct zc_rworker *w, struct zc_rdir *d, int dirfd,
                          const char *name)
{
    struct zc_receiver *r = w->r;
    const char *path = zc_dirnode_path_of(d->shelf.node, name, strlen(name),
                                          &w->path);
    if (!path)
        return false;
    struct zc_remove_ops ops = {.arg = r};
    uint64_t all = zc_count_tree(dirfd, name, path, &ops, UINT64_MAX);
    if (errno)
        return false; /* nobody can tell what is in it */
    if (all <= 1)
        return true; /* an empty directory */
    if (!(r->flags & ZC_OPEN_DELETE) && !(r->apply & ZC_APPLY_FORCE))
        return false;
    struct guard guard = guard_of(r, zc_rdir_rules(r, d), strlen(path));
    ops.keep = is_protected;
    ops.arg = &guard;
    bool whole = zc_count_tree(dirfd, name, path, &ops, UINT64_MAX) == all &&
                 !errno;
    zc_filter_free(guard.inside);
    if (!whole)
        return false; /* something in it is protected */
    pthread_mutex_lock(&r->lock);
    /* The tree goes when its name does, before the whole plan is known: so by
     * default no more than the brake always lets through; a mirror, whose last
     * round has told how much there is, may do half of it. */
    bool told = r->flags & ZC_OPEN_MAX_DELETE;
    uint64_t limit = told ? r->max_delete
                          : ZC_MAX(BRAKE_MIN, r->deletions->tree_size / 2);
    uint64_t before = r->deletions->count - (told ? 0 : r->deletions->named);
    bool seen_to_go = (d->shallow || d->seen) && !told;
    bool fits = r->flags & ZC_OPEN_FORCE_DELETE || seen_to_go ||
                before + all <= limit;
    atomic_fetch_add(&r->deletions->seen, all - 1);
    if (fits)
        r->deletions->count += all;
    if (fits && seen_to_go)
        r->deletions->named += all;
    if (!fits)
        r->deletions->held = true;
    pthread_mutex_unlock(&r->lock);
    return fits;
}

/* --- carrying out --- */

struct removal {
    struct zc_rworker *w;
    bool dry;  /* count and tell, as if */
    bool tell; /* of every entry */
    struct guard guard; /* of the record being worked on */
    struct where {
        char *dir; /* that the records being worked on are in */
        int fd;
        bool changed;
        bool opened_up; /* u+rwx was added for us; it was: */
        uint32_t mode;
        struct record last;
    } at;
};

static bool removal_keep(void *arg, const char *path, bool is_dir)
{
    struct removal *m = arg;
    return is_protected(&m->guard, path, is_dir);
}

static int removal_take(void *arg, int dirfd, const char *name,
                        const char *path)
{
    const struct removal *m = arg;
    const struct zc_lost l = {.dirfd = dirfd,
                              .name = name,
                              .path = path,
                              .home = dirfd,
                              .deleted = true};
    enum zc_backup_done d = zc_backup_take(m->w->r, &l);
    return d == ZC_BACKUP_FAILED ? -1 : d == ZC_BACKUP_STAYS;
}

static void removal_leave(void *arg, int dirfd, const char *name,
                          const char *path)
{
    const struct removal *m = arg;
    const struct zc_lost l = {.dirfd = dirfd,
                              .name = name,
                              .path = path,
                              .home = dirfd};
    zc_backup_dir(m->w->r, &l);
}

static void removal_done(void *arg, const char *path, bool is_dir)
{
    const struct removal *m = arg;
    struct zc_rworker *w = m->w;
    atomic_fetch_add(&w->r->done.deleted, 1);
    if (w->r->changes)
        zc_changes_add(w->r->changes, path);
    if (m->tell)
        zc_rworker_note_path(w, path, ZC_OP_DELETE,
                             is_dir ? S_IFDIR : S_IFREG, 0);
    if (w->out.len >= 32 * ZC_KIB)
        zc_rworker_flush(w);
}

static void removal_failed(void *arg, const char *path, int eno)
{
    const struct removal *m = arg;
    zc_rworker_note_path(m->w, path, ZC_OP_DELETE, 0, eno);
}

/* FD is a directory of ours that we may not work in: for the time being we may.
 */
static void open_up(const struct zc_receiver *r, struct where *at, int fd)
{
    struct zc_stat st;
    if (r->is_root || zc_stat_at(fd, "", &st) || st.uid != geteuid() ||
        (st.mode & S_IRWXU) == S_IRWXU)
        return;
    at->mode = st.mode & 07777;
    at->opened_up = !zc_fd_chmod(fd, at->mode | S_IRWXU);
}

/* The directory AT, one that may not even be read (as the source's, perhaps, by
 * now) included. */
static int open_dir(struct removal *m, struct where *at)
{
    struct zc_receiver *r = m->w->r;
    int fd = zc_root_open_dir(r->root_fd, at->dir);
    if (fd < 0 && r->apply & ZC_APPLY_DIRLINKS &&
        (errno == ELOOP || errno == ENOTDIR))
        fd = zc_root_open_linked(r->root_fd, at->dir);
    if (fd >= 0 || errno != EACCES || m->dry)
        return fd;
    zc_auto_close int path = zc_root_find_dir(r->root_fd, at->dir);
    if (path >= 0)
        open_up(r, at, path);
    fd = zc_root_open_dir(r->root_fd, at->dir);
    if (fd < 0 && at->opened_up) {
        int eno = errno;
        zc_fd_chmod(path, at->mode);
        at->opened_up = false;
        errno = eno;
    }
    return fd;
}

/* Its mode and times go back to what they were, and to what the source has. */
static void leave_dir(struct zc_receiver *r, struct where *at)
{
    if (at->opened_up)
        fchmod(at->fd, at->mode);
    at->opened_up = false;
    if (at->fd >= 0 && at->changed) {
        if (at->last.times)
            zc_fd_set_mtime(at->fd, at->last.mtime_s, at->last.mtime_ns);
        atomic_fetch_add(&r->done.changes, 1);
        zc_receiver_unsynced(r);
    }
    zc_close(&at->fd);
    free(at->dir);
    at->dir = NULL;
    at->changed = false;
}

/* Opens the directory of PATH, unless it is the one already open. */
static int enter_dir(struct removal *m, const char *path)
{
    struct zc_receiver *r = m->w->r;
    struct where *at = &m->at;
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 0;
    if (at->dir && strlen(at->dir) == n && !memcmp(at->dir, path, n))
        return 0;
    leave_dir(r, at);
    at->dir = strndup(path, n);
    if (!at->dir) {
        errno = ENOMEM;
        return -1;
    }
    at->fd = open_dir(m, at);
    if (at->fd < 0) {
        int eno = errno;
        free(at->dir);
        at->dir = NULL;
        errno = eno;
        return -1;
    }
    if (!m->dry && !at->opened_up)
        open_up(r, at, at->fd);
    if (!m->dry && r->keep & ZC_KEEP_FLAGS && *at->dir)
        zc_fileflags_unseal(at->fd, ""); /* seals.h: not the root */
    return 0;
}

static void delete_record(struct removal *m, const struct record *rec)
{
    bool kept = zc_backup_on(m->w->r);
    struct zc_remove_ops ops = {.keep = removal_keep,
                                .done = removal_done,
                                .failed = removal_failed,
                                .take = kept ? removal_take : NULL,
                                .leave = kept ? removal_leave : NULL,
                                .unseal = m->w->r->keep & ZC_KEEP_FLAGS,
                                .arg = m};
    zc_auto_free char *path = strndup((const char *)rec->path.p, rec->path.n);
    if (!path)
        zc_receiver_nomem(m->w->r);
    if (!path || enter_dir(m, path)) {
        if (path && errno != ENOENT)
            removal_failed(m, path, errno);
        return;
    }
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    /* Not what was there when it was planned: where case does not count, it
     * may be the file just written under a name that differs in case. */
    struct zc_stat st;
    if (zc_stat_at(m->at.fd, name, &st)) {
        if (errno != ENOENT)
            removal_failed(m, path, errno);
        return;
    }
    if (st.ino != rec->ino || st.dev != rec->dev)
        return;
    m->at.last = *rec;
    zc_filter_free(m->guard.inside);
    m->guard = guard_of(m->w->r, rec->filter, rec->path.n);
    if (m->dry) {
        zc_count_tree(m->at.fd, name, path, &ops, UINT64_MAX);
    } else {
        m->at.changed = true;
        zc_remove_tree(m->at.fd, name, path, &ops);
    }
}

/* 0, or -1 and the sentence. */
int zc_deletions_brake(const struct zc_receiver *r, struct zc_err *err)
{
    const struct zc_deletions *p = r->deletions;
    if (p->held)
        return zc_err_set(err, ZC_EXIT_MAX_DELETE, 0,
                          "nothing more was deleted: a directory of the "
                          "destination with many entries would be replaced "
                          "by something else; --max-delete=N or "
                          "--force-delete does it");
    if (!p->records.len)
        return 0;
    if (r->round.done_flags & ZC_DONE_SOURCE_GONE)
        return zc_err_set(err, ZC_EXIT_MAX_DELETE, 0,
                          "nothing was deleted: the source was removed, "
                          "replaced or unmounted during the run");
    if (r->flags & ZC_OPEN_FORCE_DELETE)
        return 0;
    if (r->round.full && !atomic_load(&p->source_has_entries))
        return zc_err_set(err, ZC_EXIT_MAX_DELETE, 0,
                          "nothing was deleted: the source is empty, and all "
                          "%llu entries of the destination would be deleted; "
                          "--force-delete does it",
                          (unsigned long long)p->count);
    if (r->flags & ZC_OPEN_MAX_DELETE) {
        if (p->count <= r->max_delete)
            return 0;
        return zc_err_set(err, ZC_EXIT_MAX_DELETE, 0,
                          "nothing was deleted: %llu entries would be, more "
                          "than --max-delete=%llu allows",
                          (unsigned long long)p->count,
                          (unsigned long long)r->max_delete);
    }
    /* A round of a mirror may have looked at a part of the tree only. */
    uint64_t missed = p->count - p->named;
    uint64_t tree = ZC_MAX(atomic_load(&p->seen), p->tree_size);
    if (tree > BRAKE_MIN && missed > tree / 2)
        return zc_err_set(err, ZC_EXIT_MAX_DELETE, 0,
                          "nothing was deleted: %llu of %llu entries would "
                          "be, more than half; --max-delete=N or "
                          "--force-delete does it",
                          (unsigned long long)missed,
                          (unsigned long long)tree);
    return 0;
}

int zc_deletions_run(struct zc_rworker *w, struct zc_err *err)
{
    struct zc_receiver *r = w->r;
    struct removal m = {.w = w,
                        .dry = r->dry,
                        .tell = r->flags & ZC_OPEN_WANT_ITEMS,
                        .at = {.fd = -1}};
    int held = zc_deletions_brake(r, err);
    if (held && !m.dry)
        return -1;
    struct zc_rd rd = zc_rd_init(r->deletions->records.data,
                                 r->deletions->records.len);
    while (zc_rd_left(&rd)) {
        struct record rec;
        record_get(&rd, &rec);
        delete_record(&m, &rec);
    }
    leave_dir(r, &m.at);
    zc_filter_free(m.guard.inside);
    zc_rworker_flush(w);
    return held;
}

/* What the round has made of the number of entries here. */
static void note_size(struct zc_receiver *r)
{
    struct zc_deletions *p = r->deletions;
    uint64_t more = atomic_load(&r->done.created);
    uint64_t less = atomic_load(&r->done.deleted);
    if (r->round.full)
        p->tree_size = atomic_load(&p->seen);
    p->tree_size += more;
    p->tree_size -= ZC_MIN(less, p->tree_size);
}

void zc_deletions_next_round(struct zc_receiver *r)
{
    struct zc_deletions *p = r->deletions;
    note_size(r);
    p->records.len = 0;
    forget_filters(p);
    r->dirs->rules = 0;
    p->count = p->named = 0;
    p->held = false;
    atomic_store(&p->seen, 0);
    atomic_store(&p->source_has_entries, false);
}

void zc_deletions_init(struct zc_deletions *p)
{
    *p = (struct zc_deletions){.records_max = ZC_DELETIONS_MAX};
}

void zc_deletions_free(struct zc_receiver *r)
{
    forget_filters(r->deletions);
    zc_vec_fini(&r->deletions->filters);
    zc_buf_fini(&r->deletions->records);
}
