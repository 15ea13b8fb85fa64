// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Making a file's attributes equal to a set; see xattr_job.h. Both the set that
 * is wanted and the one that the file has are sorted: they are walked in step.
 */
#include "fs/xattr_job.h"

#include "fs/acl.h"
#include "fs/disguise.h"
#include "fs/procfd.h"
#include "fs/xattr.h"
#include "fs/xattr_set.h"

#include <string.h>
#include <sys/stat.h>
#include <sys/xattr.h>

#define CAPABILITY "security.capability"
#define SELINUX "security.selinux"

int zc_attr_set(int fd, const char *attr, const void *value, size_t n)
{
    char path[ZC_PROCFD_PATH];
    int r = fsetxattr(fd, attr, value, n, 0);
    if (r < 0 && errno == EBADF)
        r = setxattr(zc_procfd_path(path, fd), attr, value, n, 0);
    return r;
}

int zc_attr_remove(int fd, const char *attr)
{
    char path[ZC_PROCFD_PATH];
    int r = fremovexattr(fd, attr);
    if (r < 0 && errno == EBADF)
        r = removexattr(zc_procfd_path(path, fd), attr);
    return r;
}

static enum zc_meta_kind kind_of(const struct zc_attr *a)
{
    if (zc_attr_is_acl(a->name, a->name_len))
        return ZC_META_ACL;
    if (zc_attr_named(a->name, a->name_len, CAPABILITY))
        return ZC_META_CAPABILITY;
    if (zc_attr_in(a->name, a->name_len, "security."))
        return ZC_META_SECURITY;
    if (zc_attr_is_property(a->name, a->name_len))
        return ZC_META_PROPERTIES;
    return ZC_META_XATTR;
}

static void note(struct zc_xattr_job *job, enum zc_meta_kind kind, int eno)
{
    if (!job->report->eno[kind])
        job->report->eno[kind] = eno;
}

/* user.* attributes take read and write permission on the file, even by its
 * owner and by fd (xattr(7)): adds them for the moment. True when that is
 * worth another try. */
static bool open_up(struct zc_xattr_job *job)
{
    if (errno != EACCES || job->opened_up || S_ISLNK(job->mode) ||
        (job->mode & 0600) == 0600)
        return false;
    int keep = errno;
    job->opened_up = zc_fd_chmod(job->fd, job->mode | 0600) == 0;
    job->mode_touched |= job->opened_up;
    errno = keep;
    return job->opened_up;
}

int zc_xattr_job_start(struct zc_xattr_job *job)
{
    do {
        if (zc_xattr_read(job->fd, "", job->keep, &job->have) == 0)
            return 0;
    } while (open_up(job));
    note(job, job->keep & ZC_KEEP_XATTRS ? ZC_META_XATTR : ZC_META_ACL, errno);
    return -1;
}

void zc_xattr_job_fini(struct zc_xattr_job *job)
{
    zc_buf_fini(&job->have);
}

/* A is not for whoever wants it, and that is said. */
static bool refused(struct zc_xattr_job *job, const struct zc_attr *a)
{
    if (!job->restricted || !(zc_attr_in(a->name, a->name_len, "security.") ||
                              zc_attr_in(a->name, a->name_len, "trusted.")))
        return false;
    note(job, kind_of(a), EPERM);
    return true;
}

/* What A is called on disk, into NAME. False: it cannot be there, and that is
 * said. */
static bool name_on_disk(struct zc_xattr_job *job, const struct zc_attr *a,
                         char name[ZC_DISGUISE_NAME_SIZE])
{
    memcpy(name, a->name, a->name_len);
    name[a->name_len] = '\0';
    if (!(job->keep & ZC_KEEP_FAKE) ||
        !zc_disguise_name(name, a->name, a->name_len))
        return true;
    note(job, kind_of(a), errno);
    return false;
}

static void drop(struct zc_xattr_job *job, const struct zc_attr *a)
{
    char name[ZC_DISGUISE_NAME_SIZE];
    /* A label is part of the host's policy and cannot be taken away. */
    if (!name_on_disk(job, a, name) || strcmp(name, SELINUX) == 0 ||
        refused(job, a))
        return;
    int r;
    do
        r = zc_attr_remove(job->fd, name);
    while (r < 0 && open_up(job));
    if (r < 0 && errno != ENODATA) {
        note(job, kind_of(a), errno);
        return;
    }
    *job->changed = true;
    job->mode_touched |= kind_of(a) == ZC_META_ACL;
}

/* Sets W; H is what the file has under that name, or NULL. */
static void put(struct zc_xattr_job *job, const struct zc_attr *w,
                const struct zc_attr *h)
{
    struct zc_buf mine = ZC_BUF_INIT, theirs = ZC_BUF_INIT;
    struct zc_buf blob = ZC_BUF_INIT;
    const uint8_t *value = w->value;
    size_t len = w->len;
    bool acl = kind_of(w) == ZC_META_ACL;
    if (acl) {
        zc_acl_put_local(&theirs, w->value, w->len, job->ids);
        if (h)
            zc_acl_put_local(&mine, h->value, h->len, NULL);
        if (theirs.failed || mine.failed) {
            note(job, ZC_META_ACL, ENOMEM);
            goto out;
        }
        value = theirs.data;
        len = theirs.len;
        if (h && mine.len == len && memcmp(mine.data, value, len) == 0)
            goto out;
    } else if (h && h->len == len && memcmp(h->value, value, len) == 0) {
        goto out;
    }
    if (refused(job, w))
        goto out;

    char name[ZC_DISGUISE_NAME_SIZE];
    bool fake = job->keep & ZC_KEEP_FAKE;
    if (!name_on_disk(job, w, name))
        goto out;
    if (acl && fake) {
        if (zc_disguise_acl_blob(&blob, value, len)) {
            note(job, ZC_META_ACL, EINVAL);
            goto out;
        }
        value = blob.data;
        len = blob.len;
    }
    int r;
    do
        r = zc_attr_set(job->fd, name, value, len);
    while (r < 0 && open_up(job));
    if (r == 0) {
        *job->changed = true;
        job->mode_touched |= acl && !fake;
    } else {
        note(job, kind_of(w), errno);
        if (zc_attr_named(w->name, w->name_len, ZC_ACL_ACCESS) && !fake) {
            job->acl_refused = true;
            job->group_perms = zc_acl_group_perms(value, len);
        }
    }
out:
    zc_buf_fini(&mine);
    zc_buf_fini(&theirs);
    zc_buf_fini(&blob);
}

static bool next_in_phase(const struct zc_xattr_job *job,
                          enum zc_xattr_phase phase, struct zc_attr_walk *w,
                          struct zc_attr *a)
{
    while (zc_attr_walk_next(w, a)) {
        bool capability = zc_attr_named(a->name, a->name_len, CAPABILITY);
        if (capability == (phase == ZC_XATTR_CAPABILITY) &&
            zc_attr_covered(job->keep, a->name, a->name_len))
            return true;
    }
    return false;
}

/* One walk over both sets: the removals, or what is to be set. */
static void run_pass(struct zc_xattr_job *job, enum zc_xattr_phase phase,
                     bool dropping)
{
    struct zc_attr_walk ww = zc_attr_walk_start(job->want, job->want_len);
    struct zc_attr_walk hw = zc_attr_walk_start(job->have.data, job->have.len);
    struct zc_attr w, h;
    bool more_w = next_in_phase(job, phase, &ww, &w);
    bool more_h = next_in_phase(job, phase, &hw, &h);
    while (more_w || more_h) {
        int c = !more_w ? 1 : !more_h ? -1 : zc_attr_cmp(&w, &h);
        if (c > 0 && dropping && !zc_attr_is_property(h.name, h.name_len))
            drop(job, &h);
        if (c <= 0 && !dropping)
            put(job, &w, c == 0 ? &h : NULL);
        if (c <= 0)
            more_w = next_in_phase(job, phase, &ww, &w);
        if (c >= 0)
            more_h = next_in_phase(job, phase, &hw, &h);
    }
}

void zc_xattr_job_run(struct zc_xattr_job *job, enum zc_xattr_phase phase)
{
    /* Removing first makes room where a file system has little of it. */
    run_pass(job, phase, true);
    run_pass(job, phase, false);
}
