// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that become files of their own; see apart.h. */
#include "receiver/apart.h"

#include "fs/rootdir.h"
#include "receiver/copies.h"
#include "receiver/compare.h"
#include "receiver/core.h"
#include "receiver/dirs.h"
#include "receiver/dress.h"
#include "receiver/lists.h"
#include "receiver/newfile.h"
#include "receiver/special.h"
#include "receiver/volumes.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* --- copies --- */

static int copy_special(const struct zc_receiver *r, int dirfd,
                        const char *name, const struct zc_stat *old, int base,
                        const char *tmp)
{
    struct zc_entry e = {.mode = old->mode,
                         .rdev_major = major(old->rdev),
                         .rdev_minor = minor(old->rdev)};
    zc_auto_free char *target = NULL;
    if (S_ISLNK(old->mode)) {
        size_t n;
        e.target = target = zc_symlink_read(dirfd, name, &n);
        if (!target)
            return -1;
        e.target_len = (uint16_t)n;
    }
    return zc_special_node(r, base, tmp, &e) ? -1 : zc_path_open(base, tmp);
}

/* What a copy of NAME in DIRFD, which is OLD, is to look like: what nobody asks
 * for stays as it was. The attributes are W's. -1 and errno. */
static int old_look(struct zc_rworker *w, int dirfd, const char *name,
                    const struct zc_stat *old, struct zc_meta_want *want)
{
    struct zc_receiver *r = w->r;
    *want = (struct zc_meta_want){
        .mode = old->mode,
        .uid = old->uid,
        .gid = old->gid,
        .mtime_s = old->mtime_s,
        .mtime_ns = old->mtime_ns,
        .have_xattrs = true,
        .keep = ZC_KEEP_ALL,
        .restricted = r->terms.restricted,
    };
    if (!r->is_root)
        want->keep = (r->keep | ZC_KEEP_PERMS | ZC_KEEP_TIMES | ZC_KEEP_GROUP) &
                     ZC_KEEP_ALL & ~(unsigned)ZC_KEEP_OWNER;
    if (!r->is_root && old->uid != geteuid())
        want->mode &= ~(uint32_t)06000;
    zc_buf_reset(&w->scratch);
    if (zc_xattr_read(dirfd, name, want->keep, &w->scratch))
        return -1;
    want->xattrs = w->scratch.data;
    want->xattrs_len = w->scratch.len;
    return 0;
}

/* FD, new, looks like NAME in S, which is open as DIRFD, and OLD. What is refused
 * becomes notes, but for the group of one who has little choice. -1 and errno. */
static int look_like(struct zc_rworker *w, const struct zc_shelf *s, int fd,
                     int dirfd, const char *name, const struct zc_stat *old)
{
    struct zc_receiver *r = w->r;
    struct zc_meta_report report = {0};
    struct zc_meta_want want;
    struct zc_stat now;
    bool changed;
    if (old_look(w, dirfd, name, old, &want) || zc_stat_at(fd, "", &now))
        return -1;
    want.careful = s->vol->careful;
    /* Ids in its ACLs are those of this host. */
    if (!zc_meta_apply(fd, &now, &want, NULL, &report, &changed))
        return 0;
    if (!r->is_root)
        report.eno[ZC_META_GROUP] = 0;
    for (unsigned k = 0; k < ZC_META_KINDS; k++)
        if (report.eno[k])
            zc_rworker_note(w, s->node, name, ZC_OP_META + k, old->mode,
                            report.eno[k]);
    return 0;
}

int zc_apart_copy(struct zc_rworker *w, struct zc_shelf *s, const char *name,
                  const struct zc_stat *old, char tmp[ZC_STAGING_NAME_SIZE],
                  unsigned *op)
{
    *op = ZC_OP_STAGING;
    int base = zc_shelf_staging(w->r, s, tmp);
    int dirfd = base < 0 ? -1 : zc_dirnode_pin(w->r->tree, s->node);
    if (dirfd < 0)
        return -1;
    *op = ZC_OP_CREATE;
    /* What it says that it is is among its attributes. */
    struct zc_stat real;
    if (w->r->keep & ZC_KEEP_FAKE && !zc_stat_at(dirfd, name, &real))
        old = &real;
    int fd = S_ISREG(old->mode)
                 ? zc_copy_file(w->r, dirfd, name, old, base, tmp, 0600)
                 : copy_special(w->r, dirfd, name, old, base, tmp);
    bool bad = fd < 0 || look_like(w, s, fd, dirfd, name, old);
    int eno = errno;
    zc_dirnode_unpin(w->r->tree, s->node);
    if (bad) {
        zc_close(&fd);
        zc_place_discard(s, tmp);
    }
    errno = eno;
    return fd;
}

/* --- files --- */

void zc_apart(struct zc_rworker *w, const struct zc_cmp *c,
              const struct zc_msg_file *m)
{
    char tmp[ZC_STAGING_NAME_SIZE];
    struct zc_meta_want want;
    struct zc_stat now;
    unsigned op;
    int fd = zc_apart_copy(w, &c->dir->shelf, c->name, &c->st, tmp, &op);
    if (fd < 0 || zc_stat_at(fd, "", &now)) {
        if (fd >= 0)
            zc_place_discard(&c->dir->shelf, tmp);
        zc_close(&fd);
        zc_entry_again(w, c->list, c->ref);
        return;
    }
    zc_dress_want(w->r, c->e, &want);
    zc_dress_executable(w->r, &want, &now);
    want.keep &= ~(unsigned)ZC_KEEP_FLAGS; /* see zc_dress_flags */
    want.have_xattrs = true;
    want.xattrs = m->xattrs.p;
    want.xattrs_len = m->xattrs.n;
    zc_dress(w, fd, &now, &want, c->ref);
    zc_newfile_commit(w, c->list, m, tmp, fd);
}
