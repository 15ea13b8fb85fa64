// SPDX-License-Identifier: GPL-2.0-or-later
/* New versions of files, and the space for them; see newfile.h. */
#include "receiver/newfile.h"

#include "base/clock.h"
#include "base/io.h"
#include "fs/rootdir.h"
#include "receiver/choices.h"
#include "receiver/commit.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/hardlinks.h"
#include "receiver/room.h"
#include "receiver/volumes.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* --- space --- */

void zc_space_take(struct zc_receiver *r)
{
    atomic_fetch_add(&r->space->writing, 1);
}

void zc_space_leave(struct zc_receiver *r, bool back)
{
    if (back)
        atomic_fetch_add(&r->space->freed, 1);
    atomic_fetch_sub(&r->space->writing, 1);
}

/* There was none: is it worth trying again? FREED: as it was before. */
static bool space_may_come(struct zc_receiver *r, unsigned freed, int *rounds)
{
    if (atomic_load(&r->space->freed) != freed)
        return true;
    if (!atomic_load(&r->space->writing) || atomic_load(&r->space->full))
        return false;
    if (++*rounds > 50) {
        atomic_store(&r->space->full, true);
        return false;
    }
    zc_clock_sleep_ns(20 * 1000000LL);
    return true;
}

/* --- making --- */

uint32_t zc_newfile_mode(struct zc_receiver *r, struct zc_rdir *d,
                         const char *name, const struct zc_entry *e)
{
    if (r->keep & ZC_KEEP_PERMS) /* setuid and friends only with the owner */
        return e->mode & 0777;
    uint32_t mode = zc_shelf_mode(r, &d->shelf, e->mode);
    struct zc_stat st;
    int dirfd = zc_dirnode_pin(r->tree, d->shelf.node);
    if (dirfd >= 0) {
        if (!zc_dress_look(r, dirfd, name, &st) && S_ISREG(st.mode))
            mode = zc_choices_perms(r, e->mode, &st) & 0777;
        zc_dirnode_unpin(r->tree, d->shelf.node);
    }
    return mode;
}

/* What a file just made by us for S with MODE looks like, without asking each
 * time: its owner is ours, or what the file system makes of us. */
static int stat_of_new(struct zc_receiver *r, const struct zc_shelf *s, int fd,
                       uint32_t mode, struct zc_stat *st)
{
    struct zc_volume *v = s->vol;
    if (zc_shelf_in_nest(s))
        return zc_stat_at(fd, "", st);
    pthread_mutex_lock(&r->lock);
    bool known = v->created_known;
    *st = (struct zc_stat){.mode = S_IFREG | mode,
                           .uid = v->created_uid,
                           .gid = v->created_gid,
                           .nlink = 1,
                           .mtime_s = INT64_MIN,
                           .mtime_ns = 1};
    pthread_mutex_unlock(&r->lock);
    if (known)
        return 0;
    if (zc_stat_at(fd, "", st))
        return -1;
    if ((st->mode & 07777) != mode)
        return 0; /* a file system with ideas of its own: ask every time */
    pthread_mutex_lock(&r->lock);
    v->created_uid = st->uid;
    v->created_gid = st->gid;
    v->created_known = true;
    pthread_mutex_unlock(&r->lock);
    return 0;
}

void zc_newfile_dress(struct zc_rworker *w, struct zc_rdir *d, int fd,
                      uint32_t mode, const struct zc_msg_file *m)
{
    struct zc_receiver *r = w->r;
    struct zc_meta_want want;
    struct zc_stat now;
    zc_dress_want(r, &m->entry, &want);
    want.keep &= ~(unsigned)ZC_KEEP_FLAGS; /* see zc_dress_flags */
    want.have_xattrs = m->xattrs.n != 0; /* a new file has none to lose */
    want.xattrs = m->xattrs.p;
    want.xattrs_len = m->xattrs.n;
    if (stat_of_new(r, &d->shelf, fd, mode, &now)) {
        zc_rworker_result(w, m->ref, ZC_STATUS_NOTE_META, ZC_OP_STAT, errno);
        return;
    }
    zc_dress(w, fd, &now, &want, m->ref);
}

/* Makes NAME in BASE with M's bytes in it. The fd, or -1 with errno and *OP. */
static int write_once(int base, const char *name, uint32_t mode, unsigned keep,
                      const struct zc_msg_file *m, unsigned *op)
{
    *op = ZC_OP_CREATE;
    int fd = zc_file_open(base, name, O_WRONLY | O_CREAT | O_EXCL, mode);
    if (fd >= 0 && keep & ZC_KEEP_FLAGS)
        zc_fileflags_begin(fd, m->entry.fileflags);
    if (fd < 0 || !m->data.n || !zc_io_write(fd, m->data.p, m->data.n))
        return fd;
    int eno = errno;
    *op = ZC_OP_WRITE;
    close(fd);
    unlinkat(base, name, 0);
    errno = eno;
    return -1;
}

int zc_newfile_write(struct zc_rworker *w, struct zc_rdir *d, int base,
                     const char *name, const struct zc_msg_file *m,
                     unsigned *op)
{
    struct zc_receiver *r = w->r;
    char final[ZC_NAME_MAX + 1];
    zc_entry_name(&m->entry, final);
    uint32_t mode = zc_newfile_mode(r, d, final, &m->entry);
    int fd, rounds = 0;
    for (;;) {
        unsigned freed = atomic_load(&r->space->freed);
        *op = ZC_OP_ROOM;
        fd = zc_room_take(r, d->shelf.vol, m->data.n)
                 ? -1
                 : write_once(base, name, mode, r->keep, m, op);
        if (fd < 0 && zc_dirtree_give_back(r->tree))
            continue;
        if (fd >= 0 || errno != ENOSPC || !space_may_come(r, freed, &rounds))
            break;
    }
    if (fd >= 0)
        zc_newfile_dress(w, d, fd, mode, m);
    else if (rounds)
        errno = ENOSPC;
    return fd;
}

/* --- commit --- */

struct file_commit {
    struct zc_commit commit;
    struct zc_rdir *dir;
    struct zc_rlist *list; /* NULL: the sender has been answered (--delay-updates) */
    struct zc_ref ref;
    struct zc_hardlink_key key;
    struct zc_fileflags fileflags;
    char tmp[ZC_STAGING_NAME_SIZE];
    char name[];
};

static void named(struct zc_rworker *w, const struct file_commit *c)
{
    atomic_fetch_add(&w->r->done.created, 1);
    zc_dress_flags_in(w, c->dir->shelf.node, c->name, &c->fileflags, c->ref);
}

static void name_file(struct zc_rworker *w, struct zc_commit *commit,
                      unsigned op, int eno)
{
    struct file_commit *c = (struct file_commit *)commit;
    struct zc_receiver *r = w->r;
    struct zc_rdir *d = c->dir;
    if (!eno && zc_place(w, &d->shelf, c->tmp, c->name, &op))
        eno = errno;
    if (!eno && r->fsync == ZC_FSYNC_FILE)
        zc_place_sync(r, &d->shelf);
    if (eno)
        zc_place_discard(&d->shelf, c->tmp);
    else
        named(w, c);
    if (!c->list) {
        if (eno)
            zc_rworker_note(w, d->shelf.node, c->name, op, S_IFREG, eno);
        zc_rdir_drop(w, d);
        return;
    }
    zc_hardlink_settle(w, c->key, d, c->name, !eno);
    zc_hardlink_done(w, c->list, c->ref, eno ? ZC_STATUS_FAILED : ZC_STATUS_OK,
                     eno ? op : 0, eno);
}

/* Nobody waits for its name, so it can get that at the end: as the sender, who
 * ends when all is answered, is told now. */
static void delay(struct zc_rworker *w, struct file_commit *c)
{
    struct zc_rlist *list = c->list;
    struct zc_ref ref = c->ref;
    c->list = NULL;
    zc_rdir_hold(w->r, c->dir);
    zc_commit(w, &c->commit); /* C may be gone */
    zc_hardlink_done(w, list, ref, ZC_STATUS_OK, 0, 0);
}

void zc_newfile_commit(struct zc_rworker *w, struct zc_rlist *list,
                       const struct zc_msg_file *m, const char *tmp, int fd)
{
    char name[ZC_NAME_MAX + 1];
    zc_entry_name(&m->entry, name);
    struct file_commit *c = malloc(sizeof *c + strlen(name) + 1);
    if (!c) {
        zc_receiver_nomem(w->r);
        zc_close(&fd);
        return;
    }
    c->commit = (struct zc_commit){.fd = fd,
                                   .size = m->entry.size,
                                   .name = name_file};
    c->dir = list->dir;
    c->list = list;
    c->ref = m->ref;
    c->key = zc_hardlink_key(w->r, &m->entry);
    c->fileflags = (struct zc_fileflags){m->entry.fileflags, m->entry.project};
    strcpy(c->tmp, tmp);
    strcpy(c->name, name);
    bool delays = zc_commit_delays(w->r);
    if (delays && !c->key.grouped) {
        delay(w, c);
        return;
    }
    /* Notes about it go before the committer's RESULT. */
    if (!delays && zc_commit_gathers(w->r) && w->out.len)
        zc_rworker_flush(w);
    if (delays)
        zc_commit_alone(w, &c->commit);
    else
        zc_commit(w, &c->commit);
}
