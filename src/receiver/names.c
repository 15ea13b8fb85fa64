// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a mirror's rounds have that a push has not: directories named by their
 * path (AT) instead of found on the way down, files that come unasked, and
 * renames.
 *
 * A rename is a hint. It is carried out only where what is here is what the
 * sender means; where it is not, the sender is told and looks at the name
 * again.
 */
#include "receiver/names.h"

#include "base/io.h"
#include "base/libc.h"
#include "fs/rootdir.h"
#include "fs/staging.h"
#include "receiver/backup.h"
#include "receiver/choices.h"
#include "receiver/compare.h"
#include "receiver/core.h"
#include "receiver/deletions.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/lists.h"
#include "receiver/shared.h"
#include "receiver/spelling.h"
#include "receiver/volumes.h"
#include "receiver/walk.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* Directories that were named stay until the round is over, and each name on
 * the way to them takes memory: a path may have many. */
static bool has_room(struct zc_receiver *r, const struct zc_msg_at *m)
{
    if (!m->list)
        r->round.path_names = 0;
    r->round.path_names += 1 + (m->path.n ? 1 : 0);
    for (size_t i = 0; i < m->path.n; i++)
        r->round.path_names += m->path.p[i] == '/';
    pthread_mutex_lock(&r->lock);
    bool full = zc_ledger_full(r->ledger);
    pthread_mutex_unlock(&r->lock);
    return !full && r->round.path_names <= ZC_PLACE_NAMES_MAX;
}

/* Where nothing is changed places may be named, to be compared. */
static bool in_rounds(const struct zc_receiver *r)
{
    return r->flags & ZC_OPEN_ROUNDS;
}

/* The staging folder of the root, or a nest, which no sender has to offer. One of
 * a mount below may have just come to be. */
static bool is_own_staging(const char *path)
{
    size_t n = strlen(ZC_STAGING_NAME);
    for (const char *at = path, *slash; at; at = slash ? slash + 1 : NULL) {
        slash = strchr(at, '/');
        if (zc_name_is_nest(at, strcspn(at, "/")))
            return true;
    }
    return !strncmp(path, ZC_STAGING_NAME, n) && (path[n] == '/' || !path[n]);
}

int zc_names_on_at(struct zc_receiver *r, struct zc_bytes body,
                   struct zc_err *err)
{
    struct zc_msg_at m;
    if (!in_rounds(r))
        return zc_receiver_nonsense(err, "it names a place in a session that "
                                         "has none");
    if (zc_at_decode(body, &m, err))
        return -1;
    if (m.list != r->round.next_list)
        return zc_receiver_nonsense(err, "lists are not numbered in order");
    if (!has_room(r, &m))
        return zc_receiver_nonsense(err, "too much is left unfinished");
    r->round.next_list++;
    zc_auto_free char *path = strndup((const char *)m.path.p, m.path.n);
    if (!path)
        return zc_err_nomem(err);
    bool reserved = zc_staging_on_path(r->root_fd, path);
    if (reserved && is_own_staging(path))
        return zc_receiver_nonsense(err, "it names the staging folder");
    struct zc_ref ref = {m.list, 0};
    struct zc_rdir *d = zc_rdir_new_top(r, m.path, &m.self, ref);
    if (!d)
        return zc_err_errno(err, "look at the root of the destination");
    struct zc_rlist *list = zc_rlist_new(r, m.list, d);
    if (!list)
        return zc_err_nomem(err);
    d->shallow = true;
    if (!r->round.full)
        atomic_store(&r->shared->partial, true);
    else if (d->state == ZC_RD_FAILED)
        zc_rdirs_hurry(r->reader, path);
    if (reserved) {
        d->state = ZC_RD_FAILED;
        zc_rworker_note_path(r->reader, path, ZC_OP_RESERVED, S_IFDIR, 0);
    }
    zc_walk_top(r->reader, d, list, &m.self);
    return 0;
}

int zc_names_eager(struct zc_receiver *r, struct zc_rlist *list,
                   struct zc_msg_list m, struct zc_err *err)
{
    struct zc_entry prev = {0}, e;
    unsigned n = 0;
    for (uint32_t i = 0; i < m.count; i++) {
        if (zc_list_next(&m, &prev, &e, err))
            return -1;
        n += e.flags & ZC_ENTRY_EAGER ? 1 : 0;
    }
    if (n && r->dry)
        return zc_receiver_nonsense(err, "it sends a file in a dry run");
    zc_rlist_open(r, list, n);
    return 0;
}

/* --- files that are here already --- */

static bool same_bytes(struct zc_rworker *w, int dirfd, const char *name,
                       struct zc_bytes want)
{
    zc_auto_close int fd = zc_file_open(dirfd, name, O_RDONLY, 0);
    if (fd < 0)
        return false;
    zc_buf_reset(&w->scratch);
    uint8_t *have = zc_buf_reserve(&w->scratch, want.n + 1);
    return have && zc_io_pread(fd, have, want.n, 0) == (ssize_t)want.n &&
           (!want.n || !memcmp(have, want.p, want.n));
}

/* Two mirrors in a circle would send each other the same file for ever. */
static bool is_same(struct zc_rworker *w, const struct zc_cmp *c,
                    const struct zc_msg_file *m)
{
    if (!S_ISREG(c->st.mode) || c->st.nlink != 1 || c->st.size != m->data.n ||
        c->st.mtime_s != m->entry.mtime_s ||
        c->st.mtime_ns != m->entry.mtime_ns)
        return false;
    return !zc_cmp_meta(w->r, c) && !zc_cmp_xattrs(w, c) &&
           same_bytes(w, c->dirfd, c->name, m->data);
}

bool zc_names_settles(struct zc_rworker *w, struct zc_rlist *list,
                      const struct zc_msg_file *m)
{
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = list->dir;
    struct zc_cmp c = {.dir = d, .e = &m->entry, .xattrs = &m->xattrs};
    if (m->entry.flags & ZC_ENTRY_HARD_LINK)
        return false;
    zc_entry_name(&m->entry, c.name);
    c.dirfd = d->state == ZC_RD_FAILED
                  ? -1
                  : zc_dirnode_pin(r->tree, d->shelf.node);
    if (c.dirfd < 0) { /* as was reported for the directory */
        zc_hardlink_done(w, list, m->ref, ZC_STATUS_SAME, 0, 0);
        return true;
    }
    c.exists = !zc_dress_look(r, c.dirfd, c.name, &c.st);
    bool same = zc_choices_leave(r, c.e, c.exists ? &c.st : NULL) ||
                (c.exists && is_same(w, &c, m));
    bool in_the_way = !same && c.exists && S_ISDIR(c.st.mode) &&
                      !zc_deletions_replace(w, d, c.dirfd, c.name);
    zc_dirnode_unpin(r->tree, d->shelf.node);
    if (same)
        zc_hardlink_done(w, list, m->ref, ZC_STATUS_SAME, 0, 0);
    else if (in_the_way)
        zc_hardlink_done(w, list, m->ref, ZC_STATUS_FAILED, ZC_OP_REPLACE_DIR,
                         ENOTEMPTY);
    return same || in_the_way;
}

/* --- RENAME --- */

/* One end of a rename: a directory, and a name in it. */
struct rename_end {
    int dirfd;
    char *path;
    const char *name;
};

static int rename_end_open(struct zc_receiver *r, struct zc_bytes path,
                           struct rename_end *e)
{
    e->dirfd = -1;
    e->path = strndup((const char *)path.p, path.n);
    if (!e->path)
        return -1;
    char *slash = strrchr(e->path, '/');
    e->name = slash ? slash + 1 : e->path;
    if (zc_staging_on_path(r->root_fd, e->path))
        return -1;
    if (slash)
        *slash = '\0';
    e->dirfd = zc_root_open_dir(r->root_fd, slash ? e->path : "");
    if (slash)
        *slash = '/';
    return e->dirfd < 0 ? -1 : 0;
}

static void rename_end_close(struct rename_end *e)
{
    zc_close(&e->dirfd);
    free(e->path);
}

/* Is what FROM names here what the sender saw moving? */
static bool is_meant(struct zc_receiver *r, const struct rename_end *from,
                     const struct zc_msg_rename *m)
{
    struct zc_stat st;
    if (zc_stat_at(from->dirfd, from->name, &st))
        return false;
    if (m->is_dir)
        return S_ISDIR(st.mode);
    return S_ISREG(st.mode) && st.size == m->size &&
           zc_time_equal(m->mtime_s, m->mtime_ns, st.mtime_s, st.mtime_ns,
                         zc_volumes_time_step(r));
}

static bool is_protected(struct zc_receiver *r, const struct rename_end *e,
                         bool is_dir)
{
    return zc_filter_protects(r->terms.filter, e->path, is_dir);
}

/* The peer's filter would have what is below moved, and then judge it by its
 * new path: what was excluded where it was could be deleted there. */
static bool is_judged_anew(struct zc_receiver *r, const struct rename_end *from,
                           const struct rename_end *to)
{
    return zc_filter_differs(r->terms.filter, from->path, to->path);
}

/* Something is called so here, and perhaps spelled in another way. */
static bool may_be_another(struct zc_receiver *r, const struct rename_end *to)
{
    struct zc_names none = {0};
    struct zc_stat st;
    return !zc_stat_at(to->dirfd, to->name, &st) &&
           zc_spelling_folds(r, zc_volume_known(r, to->dirfd), to->dirfd,
                             &none);
}

/* A directory to a name that nothing has, or a file to one that is no
 * directory's. Where the file system does not know RENAME_NOREPLACE, what may
 * come up meanwhile is safe all the same: rename(2) replaces directories by
 * directories only, and only empty ones, and files by files. */
static int rename_to_new(const struct rename_end *from,
                         const struct rename_end *to)
{
    struct zc_stat st;
    if (!renameat2(from->dirfd, from->name, to->dirfd, to->name,
                   RENAME_NOREPLACE))
        return 0;
    if (errno != EINVAL && errno != ENOSYS && errno != EOPNOTSUPP)
        return -1;
    if (!zc_stat_at(to->dirfd, to->name, &st) || errno != ENOENT)
        return -1;
    return renameat(from->dirfd, from->name, to->dirfd, to->name);
}

/* What is called TO is kept, where that is asked for, and makes way. */
static int rename_over(struct zc_receiver *r, const struct rename_end *from,
                       const struct rename_end *to)
{
    const struct zc_lost l = {.dirfd = to->dirfd,
                              .name = to->name,
                              .path = to->path,
                              .home = to->dirfd};
    if (zc_backup_on(r)) {
        enum zc_backup_done d = zc_backup_before(r, &l);
        if (d == ZC_BACKUP_FAILED || d == ZC_BACKUP_LATER)
            return -1;
    }
    return renameat(from->dirfd, from->name, to->dirfd, to->name);
}

static void tell_renamed(struct zc_receiver *r, struct zc_bytes path)
{
    zc_auto_free char *p = NULL;
    if (r->changes && (p = strndup((const char *)path.p, path.n)))
        zc_changes_add(r->changes, p);
}

/* 0, or -1: it was not done, or not to be: where a name may be left alone, it is
 * looked at like any other. */
static int rename_here(struct zc_receiver *r, const struct zc_msg_rename *m)
{
    if (zc_choices_any(r))
        return -1;
    struct rename_end from, to = {.dirfd = -1};
    struct zc_stat st;
    int bad = rename_end_open(r, m->from, &from) ||
              rename_end_open(r, m->to, &to) ||
              is_protected(r, &from, m->is_dir) ||
              is_protected(r, &to, m->is_dir) ||
              (m->is_dir && is_judged_anew(r, &from, &to)) ||
              !is_meant(r, &from, m) || may_be_another(r, &to);
    if (!bad) {
        /* A file replaces what has the name, unless that is a directory. */
        bool replace = !m->is_dir &&
                       (zc_stat_at(to.dirfd, to.name, &st) ||
                        !S_ISDIR(st.mode));
        bad = replace ? rename_over(r, &from, &to) : rename_to_new(&from, &to);
    }
    rename_end_close(&from);
    rename_end_close(&to);
    if (bad)
        return -1;
    atomic_fetch_add(&r->done.changes, 1);
    tell_renamed(r, m->from);
    tell_renamed(r, m->to);
    zc_receiver_unsynced(r);
    return 0;
}

int zc_names_on_rename(struct zc_receiver *r, struct zc_bytes body,
                       struct zc_err *err)
{
    struct zc_msg_rename m;
    if (!in_rounds(r) || r->dry || r->round.next_list)
        return zc_receiver_nonsense(err, "a rename at the wrong time");
    if (zc_rename_decode(body, &m, err))
        return -1;
    if (rename_here(r, &m)) {
        zc_auto_free char *to = strndup((const char *)m.to.p, m.to.n);
        if (!to)
            return zc_err_nomem(err);
        zc_rworker_note_path(r->reader, to, ZC_OP_NOT_RENAMED, 0, 0);
    }
    return 0;
}
