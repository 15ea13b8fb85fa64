// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Looking at a file's metadata and making it what it shall be; see meta.h.
 * Attributes and ACLs are in xattr_job.c.
 *
 * The order in which one file is done, and why:
 *
 *     flags           some forbid all that follows
 *     owner, group    chown clears setuid, setgid and capabilities
 *     xattrs, ACLs    an ACL changes the mode; user.* may need u+rw
 *     mode            so this has the last word on both
 *     capabilities
 *     times           everything above may touch them
 */
#include "fs/meta.h"

#include "fs/fake.h"
#include "fs/procfd.h"
#include "fs/xattr_job.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <sys/statfs.h>
#include <sys/sysmacros.h>

static void take(const struct statx *x, struct zc_stat *st)
{
    *st = (struct zc_stat){
        .mode = x->stx_mode,
        .uid = x->stx_uid,
        .gid = x->stx_gid,
        .nlink = x->stx_nlink,
        .size = x->stx_size,
        .blocks = x->stx_blocks,
        .dev = makedev(x->stx_dev_major, x->stx_dev_minor),
        .ino = x->stx_ino,
        .rdev = makedev(x->stx_rdev_major, x->stx_rdev_minor),
        .mnt_id = x->stx_mask & ZC_STATX_MNT ? x->stx_mnt_id : 0,
        .mtime_s = x->stx_mtime.tv_sec,
        .ctime_s = x->stx_ctime.tv_sec,
        .mtime_ns = x->stx_mtime.tv_nsec,
        .ctime_ns = x->stx_ctime.tv_nsec,
        .has_btime = x->stx_mask & STATX_BTIME,
    };
}

static int look(int dirfd, const char *name, int flags, struct zc_stat *st)
{
    struct statx x;
    if (statx(dirfd, name, flags | AT_NO_AUTOMOUNT,
              STATX_BASIC_STATS | STATX_BTIME | ZC_STATX_MNT, &x) < 0)
        return -1;
    take(&x, st);
    return 0;
}

int zc_stat_at(int dirfd, const char *name, struct zc_stat *st)
{
    return look(dirfd, name, AT_SYMLINK_NOFOLLOW | (*name ? 0 : AT_EMPTY_PATH),
                st);
}

int zc_stat_mounted(int dirfd, const char *name, struct zc_stat *st)
{
    struct statx x;
    if (statx(dirfd, name,
              AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT | AT_STATX_DONT_SYNC, 0,
              &x) < 0)
        return -1;
    take(&x, st);
    return x.stx_attributes & STATX_ATTR_MOUNT_ROOT ? 1 : 0;
}

/* A directory is one, and nothing else is. */
static void put_on(struct zc_stat *st, const struct zc_disguise *d)
{
    if (!S_ISDIR(st->mode) != !S_ISDIR(d->mode))
        return;
    st->mode = d->mode;
    st->uid = d->uid;
    st->gid = d->gid;
    st->rdev = d->rdev;
}

int zc_stat_kept(unsigned keep, int dirfd, const char *name,
                 struct zc_stat *st)
{
    struct zc_disguise d;
    if (zc_stat_at(dirfd, name, st))
        return -1;
    if (keep & ZC_KEEP_FAKE && (S_ISREG(st->mode) || S_ISDIR(st->mode)) &&
        zc_fake_get(dirfd, name, &d))
        put_on(st, &d);
    return 0;
}

int zc_stat_path(const char *path, struct zc_stat *st)
{
    return look(AT_FDCWD, path, 0, st);
}

bool zc_stat_same_version(const struct zc_stat *a, const struct zc_stat *b)
{
    return a->size == b->size && a->ino == b->ino && a->dev == b->dev &&
           a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns &&
           a->ctime_s == b->ctime_s && a->ctime_ns == b->ctime_ns;
}

const char *zc_meta_kind_name(enum zc_meta_kind kind)
{
    static const char *const names[ZC_META_KINDS] = {
        [ZC_META_OWNER] = "owner",
        [ZC_META_GROUP] = "group",
        [ZC_META_PERMS] = "permissions",
        [ZC_META_TIMES] = "times",
        [ZC_META_ACL] = "ACL",
        [ZC_META_XATTR] = "extended attributes",
        [ZC_META_SECURITY] = "security attributes",
        [ZC_META_CAPABILITY] = "capabilities",
        [ZC_META_PROPERTIES] = "properties",
        [ZC_META_FLAGS] = "flags",
    };
    return (unsigned)kind < ZC_META_KINDS ? names[kind] : "metadata";
}

/* --- setting --- */

static int set_times(int fd, const struct timespec ts[2])
{
    char path[ZC_PROCFD_PATH];
    if (futimens(fd, ts) == 0)
        return 0;
    if (errno != EBADF)
        return -1;
    if (utimensat(fd, "", ts, AT_EMPTY_PATH) == 0)
        return 0;
    if (errno != EINVAL) /* before Linux 5.8 */
        return -1;
    return utimensat(AT_FDCWD, zc_procfd_path(path, fd), ts, 0);
}

static int set_mtime(int fd, int64_t s, uint32_t ns)
{
    struct timespec ts[2] = {{.tv_nsec = UTIME_OMIT},
                             {.tv_sec = s, .tv_nsec = (long)ns}};
    if (ns >= 1000000000) { /* UTIME_NOW and UTIME_OMIT are up there */
        errno = EINVAL;
        return -1;
    }
    return set_times(fd, ts);
}

/* File systems made with libfuse 2 ignore an mtime that comes without an atime,
 * and say that they have set it. */
static int insist_on_mtime(int fd, int64_t s, uint32_t ns)
{
    struct zc_stat st;
    struct stat now;
    if (zc_stat_at(fd, "", &st) ||
        zc_time_equal(s, ns, st.mtime_s, st.mtime_ns, zc_time_step(fd)))
        return 0;
    if (fstat(fd, &now))
        return -1;
    struct timespec ts[2] = {now.st_atim, {.tv_sec = s, .tv_nsec = (long)ns}};
    return set_times(fd, ts);
}

int zc_fd_set_mtime(int fd, int64_t s, uint32_t ns)
{
    return set_mtime(fd, s, ns) || insist_on_mtime(fd, s, ns) ? -1 : 0;
}

#define SAME_ID UINT32_MAX /* chown(2): leave it */

static int change_owner(int fd, uint32_t uid, uint32_t gid)
{
    if (uid == SAME_ID && gid == SAME_ID) {
        errno = EINVAL; /* a file cannot belong to that one */
        return -1;
    }
    return fchownat(fd, "", uid, gid, AT_EMPTY_PATH);
}

/* Sets owner and group, in one call where both have to change. True when all
 * is as wanted. */
static bool apply_owner(int fd, const struct zc_stat *now,
                        const struct zc_meta_want *want,
                        struct zc_meta_report *report, bool *changed)
{
    bool user = want->keep & ZC_KEEP_OWNER && want->uid != now->uid;
    bool group = want->keep & ZC_KEEP_GROUP && want->gid != now->gid;
    bool refused = false;
    if (user && want->restricted && want->uid != geteuid()) {
        report->eno[ZC_META_OWNER] = EPERM;
        refused = true;
        user = false;
    }
    if (group && want->restricted && want->gid != getegid()) {
        report->eno[ZC_META_GROUP] = EPERM;
        refused = true;
        group = false;
    }
    if (user && group && want->uid != SAME_ID && want->gid != SAME_ID &&
        change_owner(fd, want->uid, want->gid) == 0) {
        *changed = true;
        return !refused;
    }
    /* One by one: somebody who may not give files away can still have the
     * right to another group. */
    bool owned = !refused;
    if (user && change_owner(fd, want->uid, SAME_ID) == 0) {
        *changed = true;
    } else if (user) {
        report->eno[ZC_META_OWNER] = errno;
        owned = false;
    }
    if (group && change_owner(fd, SAME_ID, want->gid) == 0) {
        *changed = true;
    } else if (group) {
        report->eno[ZC_META_GROUP] = errno;
        owned = false;
    }
    return owned;
}

/* Sets the permission bits unless the file has them: MODE is what they are,
 * valid unless TOUCHED. */
static void apply_mode(int fd, uint32_t mode, bool touched, uint32_t want,
                       struct zc_meta_report *report, bool *changed)
{
    if (touched) {
        struct zc_stat st;
        if (zc_stat_at(fd, "", &st) == 0)
            mode = st.mode;
        else
            mode = ~want;
    }
    if (((mode ^ want) & 07777) == 0)
        return;
    if (zc_fd_chmod(fd, want)) {
        report->eno[ZC_META_PERMS] = errno;
        return;
    }
    *changed = true;
    /* Who is not in the file's group loses setgid without an error. */
    struct zc_stat st;
    if (want & S_ISGID && zc_stat_at(fd, "", &st) == 0 &&
        !(st.mode & S_ISGID))
        report->eno[ZC_META_PERMS] = EPERM;
}

static void apply_times(int fd, const struct zc_stat *now,
                        const struct zc_meta_want *want,
                        struct zc_meta_report *report, bool *changed)
{
    if (want->mtime_s == now->mtime_s && want->mtime_ns == now->mtime_ns)
        return;
    /* Only a time that looks cut is worth asking the file system. */
    if (now->mtime_ns == 0 && want->mtime_ns &&
        zc_time_equal(want->mtime_s, want->mtime_ns, now->mtime_s,
                      now->mtime_ns, zc_time_step(fd)))
        return;
    if (want->careful ? zc_fd_set_mtime(fd, want->mtime_s, want->mtime_ns)
                      : set_mtime(fd, want->mtime_s, want->mtime_ns))
        report->eno[ZC_META_TIMES] = errno;
    else
        *changed = true;
}

/* The mode of WANT as far as a sender who is not known may have it. */
static uint32_t restricted_mode(uint32_t now, uint32_t want,
                                struct zc_meta_report *report)
{
    uint32_t refused = want & ~now & 06000;
    if (refused)
        report->eno[ZC_META_PERMS] = EPERM;
    return want & ~refused;
}

/* What the coarsest file system makes of the time, or better. */
static bool time_took(const struct zc_stat *st, int64_t s, uint32_t ns)
{
    return zc_time_equal(s, ns, st->mtime_s, st->mtime_ns, 2000000000);
}

static void not_taken(struct zc_meta_report *report, enum zc_meta_kind kind,
                      bool differs)
{
    if (differs && !report->eno[kind])
        report->eno[kind] = EOPNOTSUPP;
}

/* Did it take? MODE is what was set. */
static void look_again(int fd, const struct zc_meta_want *want, unsigned keep,
                       uint32_t mode, struct zc_meta_report *report)
{
    struct zc_stat st;
    if (zc_stat_at(fd, "", &st))
        return;
    if (keep & ZC_KEEP_OWNER)
        not_taken(report, ZC_META_OWNER, st.uid != want->uid);
    if (keep & ZC_KEEP_GROUP)
        not_taken(report, ZC_META_GROUP, st.gid != want->gid);
    if (keep & ZC_KEEP_PERMS)
        not_taken(report, ZC_META_PERMS, (st.mode ^ mode) & 07777);
    if (keep & ZC_KEEP_TIMES && !want->skip_times)
        not_taken(report, ZC_META_TIMES,
                  !time_took(&st, want->mtime_s, want->mtime_ns));
}

/* --- setting what cannot be set --- */

/* What WANT makes of a file that was HAVE. */
static struct zc_disguise wanted_disguise(const struct zc_stat *have,
                                          const struct zc_meta_want *want,
                                          struct zc_meta_report *report)
{
    bool same_type = ((have->mode ^ want->mode) & S_IFMT) == 0;
    uint32_t perms = want->keep & ZC_KEEP_PERMS || !same_type ? want->mode
                                                              : have->mode;
    struct zc_disguise d = {
        .mode = (want->mode & S_IFMT) | (perms & 07777),
        .uid = want->keep & ZC_KEEP_OWNER ? want->uid : have->uid,
        .gid = want->keep & ZC_KEEP_GROUP ? want->gid : have->gid,
        .rdev = S_ISCHR(want->mode) || S_ISBLK(want->mode) ? have->rdev : 0,
    };
    if (!want->restricted)
        return d;
    d.mode = restricted_mode(have->mode, d.mode, report);
    if (d.uid != have->uid && d.uid != geteuid()) {
        report->eno[ZC_META_OWNER] = EPERM;
        d.uid = have->uid;
    }
    if (d.gid != have->gid && d.gid != getegid()) {
        report->eno[ZC_META_GROUP] = EPERM;
        d.gid = have->gid;
    }
    return d;
}

static bool is_disguised(const struct zc_stat *real,
                         const struct zc_disguise *d)
{
    return real->mode != d->mode || real->uid != d->uid ||
           real->gid != d->gid || d->rdev;
}

/* What FD, which is REAL and says that it is HAVE, says from now on. */
static int disguise(int fd, struct zc_stat *real, const struct zc_stat *have,
                    const struct zc_disguise *d, bool *changed)
{
    uint32_t perms = zc_fake_perms(d->mode, S_ISDIR(real->mode));
    if ((real->mode & 07777) != perms) {
        if (zc_fd_chmod(fd, perms))
            return -1;
        real->mode = (real->mode & S_IFMT) | perms;
        *changed = true;
    }
    struct zc_disguise said;
    bool says = zc_fake_get(fd, "", &said), is = is_disguised(real, d);
    bool same = have->mode == d->mode && have->uid == d->uid &&
                have->gid == d->gid && (!d->rdev || have->rdev == d->rdev);
    if (says == is && (same || !is))
        return 0;
    if (zc_fake_set(fd, is ? d : NULL))
        return -1;
    *changed = true;
    return 0;
}

static void apply_fake(int fd, const struct zc_meta_want *want,
                       struct zc_idmap *ids, struct zc_meta_report *report,
                       bool *changed)
{
    struct zc_stat real, have;
    if (zc_stat_at(fd, "", &real) ||
        zc_stat_kept(ZC_KEEP_FAKE, fd, "", &have)) {
        report->eno[ZC_META_PERMS] = errno;
        return;
    }
    if (want->keep & ZC_KEEP_FLAGS &&
        zc_fileflags_apply(fd, real.mode, &want->fileflags, changed))
        report->eno[ZC_META_FLAGS] = errno;
    const struct zc_disguise d = wanted_disguise(&have, want, report);
    if (disguise(fd, &real, &have, &d, changed))
        report->eno[ZC_META_OWNER] = errno;
    struct zc_xattr_job job = {
        .fd = fd,
        .mode = real.mode,
        .keep = want->keep,
        .want = want->xattrs,
        .want_len = want->xattrs ? want->xattrs_len : 0,
        .ids = ids,
        .restricted = want->restricted,
        .report = report,
        .changed = changed,
    };
    if (want->have_xattrs && want->keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS) &&
        zc_xattr_job_start(&job) == 0) {
        zc_xattr_job_run(&job, ZC_XATTR_ALL_BUT_CAPABILITY);
        zc_xattr_job_run(&job, ZC_XATTR_CAPABILITY);
    }
    zc_xattr_job_fini(&job);
    if (want->keep & ZC_KEEP_TIMES && !want->skip_times)
        apply_times(fd, &real, want, report, changed);
}

/* --- all of it --- */

static int add_up(const struct zc_meta_report *mine,
                  struct zc_meta_report *report)
{
    int r = 0;
    for (int i = 0; i < ZC_META_KINDS; i++) {
        if (mine->eno[i])
            r = -1;
        if (!report->eno[i])
            report->eno[i] = mine->eno[i];
    }
    return r;
}

int zc_meta_apply(int fd, const struct zc_stat *now,
                  const struct zc_meta_want *want, struct zc_idmap *ids,
                  struct zc_meta_report *report, bool *changed)
{
    struct zc_meta_report mine = {{0}};
    unsigned keep = want->keep;
    if (S_ISLNK(now->mode)) /* symlinks have neither */
        keep &= ~(unsigned)(ZC_KEEP_PERMS | ZC_KEEP_ACLS);
    *changed = false;

    if (keep & ZC_KEEP_FAKE) {
        apply_fake(fd, want, ids, &mine, changed);
        return add_up(&mine, report);
    }
    if (keep & ZC_KEEP_FLAGS &&
        zc_fileflags_apply(fd, now->mode, &want->fileflags, changed))
        mine.eno[ZC_META_FLAGS] = errno;
    bool owned = apply_owner(fd, now, want, &mine, changed);
    /* chown may have taken setuid and setgid. */
    bool touched = *changed && now->mode & 06000;

    struct zc_xattr_job job = {
        .fd = fd,
        .mode = now->mode,
        .keep = keep,
        .want = want->xattrs,
        .want_len = want->xattrs ? want->xattrs_len : 0,
        .ids = ids,
        .restricted = want->restricted,
        .report = &mine,
        .changed = changed,
    };
    bool attrs = want->have_xattrs &&
                 keep & (ZC_KEEP_ACLS | ZC_KEEP_XATTRS) &&
                 zc_xattr_job_start(&job) == 0;
    if (attrs)
        zc_xattr_job_run(&job, ZC_XATTR_ALL_BUT_CAPABILITY);
    touched |= job.mode_touched;

    uint32_t mode = want->mode & 07777;
    if (keep & ZC_KEEP_PERMS) {
        if (want->restricted)
            mode = restricted_mode(now->mode, mode, &mine);
        else if (!owned)
            mode &= ~(uint32_t)06000;
        /* With an ACL the group bits are its mask; alone they would let the
         * owning group do what only some named ones may. */
        if (job.acl_refused)
            mode = (mode & ~(uint32_t)070) | (mode & job.group_perms << 3);
        apply_mode(fd, now->mode, touched, mode, &mine, changed);
    } else if (job.opened_up) {
        apply_mode(fd, now->mode, true, now->mode, &mine, changed);
    }

    if (attrs)
        zc_xattr_job_run(&job, ZC_XATTR_CAPABILITY);
    zc_xattr_job_fini(&job);

    if (keep & ZC_KEEP_TIMES && !want->skip_times)
        apply_times(fd, now, want, &mine, changed);
    if (want->careful)
        look_again(fd, want, keep, mode, &mine);

    return add_up(&mine, report);
}

/* --- the resolution of times --- */

/* Those that linux/magic.h leaves out. */
enum {
    MAGIC_HFSPLUS = 0x482b,
    MAGIC_HFS = 0x4244,
    MAGIC_SMB2 = (int)0xfe534d42,
    MAGIC_CIFS = (int)0xff534d42,
    MAGIC_NTFS3 = 0x7366746e,
};

/* The lowest common step that a file of this file system could have. FUSE and
 * network file systems are as good as what is behind them; a ctime is never
 * set by anybody, so whole seconds in it are no chance. */
uint32_t zc_time_step(int fd)
{
    const uint32_t second = 1000000000;
    struct statfs fs;
    struct zc_stat st;
    if (fstatfs(fd, &fs) || zc_stat_at(fd, "", &st))
        return 1;
    switch ((int)fs.f_type) {
    case MSDOS_SUPER_MAGIC:
    case EXFAT_SUPER_MAGIC:
        return 2 * second;
    case MAGIC_HFSPLUS:
    case MAGIC_HFS:
    case MINIX_SUPER_MAGIC:
    case MINIX2_SUPER_MAGIC:
    case MINIX3_SUPER_MAGIC:
        return second;
    case EXT4_SUPER_MAGIC:
        return st.has_btime ? 1 : second;
    case MAGIC_SMB2:
    case MAGIC_CIFS:
    case MAGIC_NTFS3:
        return 100;
    case UDF_SUPER_MAGIC:
        return 1000;
    case FUSE_SUPER_MAGIC:
    case NFS_SUPER_MAGIC:
    case V9FS_MAGIC:
        return st.ctime_ns == 0 && st.mtime_ns == 0 ? second : 1;
    default:
        return 1;
    }
}

bool zc_meta_trusted(int fd)
{
    struct statfs fs;
    if (fstatfs(fd, &fs))
        return true;
    switch ((int)fs.f_type) {
    case EXT4_SUPER_MAGIC:
    case XFS_SUPER_MAGIC:
    case (int)BTRFS_SUPER_MAGIC:
    case (int)F2FS_SUPER_MAGIC:
    case TMPFS_MAGIC:
    case OVERLAYFS_SUPER_MAGIC:
        return true;
    default:
        return false;
    }
}

/* T_S seconds in steps of N of them, rounded down also before 1970. */
static int64_t floor_div(int64_t t_s, int64_t n)
{
    return t_s / n - (t_s % n < 0);
}

bool zc_time_equal(int64_t a_s, uint32_t a_ns, int64_t b_s, uint32_t b_ns,
                   uint32_t step_ns)
{
    zc_time_cut(&a_s, &a_ns, step_ns);
    zc_time_cut(&b_s, &b_ns, step_ns);
    return a_s == b_s && a_ns == b_ns;
}

void zc_time_cut(int64_t *s, uint32_t *ns, uint32_t step_ns)
{
    const uint32_t second = 1000000000;
    if (step_ns >= second) {
        *s = floor_div(*s, step_ns / second);
        *ns = 0;
    } else if (step_ns) {
        *ns /= step_ns;
    }
}

bool zc_times_within(int64_t a_s, int64_t b_s, uint64_t window)
{
    /* As unsigned numbers: they may be as far apart as can be. */
    uint64_t a = (uint64_t)a_s, b = (uint64_t)b_s;
    return (a_s > b_s ? a - b : b - a) <= window;
}
