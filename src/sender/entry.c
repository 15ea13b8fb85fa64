// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Entries. What they say must be enough for the peer to tell whether it has the
 * same, and for us to tell later whether it is still that version; and the names
 * of the ids in them must be on the wire before they are.
 */
#include "sender/entry.h"

#include "base/clock.h"
#include "watch/change.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>

/* Files changed so lately are looked at more closely: timestamps move in steps
 * (of up to 10 ms on older kernels), so a change may not show in them. */
#define RACY_NS (100 * 1000000LL)

/* --- the names of ids --- */

void zc_ids_init(struct zc_sender *s, struct zc_ids *ids)
{
    s->ids = ids;
    pthread_mutex_init(&ids->lock, NULL);
}

int zc_ids_start(struct zc_sender *s, struct zc_err *err)
{
    s->ids->map = zc_idmap_new(s->opt->numeric_ids);
    return s->ids->map ? 0 : zc_err_nomem(err);
}

void zc_ids_fini(struct zc_sender *s)
{
    zc_idmap_free(s->ids->map);
    pthread_mutex_destroy(&s->ids->lock);
}

struct announce {
    struct zc_idmap *map;
    struct zc_buf frames;
};

static void announce_id(void *arg, enum zc_id_kind kind, uint32_t id)
{
    struct announce *a = arg;
    if (!zc_idmap_announce(a->map, kind, id))
        return;
    const char *name = zc_idmap_name(a->map, kind, id);
    struct zc_msg_idname m = {
        (uint8_t)kind, id, {(const uint8_t *)name, strlen(name)}};
    if (!zc_idname_ok(m.name)) /* none, or not to be told: by number */
        return;
    zc_idname_encode(&a->frames, &m);
}

/* The names must be on the wire before anybody's message that uses the ids,
 * hence one at a time, and sent at once: it is rare. */
int zc_ids_announce(struct zc_sworker *w, uint32_t uid, uint32_t gid,
                    const uint8_t *xattrs, size_t n)
{
    struct zc_sender *s = w->s;
    bool known = w->told.any && uid == w->told.uid && gid == w->told.gid;
    if (s->opt->numeric_ids || (known && !n))
        return 0;
    struct announce a = {s->ids->map, ZC_BUF_INIT};
    struct zc_err err;
    pthread_mutex_lock(&s->ids->lock);
    announce_id(&a, ZC_ID_USER, uid);
    announce_id(&a, ZC_ID_GROUP, gid);
    if (n)
        zc_xattr_ids(xattrs, n, announce_id, &a);
    int r = zc_conn_send(&s->conn, &a.frames, &err);
    pthread_mutex_unlock(&s->ids->lock);
    zc_buf_fini(&a.frames);
    if (r)
        zc_sender_fail(s, &err);
    w->told.uid = uid;
    w->told.gid = gid;
    w->told.any = true;
    return r;
}

/* --- entries --- */

void zc_entry_from_stat(const struct zc_sender *s, const struct zc_stat *st,
                        struct zc_entry *e)
{
    memset(e, 0, sizeof *e);
    e->mode = zc_chmod_apply(s->opt->chmod, st->mode);
    e->uid = st->uid;
    e->gid = st->gid;
    e->size = S_ISREG(st->mode) ? st->size : 0;
    e->mtime_s = st->mtime_s;
    e->mtime_ns = zc_entry_odd_time(st) ? 0 : st->mtime_ns;
    if (st->nlink > 1 && !S_ISDIR(st->mode) &&
        s->opt->keep & ZC_KEEP_HARD_LINKS) {
        e->flags |= ZC_ENTRY_HARD_LINK;
        e->link_dev = (uint32_t)(major(st->dev) << 20 | minor(st->dev));
        e->link_ino = st->ino;
        e->link_count = st->nlink;
    }
    if (S_ISCHR(st->mode) || S_ISBLK(st->mode)) {
        e->rdev_major = major(st->rdev);
        e->rdev_minor = minor(st->rdev);
    }
}

bool zc_entry_odd_time(const struct zc_stat *st)
{
    return st->mtime_ns >= ZC_NSEC_PER_SEC;
}

void zc_entry_tell_odd_time(struct zc_sworker *w, struct zc_dirnode *node,
                            const char *name, const struct zc_stat *st)
{
    if (zc_entry_odd_time(st) && w->s->opt->keep & ZC_KEEP_TIMES)
        zc_entry_trouble(w, node, name, ZC_TROUBLE_SOURCE,
                         "tell its modification time, which has more than "
                         "999,999,999 nanoseconds: the inode is damaged", 0);
}

static int take_fileflags(struct zc_sworker *w, int dirfd, const char *name,
                          struct zc_entry *e)
{
    struct zc_fileflags f;
    if (!(w->s->opt->keep & ZC_KEEP_FLAGS))
        return 0;
    if (zc_fileflags_at(dirfd, name, e->mode, &f))
        return -1;
    e->fileflags = f.flags;
    e->project = f.project;
    if (f.flags || f.project)
        e->flags |= ZC_ENTRY_FILEFLAGS;
    return 0;
}

int zc_entry_xattrs(struct zc_sworker *w, int dirfd, const char *name,
                    struct zc_entry *e)
{
    zc_buf_reset(&w->xattrs);
    if (zc_xattr_read(dirfd, name, w->s->opt->keep, &w->xattrs))
        return -1;
    if (w->xattrs.len) {
        struct zc_digest digest = zc_xattr_digest(
            w->xattrs.data, w->xattrs.len, w->s->ids->map);
        e->flags |= ZC_ENTRY_XATTRS;
        memcpy(e->xattr_digest, digest.b, sizeof e->xattr_digest);
        e->properties = zc_xattr_properties(w->xattrs.data, w->xattrs.len);
        if (e->properties)
            e->flags |= ZC_ENTRY_PROPERTIES;
    }
    return take_fileflags(w, dirfd, name, e);
}

void zc_entry_trouble(struct zc_sworker *w, struct zc_dirnode *node,
                      const char *name, enum zc_trouble kind,
                      const char *what, int eno)
{
    w->troubled = true;
    if (w->overtakes || w->silent)
        return;
    const char *path = zc_dirnode_path_of(node, name, strlen(name), &w->path);
    zc_sender_trouble(w->s, kind, what, path ? path : name, eno);
}

void zc_entry_unread(struct zc_sworker *w, struct zc_dirnode *node,
                     const char *name, const char *what)
{
    bool changed = errno == ENOENT || errno == ENOTDIR || errno == ELOOP;
    zc_entry_trouble(w, node, name,
                     changed ? ZC_TROUBLE_VANISHED : ZC_TROUBLE_SOURCE, what,
                     errno);
}

unsigned zc_entry_doubt(const struct zc_sender *s, unsigned what,
                        const struct zc_stat *st)
{
    bool seen = !(what & ZC_CHANGE_UNSEEN) && !s->round.unseen;
    if (S_ISDIR(st->mode) && what & ZC_CHANGE_DEEP)
        return seen ? ZC_ENTRY_DEEP | ZC_ENTRY_SEEN : ZC_ENTRY_DEEP;
    bool linked = st->nlink > 1 && s->opt->keep & ZC_KEEP_HARD_LINKS;
    if (!S_ISREG(st->mode))
        return 0;
    if (linked) /* it may have changed under any of its names */
        return ZC_ENTRY_CHANGED;
    if (!(what & ~(unsigned)ZC_CHANGE_META))
        return 0;
    bool eager = st->size <= ZC_INLINE_MAX && !s->opt->update &&
                 !zc_maybe_sparse(st, s->opt->keep);
    return eager ? ZC_ENTRY_EAGER : ZC_ENTRY_CHANGED;
}

/* --- versions --- */

struct zc_seen zc_seen_of(const struct zc_stat *st)
{
    return (struct zc_seen){st->dev, st->ino, st->size, st->ctime_s,
                            st->ctime_ns};
}

bool zc_seen_same(const struct zc_seen *seen, const struct zc_stat *st)
{
    return st->ino == seen->ino && st->dev == seen->dev &&
           st->size == seen->size && st->ctime_s == seen->ctime_s &&
           st->ctime_ns == seen->ctime_ns;
}

bool zc_changed_lately(const struct zc_stat *st)
{
    int64_t age = zc_clock_wall_ns() -
                  (st->ctime_s * ZC_NSEC_PER_SEC + st->ctime_ns);
    return age < RACY_NS; /* a ctime in the future counts */
}

bool zc_maybe_sparse(const struct zc_stat *st, unsigned keep)
{
    return keep & ZC_KEEP_SPARSE && st->size > 4096 &&
           (keep & ZC_KEEP_MAKE_HOLES ||
            st->blocks * 512 + 4095 < st->size);
}
