// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Directories at the destination, from the moment the sender names one until
 * all in it is finished:
 *
 *   NEW -- first list has files --> STAGED: filled in .zcsync under final names
 *    |                                |  all files done, or many of them
 *    | no files: mkdir in place       v
 *    +-----------------------> in place <-- one rename, metadata set before
 *                                 |
 *   EXISTS ---------------------> | pending == 0: metadata, and times last
 *                                 v
 *                              finished; the parent has one thing less to do
 */
#include "fs/rootdir.h"
#include "receiver/core.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>

/* Files written under final names into a staged directory before it is put in
 * place all the same: a crash, or Ctrl-C, costs no more than these. */
#define DIRECT_MAX 4096

#define EXT4_MAGIC 0xEF53
#define XFS_MAGIC 0x58465342

/* Changes up to which single fsyncs are cheaper than syncfs. */
#define FEW_CHANGES 64

/* --- volumes ------------------------------------------------------------- */

static struct zc_rvolume *volume_new(struct zc_receiver *r, int dirfd,
                                     const struct zc_stat *st)
{
    struct zc_rvolume *v = calloc(1, sizeof *v);
    struct statfs fs;
    if (!v)
        return NULL;
    v->dev = st->dev;
    v->mnt_id = st->mnt_id;
    v->time_step = zc_time_step(dirfd);
    v->dirfd = fcntl(dirfd, F_DUPFD_CLOEXEC, 0);
    v->staging = zc_staging_new(dirfd);
    if (v->dirfd < 0 || !v->staging) {
        zc_close(&v->dirfd);
        zc_staging_free(v->staging);
        free(v);
        return NULL;
    }
    /* Measured: it pays on ext4, is neutral on xfs, costs on btrfs. */
    if (!fstatfs(dirfd, &fs))
        v->preallocate = fs.f_type == EXT4_MAGIC || fs.f_type == XFS_MAGIC;
    v->next = r->volumes;
    r->volumes = v;
    return v;
}

/* The volume of the directory DIRFD (ST), made when it is new. */
static struct zc_rvolume *volume_get(struct zc_receiver *r, int dirfd,
                                     const struct zc_stat *st)
{
    pthread_mutex_lock(&r->lock);
    struct zc_rvolume *v = r->volumes;
    while (v && (v->dev != st->dev || v->mnt_id != st->mnt_id))
        v = v->next;
    if (!v)
        v = volume_new(r, dirfd, st);
    pthread_mutex_unlock(&r->lock);
    return v;
}

static bool in_volume(const struct zc_rdir *d, const struct zc_stat *st)
{
    return d->vol && st->dev == d->vol->dev && st->mnt_id == d->vol->mnt_id;
}

/* D is, or is below, the top directory FD (ST) of another mount. */
static int enter_volume(struct zc_receiver *r, struct zc_rdir *d, int fd,
                        const struct zc_stat *st)
{
    if (!r->dry)
        zc_staging_clean(fd);
    struct zc_rvolume *v = volume_get(r, fd, st);
    if (!v) {
        errno = ENOMEM;
        return -1;
    }
    d->vol = v;
    d->volume_top = true;
    return 0;
}

int zc_rdir_set_volume(struct zc_receiver *r, struct zc_rdir *d, int dirfd,
                       const char *name, const struct zc_stat *st)
{
    if (in_volume(d, st))
        return 0;
    zc_auto_close int fd = zc_dir_open(dirfd, name);
    return fd < 0 ? -1 : enter_volume(r, d, fd, st);
}

/* --- life ---------------------------------------------------------------- */

static int set_root_volume(struct zc_receiver *r, struct zc_rdir *d)
{
    struct zc_stat st;
    d->volume_top = true;
    if (r->root_fd < 0) /* dry run, nothing there: no volume is looked at but
                           for its time step */
        d->vol = calloc(1, sizeof *d->vol);
    else if (!zc_stat_at(r->root_fd, "", &st))
        d->vol = volume_get(r, r->root_fd, &st);
    if (d->vol && r->root_fd < 0) {
        d->vol->dirfd = -1;
        d->vol->time_step = 1;
        d->vol->next = r->volumes;
        r->volumes = d->vol;
    }
    return d->vol ? 0 : -1;
}

static void link_all(struct zc_receiver *r, struct zc_rdir *d)
{
    d->all_next = r->all_dirs;
    d->all_prev = &r->all_dirs;
    if (d->all_next)
        d->all_next->all_prev = &d->all_next;
    r->all_dirs = d;
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
    zc_apply_want(r, e, &want);
    d->parent = parent;
    d->ref = ref;
    d->state = state;
    d->mode = want.mode;
    d->uid = want.uid;
    d->gid = want.gid;
    d->mtime_s = want.mtime_s;
    d->mtime_ns = want.mtime_ns;
    d->implied = e->flags & ZC_ENTRY_IMPLIED;
    zc_queue_line_init(&d->lists);
    d->pending = 1; /* the listing */
    if (parent) {
        d->vol = parent->vol;
        d->node = zc_dirnode_new(r->tree, parent->node, e->name, e->name_len);
    } else {
        d->node = node;
        zc_dirnode_ref(r->tree, d->node);
    }
    if (!d->node || (!d->vol && set_root_volume(r, d)))
        goto fail;
    pthread_mutex_lock(&r->lock);
    int bad = zc_map_put(&r->dirs, ref.list, ref.index, d);
    if (!bad) {
        if (parent)
            parent->pending++;
        r->pending++;
        link_all(r, d);
    }
    pthread_mutex_unlock(&r->lock);
    if (!bad)
        return d;
fail:
    zc_dirnode_unref(r->tree, d->node);
    free(d);
    return NULL;
}

struct zc_rdir *zc_rdir_new(struct zc_receiver *r, struct zc_rdir *parent,
                            const struct zc_entry *e, struct zc_ref ref,
                            enum zc_rdir_state state)
{
    return rdir_new(r, parent, NULL, e, ref, state);
}

/* D lies on another mount than the root: on which, is seen on the way down. */
static int volume_of_node(struct zc_receiver *r, struct zc_rdir *d,
                          struct zc_dirnode *node)
{
    struct zc_stat st;
    struct zc_dirnode *up = zc_dirnode_parent(node);
    if (up && volume_of_node(r, d, up))
        return -1;
    int fd = zc_dirnode_pin(r->tree, node);
    if (fd < 0)
        return -1;
    d->volume_top = !up;
    int bad = zc_stat_at(fd, "", &st) ||
              (!in_volume(d, &st) && enter_volume(r, d, fd, &st));
    zc_dirnode_unpin(r->tree, node);
    return bad;
}

/* Is there a directory, and on which mount? */
static int look_at_top(struct zc_receiver *r, struct zc_rdir *d)
{
    struct zc_stat st;
    int fd = zc_dirnode_pin(r->tree, d->node);
    if (fd < 0)
        return -1;
    int bad = zc_stat_at(fd, "", &st);
    zc_dirnode_unpin(r->tree, d->node);
    if (bad)
        return -1;
    return in_volume(d, &st) ? 0 : volume_of_node(r, d, d->node);
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
        if (look_at_top(r, d))
            d->state = ZC_RD_FAILED;
    }
    pthread_mutex_lock(&r->lock);
    bool bad = zc_vec_push(&r->tops, d);
    if (!bad)
        d->pending++; /* taken back when the round is over */
    pthread_mutex_unlock(&r->lock);
    return bad ? NULL : d; /* freed with all the others */
}

/* With the lock held. */
static void rdir_unlink(struct zc_receiver *r, struct zc_rdir *d)
{
    zc_map_del(&r->dirs, d->ref.list, d->ref.index);
    *d->all_prev = d->all_next;
    if (d->all_next)
        d->all_next->all_prev = d->all_prev;
    r->pending--;
}

static void rdir_free(struct zc_receiver *r, struct zc_rdir *d)
{
    zc_queue_line_fini(&d->lists);
    zc_dirnode_unref(r->tree, d->node);
    zc_names_fini(&d->names);
    free(d->xattrs);
    free(d->last_name);
    free(d);
}

void zc_rdirs_free(struct zc_receiver *r)
{
    while (r->all_dirs) {
        struct zc_rdir *d = r->all_dirs;
        r->all_dirs = d->all_next;
        rdir_free(r, d);
    }
}

/* --- metadata ------------------------------------------------------------ */

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
        .have_xattrs = d->have_xattrs,
        .xattrs = d->xattrs,
        .xattrs_len = d->xattrs_len,
        .keep = r->keep,
        .skip_times = !end,
    };
    if (!end && !r->is_root)
        want.mode |= S_IRWXU;
    if (zc_stat_at(fd, "", &now)) {
        zc_rworker_note(w, d->node, "", ZC_OP_STAT, S_IFDIR, errno);
        return;
    }
    int bad = zc_meta_apply(fd, &now, &want, r->ids, &report, &changed);
    if (changed)
        atomic_fetch_add(&r->changes, 1);
    for (unsigned k = 0; bad && end && k < ZC_META_KINDS; k++)
        if (report.eno[k])
            zc_rworker_note(w, d->node, "", ZC_OP_META + k, S_IFDIR,
                            report.eno[k]);
}

/* A directory whose permissions are not kept gets what mkdir would give. */
static void default_mode(struct zc_receiver *r, struct zc_rdir *d)
{
    if (!(r->keep & ZC_KEEP_PERMS))
        d->mode = S_IFDIR | (d->mode & 0777 & ~r->umask) | S_IRWXU;
}

static mode_t first_mode(struct zc_receiver *r, const struct zc_rdir *d)
{
    return r->keep & ZC_KEEP_PERMS ? 0700 : d->mode & 0777;
}

/* --- making -------------------------------------------------------------- */

static int make_staged(struct zc_receiver *r, struct zc_rdir *d)
{
    int staging = zc_staging_fd(d->vol->staging);
    if (staging < 0)
        return -1;
    zc_staging_name(d->vol->staging, d->staged_name);
    if (mkdirat(staging, d->staged_name, first_mode(r, d)))
        return -1;
    if (zc_dirnode_place(r->tree, d->node, staging, d->staged_name)) {
        errno = ENOMEM;
        return -1;
    }
    return 0;
}

/* Made where it belongs: no file of its own could show half done. */
static int make_in_place(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    const char *name = zc_dirnode_name(d->node);
    int up = zc_dirnode_pin(r->tree, d->parent->node);
    if (up < 0)
        return -1;
    int bad = mkdirat(up, name, first_mode(r, d));
    if (bad && errno == EACCES && zc_rdir_make_writable(r, d->parent))
        bad = mkdirat(up, name, first_mode(r, d));
    int eno = errno;
    zc_dirnode_unpin(r->tree, d->parent->node);
    errno = eno;
    if (bad)
        return -1;
    zc_rdir_touched(r, d->parent);
    /* It may have inherited ACLs from its parent. */
    pthread_mutex_lock(&r->lock);
    if (r->keep & ZC_KEEP_ACLS && !d->meta_asked)
        d->have_xattrs = true;
    pthread_mutex_unlock(&r->lock);
    int fd = zc_dirnode_pin(r->tree, d->node);
    if (fd >= 0) {
        set_metadata(w, d, fd, false);
        zc_dirnode_unpin(r->tree, d->node);
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
    int bad = stage ? make_staged(r, d) : make_in_place(w, d);
    if (bad && !stage && errno == EEXIST) {
        /* Something else has the name: swapped out when it is ready. */
        stage = true;
        bad = make_staged(r, d);
    }
    if (bad) {
        zc_rworker_note(w, d->node, "", ZC_OP_MKDIR, S_IFDIR, errno);
        d->state = ZC_RD_FAILED;
        return;
    }
    atomic_fetch_add(&r->changes, 1);
    atomic_fetch_add(&r->created, 1);
    pthread_mutex_lock(&r->lock);
    d->differs = true;
    d->state = stage ? ZC_RD_STAGED : ZC_RD_EXISTS;
    d->names_read = true; /* there are none */
    if (stage)
        d->pending++; /* being put in place */
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

void zc_rdir_check(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    pthread_mutex_lock(&r->lock);
    bool ready = d->state == ZC_RD_STAGED && !d->placing && !d->direct &&
                 (d->closing || (d->listed && !d->files));
    if (ready)
        d->placing = d->closing = true;
    pthread_mutex_unlock(&r->lock);
    if (!ready)
        return;
    struct zc_rcommit c = {.dir = d, .is_dir = true, .fd = -1};
    zc_commit(w, &c);
}

void zc_rdir_put_in_place(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    unsigned op;
    /* Held open, so that it can be reached while it moves. */
    int fd = zc_dirnode_pin(r->tree, d->node);
    if (fd >= 0)
        set_metadata(w, d, fd, false);
    if (zc_place(w, d->parent, d->staged_name, zc_dirnode_name(d->node),
                 &op)) {
        zc_rworker_note(w, d->node, "", op, S_IFDIR, errno);
    } else {
        zc_dirnode_place(r->tree, d->node, -1, NULL);
        pthread_mutex_lock(&r->lock);
        d->state = ZC_RD_EXISTS;
        pthread_mutex_unlock(&r->lock);
    }
    if (fd >= 0)
        zc_dirnode_unpin(r->tree, d->node);
    zc_rdir_drop(w, d);
}

/* --- the end ------------------------------------------------------------- */

/* A handle on D that needs no permission on D itself. */
static int open_handle(struct zc_receiver *r, struct zc_rdir *d)
{
    struct zc_dirnode *parent = zc_dirnode_parent(d->node);
    if (!parent)
        return fcntl(r->root_fd, F_DUPFD_CLOEXEC, 0);
    int up = zc_dirnode_pin(r->tree, parent);
    if (up < 0)
        return -1;
    int fd = zc_path_open(up, zc_dirnode_name(d->node));
    zc_dirnode_unpin(r->tree, parent);
    return fd;
}

bool zc_rdir_make_writable(struct zc_receiver *r, struct zc_rdir *d)
{
    struct zc_stat st;
    if (r->is_root || r->dry)
        return false;
    zc_auto_close int fd = open_handle(r, d);
    bool done = fd >= 0 && !zc_stat_at(fd, "", &st) && S_ISDIR(st.mode) &&
                st.uid == geteuid() && (st.mode & S_IRWXU) != S_IRWXU &&
                !zc_fd_chmod(fd, (st.mode & 07777) | S_IRWXU);
    if (done) {
        pthread_mutex_lock(&r->lock);
        d->writable_made = true;
        pthread_mutex_unlock(&r->lock);
    }
    return done;
}

void zc_rdir_touched(struct zc_receiver *r, struct zc_rdir *d)
{
    pthread_mutex_lock(&r->lock);
    d->touched = true;
    pthread_mutex_unlock(&r->lock);
}

/* All in D is done. */
static void finish(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    bool there = d->state == ZC_RD_EXISTS && !r->dry;
    if (there && d->volume_top && !d->implied && r->keep & ZC_KEEP_TIMES) {
        d->vol->top_wanted = true;
        d->vol->top_mtime_s = d->mtime_s;
        d->vol->top_mtime_ns = d->mtime_ns;
    }
    if (!there || !(d->differs || d->touched || d->writable_made))
        return;
    int fd = zc_dirnode_pin(r->tree, d->node);
    if (fd < 0) {
        zc_rworker_note(w, d->node, "", ZC_OP_STAT, S_IFDIR, errno);
        return;
    }
    if (!d->implied)
        set_metadata(w, d, fd, true);
    if (r->fsync != ZC_FSYNC_NONE) {
        if (atomic_load(&r->changes) > FEW_CHANGES || fsync(fd))
            atomic_store(&r->need_syncfs, true);
    }
    zc_dirnode_unpin(r->tree, d->node);
}

void zc_rdir_drop(struct zc_rworker *w, struct zc_rdir *d)
{
    struct zc_receiver *r = w->r;
    while (d) {
        pthread_mutex_lock(&r->lock);
        bool last = --d->pending == 0;
        pthread_mutex_unlock(&r->lock);
        if (!last)
            return;
        finish(w, d);
        struct zc_rdir *parent = d->parent;
        pthread_mutex_lock(&r->lock);
        rdir_unlink(r, d);
        pthread_mutex_unlock(&r->lock);
        rdir_free(r, d);
        d = parent;
    }
}
