// SPDX-License-Identifier: GPL-2.0-or-later
/* The life of a directory; see dirs.h. */
#include "receiver/dirs.h"

#include "fs/rootdir.h"
#include "receiver/commit.h"
#include "receiver/choices.h"
#include "receiver/core.h"
#include "receiver/dress.h"
#include "receiver/room.h"
#include "receiver/seals.h"
#include "receiver/spelling.h"
#include "receiver/volumes.h"
#include "tree/digests.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Files written under final names into a staged directory before it is put in
 * place all the same: a crash, or Ctrl-C, costs no more than these. */
#define DIRECT_MAX 4096

/* Changes up to which single fsyncs are cheaper than syncfs. */
#define FEW_CHANGES 64

void zc_rdirs_init(struct zc_rdirs *d)
{
    *d = (struct zc_rdirs){0};
    LIST_INIT(&d->all);
}

/* --- life --- */

int zc_rdir_set_volume(struct zc_receiver *r, struct zc_rdir *d, int dirfd,
                       const char *name, const struct zc_stat *st)
{
    if (zc_volume_has(d->shelf.vol, st))
        return 0;
    zc_auto_close int fd = zc_dir_open(dirfd, name);
    struct zc_volume *v = fd < 0 ? NULL : zc_volume_enter(r, fd, st);
    if (!v)
        return -1;
    d->shelf.vol = v;
    d->volume_top = true;
    return 0;
}

/* A child of PARENT, or, without one, what NODE is. */
static struct zc_rdir *rdir_new(struct zc_receiver *r, struct zc_rdir *parent,
                                struct zc_dirnode *node,
                                const struct zc_entry *e, struct zc_ref ref,
                                enum zc_rdir_state state)
{
    struct zc_meta_want want;
    struct zc_rdir *d = calloc(1, sizeof *d);
    if (!d)
        return NULL;
    zc_dress_want(r, e, &want);
    d->parent = parent;
    d->ref = ref;
    d->state = state;
    d->mode = want.mode;
    d->uid = want.uid;
    d->gid = want.gid;
    d->keep = want.keep;
    d->mtime_s = want.mtime_s;
    d->mtime_ns = want.mtime_ns;
    d->fileflags = want.fileflags;
    d->seen = e->flags & ZC_ENTRY_SEEN || (parent && parent->seen);
    d->implied = !parent && e->flags & ZC_ENTRY_IMPLIED;
    if (parent && zc_choices_is_way(r, e)) { /* as by mkdir, if it is made */
        d->implied = state == ZC_RD_EXISTS;
        d->mode = S_IFDIR | S_IRWXU | zc_shelf_mode(r, &parent->shelf, 0777);
        d->keep = ZC_KEEP_PERMS | (r->keep & ZC_KEEP_FAKE);
    }
    zc_queue_line_init(&d->lists);
    zc_shelf_init(&d->shelf);
    if (parent) {
        d->shelf.up = &parent->shelf;
        d->shelf.vol = parent->shelf.vol;
        d->shelf.node = zc_dirnode_new(r->tree, parent->shelf.node, e->name,
                                       e->name_len);
    } else { /* the volume may be another: see zc_rdir_new_top */
        d->shelf.vol = zc_volume_of_root(r);
        d->volume_top = true;
        d->shelf.node = node;
        zc_dirnode_ref(r->tree, node);
    }
    if (!d->shelf.node || !d->shelf.vol)
        goto fail;
    pthread_mutex_lock(&r->lock);
    int bad = zc_map_put(&r->dirs->by_ref, ref.list, ref.index, d);
    if (!bad) {
        zc_ledger_open_dir(r->ledger, &d->book, parent ? &parent->book : NULL);
        LIST_INSERT_HEAD(&r->dirs->all, d, all);
    }
    pthread_mutex_unlock(&r->lock);
    if (!bad)
        return d;
fail:;
    int eno = errno;
    zc_dirnode_unref(r->tree, d->shelf.node);
    free(d);
    errno = eno;
    return NULL;
}

int zc_rdir_take_rules(struct zc_receiver *r, struct zc_rdir *d,
                       struct zc_bytes rules, struct zc_err *err)
{
    pthread_mutex_lock(&r->lock);
    bool many = (r->dirs->rules += rules.n) > ZC_ROUND_RULES_MAX;
    pthread_mutex_unlock(&r->lock);
    if (many)
        return zc_receiver_nonsense(err, "too many rules for directories");
    struct zc_filter *f = zc_filter_decode_dir(r->terms.filter, rules.p,
                                               rules.n, err);
    if (!f)
        return -1;
    if (d->inherited) {
        zc_filter_free(f);
        return zc_receiver_nonsense(err, "rules for a directory that has some");
    }
    d->inherited = d->filter; /* somebody may be using it */
    d->filter = f;
    return 0;
}

const struct zc_filter *zc_rdir_rules(const struct zc_receiver *r,
                                      const struct zc_rdir *d)
{
    return d->filter ? d->filter : r->terms.filter;
}

struct zc_rdir *zc_rdir_new(struct zc_receiver *r, struct zc_rdir *parent,
                            const struct zc_entry *e, struct zc_ref ref,
                            enum zc_rdir_state state)
{
    struct zc_rdir *d = rdir_new(r, parent, NULL, e, ref, state);
    if (d)
        d->filter = zc_filter_ref(parent->filter);
    return d;
}

/* Is there a directory, and on which mount? */
static int look_at_top(struct zc_receiver *r, struct zc_rdir *d)
{
    struct zc_stat st;
    int fd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (fd < 0)
        return -1;
    int bad = zc_stat_at(fd, "", &st);
    zc_dirnode_unpin(r->tree, d->shelf.node);
    if (bad)
        return -1;
    return zc_volume_has(d->shelf.vol, &st)
               ? 0
               : zc_volume_of_node(r, d->shelf.node, &d->shelf.vol,
                                   &d->volume_top);
}

struct zc_rdir *zc_rdir_new_top(struct zc_receiver *r, struct zc_bytes path,
                                const struct zc_entry *e, struct zc_ref ref)
{
    struct zc_dirnode *node = zc_dirnode_at(r->tree, (const char *)path.p,
                                            path.n);
    if (!node)
        return NULL;
    struct zc_rdir *d = rdir_new(r, NULL, node, e, ref,
                                 r->root_fd >= 0 ? ZC_RD_EXISTS
                                                 : ZC_RD_ABSENT);
    zc_dirnode_unref(r->tree, node);
    if (!d)
        return NULL;
    d->top = true;
    if (path.n) {
        d->volume_top = false;
        if (look_at_top(r, d)) {
            d->missing = errno;
            d->state = ZC_RD_FAILED;
        }
    }
    pthread_mutex_lock(&r->lock);
    bool bad = zc_vec_push(&r->dirs->tops, d);
    if (!bad)
        zc_ledger_hold(&d->book); /* until the round is over */
    pthread_mutex_unlock(&r->lock);
    return bad ? NULL : d; /* freed with all the others */
}

/* With the lock held. */
static void rdir_unlink(struct zc_receiver *r, struct zc_rdir *d)
{
    zc_map_del(&r->dirs->by_ref, d->ref.list, d->ref.index);
    LIST_REMOVE(d, all);
    zc_ledger_close_dir(r->ledger);
}

static void rdir_free(struct zc_receiver *r, struct zc_rdir *d)
{
    zc_queue_line_fini(&d->lists);
    zc_shelf_leave(r, &d->shelf);
    zc_dirnode_unref(r->tree, d->shelf.node);
    zc_names_fini(&d->cursor.names);
    zc_attrs_give_back(r, d->xattrs, d->xattrs_len);
    zc_spelling_free(d->spelling);
    zc_filter_free(d->filter);
    zc_filter_free(d->inherited);
    if (d->groups)
        zc_groups_fini(d->groups);
    free(d->groups);
    free(d->cursor.last_name);
    free(d);
}

void zc_rdirs_free(struct zc_receiver *r)
{
    struct zc_rdir *d;
    while ((d = LIST_FIRST(&r->dirs->all))) {
        LIST_REMOVE(d, all);
        rdir_free(r, d);
    }
    zc_map_fini(&r->dirs->by_ref);
    zc_vec_fini(&r->dirs->tops);
}

bool zc_rdir_reserves(const struct zc_rdir *d, const char *name, size_t n)
{
    return zc_name_is_nest(name, n) ||
           (d->volume_top && n == strlen(ZC_STAGING_NAME) &&
            !memcmp(name, ZC_STAGING_NAME, n));
}

bool zc_rdir_any_name(const struct zc_rdir *d, const struct zc_names *names)
{
    for (size_t i = 0; i < names->len; i++)
        if (!zc_rdir_reserves(d, zc_names_at(names, i), names->v[i].len))
            return true;
    return false;
}

/* --- metadata --- */

/* Sets D's metadata on FD; with the times at the END of its life, and before
 * that so that we can still work in it. */
static void set_metadata(struct zc_rworker *w, struct zc_rdir *d, int fd,
                         bool end)
{
    struct zc_receiver *r = w->r;
    struct zc_stat now;
    struct zc_meta_report report = {0};
    bool changed;
    struct zc_meta_want want = {
        .mode = d->mode,
        .uid = d->uid,
        .gid = d->gid,
        .mtime_s = d->mtime_s,
        .mtime_ns = d->mtime_ns,
        .fileflags = d->fileflags,
        .have_xattrs = d->have_xattrs,
        .xattrs = d->xattrs,
        .xattrs_len = d->xattrs_len,
        .keep = d->keep,
        .skip_times = !end,
        .restricted = r->terms.restricted,
        .careful = end && d->shelf.vol->careful,
    };
    if (!end) /* a project might keep it from its place */
        want.keep &= ~(unsigned)ZC_KEEP_FLAGS;
    if (!end && !r->is_root)
        want.mode |= S_IRWXU;
    if (zc_stat_at(fd, "", &now)) {
        zc_rworker_note(w, d->shelf.node, "", ZC_OP_STAT, S_IFDIR, errno);
        return;
    }
    zc_dress_note_left(r, &now, &want);
    int bad = zc_meta_apply(fd, &now, &want, r->ids, &report, &changed);
    if (changed) {
        atomic_fetch_add(&r->done.changes, 1);
        zc_receiver_changed(r, d->shelf.node, "");
    }
    for (unsigned k = 0; bad && end && k < ZC_META_KINDS; k++)
        if (report.eno[k])
            zc_rworker_note(w, d->shelf.node, "", ZC_OP_META + k, S_IFDIR,
                            report.eno[k]);
}

/* A directory whose permissions are not kept gets what mkdir would give. */
static void default_mode(struct zc_receiver *r, struct zc_rdir *d)
{
    if (!(r->keep & ZC_KEEP_PERMS))
        d->mode = S_IFDIR | S_IRWXU |
                  zc_shelf_mode(r, &d->parent->shelf, d->mode);
}

static mode_t first_mode(struct zc_receiver *r, const struct zc_rdir *d)
{
    return r->keep & ZC_KEEP_PERMS ? 0700 : d->mode & 0777;
}

/* --- making --- */

static int make_staged(struct zc_receiver *r, struct zc_rdir *d)
{
    struct zc_shelf *up = &d->parent->shelf;
    int staging = zc_shelf_staging(r, up, d->staged_name);
    if (staging < 0)
        return -1;
    if (mkdirat(staging, d->staged_name, first_mode(r, d)))
        return -1;
    if (zc_dirnode_place(r->tree, d->shelf.node, staging, d->staged_name)) {
        errno = ENOMEM;
        return -1;
    }
    zc_shelf_born(r, &d->shelf, up);
    return 0;
}

/* Made where it belongs: no file of its own could show half done. */
static int make_in_place(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    const char *name = zc_dirnode_name(d->shelf.node);
    int up = zc_dirnode_pin(r->tree, d->parent->shelf.node);
    if (up < 0)
        return -1;
    int bad = mkdirat(up, name, first_mode(r, d));
    if (bad && errno == EACCES && zc_shelf_make_writable(r, &d->parent->shelf))
        bad = mkdirat(up, name, first_mode(r, d));
    if (bad && errno == EPERM &&
        zc_seals_break(r, d->parent->shelf.node, up, ""))
        bad = mkdirat(up, name, first_mode(r, d));
    int eno = errno;
    zc_dirnode_unpin(r->tree, d->parent->shelf.node);
    errno = eno;
    if (bad)
        return -1;
    zc_shelf_touched(r, &d->parent->shelf);
    /* It may have inherited ACLs from its parent. */
    pthread_mutex_lock(&r->lock);
    if (r->keep & ZC_KEEP_ACLS && !d->meta_asked)
        d->have_xattrs = true;
    pthread_mutex_unlock(&r->lock);
    int fd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (fd >= 0) {
        set_metadata(w, d, fd, false);
        zc_dirnode_unpin(r->tree, d->shelf.node);
    }
    return 0;
}

void zc_rdir_start(struct zc_rworker *w, struct zc_rdir *d, bool has_files)
{
    struct zc_receiver *r = w->r;
    if (d->state != ZC_RD_NEW)
        return;
    if (d->parent->state == ZC_RD_FAILED) {
        d->state = ZC_RD_FAILED; /* reported for the parent */
        return;
    }
    default_mode(r, d);
    bool stage = has_files && r->fsync != ZC_FSYNC_FILE;
    bool no_room = zc_room_take(r, d->parent->shelf.vol, 0);
    int bad = no_room ? -1 : stage ? make_staged(r, d) : make_in_place(w, d);
    if (bad && !stage && errno == EEXIST) {
        /* Something else has the name: swapped out when it is ready. */
        stage = true;
        bad = make_staged(r, d);
    }
    if (bad) {
        zc_rworker_note(w, d->shelf.node, "",
                        no_room ? ZC_OP_ROOM : ZC_OP_MKDIR, S_IFDIR, errno);
        d->state = ZC_RD_FAILED;
        return;
    }
    atomic_fetch_add(&r->done.changes, 1);
    atomic_fetch_add(&r->done.created, 1);
    zc_receiver_changed(r, d->shelf.node, "");
    pthread_mutex_lock(&r->lock);
    d->differs = true;
    d->state = stage ? ZC_RD_STAGED : ZC_RD_EXISTS;
    d->cursor.read = true; /* there are none */
    if (stage)
        zc_ledger_hold(&d->book); /* until it is put in place */
    pthread_mutex_unlock(&r->lock);
}

void zc_rdir_fail(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    bool staged = d->state == ZC_RD_STAGED && !d->placing;
    if (staged)
        d->placing = true; /* it never will be */
    d->state = ZC_RD_FAILED;
    pthread_mutex_unlock(&r->lock);
    if (staged)
        zc_rdir_drop(w, d); /* its listing still counts */
}

bool zc_rdir_direct_begin(struct zc_receiver *r, struct zc_rdir *d)
{
    pthread_mutex_lock(&r->lock);
    bool may = d->state == ZC_RD_STAGED && !d->closing &&
               r->fsync != ZC_FSYNC_FILE;
    if (may)
        d->direct++;
    pthread_mutex_unlock(&r->lock);
    return may;
}

void zc_rdir_direct_end(struct zc_rworker *w, struct zc_rdir *d,
                        unsigned files)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    d->direct--;
    d->direct_done += files;
    if (d->direct_done >= DIRECT_MAX)
        d->closing = true;
    pthread_mutex_unlock(&r->lock);
    zc_rdir_check(w, d);
}

/* Into place: all its files are done, or many of them. */
static void put_in_place(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    unsigned op;
    /* Held open, so that it can be reached while it moves. */
    int fd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (fd >= 0)
        set_metadata(w, d, fd, false);
    if (zc_place(w, &d->parent->shelf, d->staged_name,
                 zc_dirnode_name(d->shelf.node), &op)) {
        zc_rworker_note(w, d->shelf.node, "", op, S_IFDIR, errno);
    } else {
        zc_dirnode_place(r->tree, d->shelf.node, -1, NULL);
        pthread_mutex_lock(&r->lock);
        d->state = ZC_RD_EXISTS;
        pthread_mutex_unlock(&r->lock);
    }
    if (fd >= 0)
        zc_dirnode_unpin(r->tree, d->shelf.node);
}

struct dir_commit {
    struct zc_commit commit;
    struct zc_rdir *dir;
};

static void name_dir(struct zc_rworker *w, struct zc_commit *c, unsigned op,
                     int eno)
{
    struct zc_rdir *d = ((struct dir_commit *)c)->dir;
    if (eno)
        zc_rworker_note(w, d->shelf.node, "", op, S_IFDIR, eno);
    else
        put_in_place(w, d);
    zc_rdir_drop(w, d);
}

static void commit_dir(struct zc_rworker *w, struct zc_rdir *d)
{
    struct dir_commit *c = malloc(sizeof *c);
    if (!c) {
        zc_receiver_nomem(w->r);
        return;
    }
    *c = (struct dir_commit){{.fd = -1, .name = name_dir}, d};
    zc_commit(w, &c->commit);
}

void zc_rdir_check(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    bool ready = d->state == ZC_RD_STAGED && !d->placing && !d->direct &&
                 (d->closing || (d->listed && zc_ledger_files_done(&d->book)));
    if (ready)
        d->placing = d->closing = true;
    pthread_mutex_unlock(&r->lock);
    if (ready)
        commit_dir(w, d);
}

/* D is PATH, or above it. With the lock held. */
static bool leads_to(struct zc_rworker *w, const struct zc_rdir *d,
                     const char *path)
{
    const char *mine = zc_dirnode_path_of(d->shelf.node, "", 0, &w->path);
    size_t n = mine ? strlen(mine) : 0;
    return n && !strncmp(mine, path, n) && (!path[n] || path[n] == '/');
}

/* Directories that are to be put in place before all is in them. */
struct early {
    ZC_VEC(struct zc_rdir *) dirs;
};

/* With the lock held. */
static void close_early(struct early *early, struct zc_rdir *d)
{
    if (d->state != ZC_RD_STAGED || d->placing || d->closing)
        return;
    if (zc_vec_push(&early->dirs, d))
        return;
    d->closing = true;
    zc_ledger_hold(&d->book);
}

static void place_early(struct zc_rworker *w, struct early *early)
{
    for (size_t i = 0; i < early->dirs.len; i++) {
        zc_rdir_check(w, early->dirs.v[i]);
        zc_rdir_drop(w, early->dirs.v[i]);
    }
    zc_vec_fini(&early->dirs);
}

void zc_rdirs_hurry(struct zc_rworker *w, const char *path)
{
    struct zc_receiver *r = w->r;
    struct early early = {0};
    struct zc_rdir *d;
    pthread_mutex_lock(&r->lock);
    LIST_FOREACH(d, &r->dirs->all, all)
        if (d->state == ZC_RD_STAGED && leads_to(w, d, path))
            close_early(&early, d);
    pthread_mutex_unlock(&r->lock);
    place_early(w, &early);
}

/* On the way from D to its top, is there one whose ACL has not come? By its mode
 * alone it would be open to others. With the lock held. */
static bool waits_for_acl(const struct zc_rdir *d)
{
    for (; d && d->state == ZC_RD_STAGED; d = d->parent)
        if (d->meta_asked && !d->have_xattrs)
            return true;
    return false;
}

void zc_rdirs_keep(struct zc_rworker *w)
{
    struct zc_receiver *r = w->r;
    struct early early = {0};
    struct zc_rdir *d;
    pthread_mutex_lock(&r->lock);
    LIST_FOREACH(d, &r->dirs->all, all)
        if (d->direct_done && !waits_for_acl(d))
            for (struct zc_rdir *up = d; up; up = up->parent)
                close_early(&early, up);
    pthread_mutex_unlock(&r->lock);
    place_early(w, &early);
}

/* --- the end --- */

/* All in D is done. */
static void finish_dir(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    bool there = d->state == ZC_RD_EXISTS;
    zc_shelf_leave(r, &d->shelf); /* which the times are not to tell of */
    if (there && d->volume_top && !d->implied && d->keep & ZC_KEEP_TIMES) {
        d->shelf.vol->top_wanted = true;
        d->shelf.vol->top_mtime_s = d->mtime_s;
        d->shelf.vol->top_mtime_ns = d->mtime_ns;
    }
    if (!there || !(d->differs || d->shelf.touched || d->shelf.writable_made))
        return;
    int fd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (fd < 0) {
        zc_rworker_note(w, d->shelf.node, "", ZC_OP_STAT, S_IFDIR, errno);
        return;
    }
    if (!d->implied)
        set_metadata(w, d, fd, true);
    if (zc_receiver_syncs_first(r)) {
        if (atomic_load(&r->done.changes) > FEW_CHANGES || fsync(fd))
            atomic_store(&r->done.need_syncfs, true);
    }
    zc_dirnode_unpin(r->tree, d->shelf.node);
}

void zc_rdir_hold(struct zc_receiver *r, struct zc_rdir *d)
{
    pthread_mutex_lock(&r->lock);
    zc_ledger_hold(&d->book);
    pthread_mutex_unlock(&r->lock);
}

void zc_rdir_drop(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    while (d) {
        pthread_mutex_lock(&r->lock);
        bool last = zc_ledger_release(&d->book);
        bool idle = d->top && d->listed && zc_ledger_held_once(&d->book);
        pthread_mutex_unlock(&r->lock);
        if (idle) /* nothing more comes to it, but it ends with the round */
            zc_shelf_leave(r, &d->shelf);
        if (!last)
            return;
        finish_dir(w, d);
        struct zc_rdir *parent = d->parent;
        pthread_mutex_lock(&r->lock);
        rdir_unlink(r, d);
        pthread_mutex_unlock(&r->lock);
        rdir_free(r, d);
        d = parent;
    }
}

/* --- the tops --- */

bool zc_rdirs_tops_ready(const struct zc_receiver *r)
{
    for (size_t i = 0; i < r->dirs->tops.len; i++) {
        const struct zc_rdir *top = r->dirs->tops.v[i];
        if (!top->listed || !zc_ledger_held_once(&top->book))
            return false;
    }
    return true;
}

void zc_rdirs_finish_tops(struct zc_rworker *w, bool leave)
{
    struct zc_rdirs *dirs = w->r->dirs;
    for (size_t i = 0; i < dirs->tops.len; i++) {
        dirs->tops.v[i]->implied |= leave;
        zc_rdir_drop(w, dirs->tops.v[i]);
    }
    dirs->tops.len = 0;
}
