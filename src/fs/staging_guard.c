// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Whose is it, and who has it locked; see staging_guard.h.
 *
 * A name in a directory that others write proves nothing, a descriptor does:
 * where `.zcsync` is ours with mode 0700, nobody else can reach what is in it,
 * and what is made there afterwards is safe whatever happens to its own name.
 */
#include "fs/staging_guard.h"

#include "base/clock.h"
#include "base/hex.h"
#include "base/relpath.h"
#include "fs/acl.h"
#include "fs/meta.h"
#include "fs/procfd.h"
#include "fs/proctext.h"
#include "fs/rootdir.h"

#include <dirent.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/xattr.h>

#define LOCK_WAIT_NS (5 * ZC_NSEC_PER_SEC)
#define LOCK_STEP_MAX_NS (20 * 1000000LL)

/* --- whose it is --- */

/* What a file of mode 0600 looks like that is made in DIRFD by us. It is looked
 * at by the descriptor that made it, so that nobody can pass off another. */
static int stat_of_ours(int dirfd, struct zc_stat *st)
{
    char name[2 + 16 + 1] = "t-";
    if (zc_hex_random(name + 2, 16))
        return -1;
    zc_auto_close int fd = zc_file_open(dirfd, name,
                                        O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return -1;
    int bad = zc_stat_at(fd, "", st), eno = errno;
    unlinkat(dirfd, name, 0);
    errno = eno;
    return bad;
}

/* vfat, a squashing NFS server and the like give everything to somebody: there a
 * folder of ours has the owner that any file of ours gets. */
static int check_owner(int fd)
{
    struct zc_stat st, ours;
    if (zc_stat_at(fd, "", &st))
        return -1;
    if (st.uid == geteuid())
        return 0;
    if (stat_of_ours(fd, &ours) == 0 && ours.uid == st.uid)
        return 0;
    errno = EPERM;
    return -1;
}

/* What does not become 0700 then is on a file system that has one mode for all.
 */
int zc_staging_take(int fd)
{
    if (check_owner(fd))
        return -1;
    fremovexattr(fd, ZC_ACL_DEFAULT);
    fremovexattr(fd, ZC_ACL_ACCESS);
    zc_fd_chmod(fd, 0700);
    return 0;
}

static bool is_empty(int fd)
{
    DIR *dir = zc_dir_list(zc_root_open_dir(fd, ""));
    if (!dir)
        return false;
    int n = 0;
    while (readdir(dir))
        n++;
    closedir(dir);
    return n <= 2;
}

bool zc_staging_is_at(int fd, int dirfd, const char *name)
{
    struct zc_stat a, b;
    return zc_stat_at(fd, "", &a) == 0 && zc_stat_at(dirfd, name, &b) == 0 &&
           a.dev == b.dev && a.ino == b.ino && a.mnt_id == b.mnt_id;
}

/* What was made just now is still what has the name? */
static int check_new(int fd, int dirfd, const char *name)
{
    if (is_empty(fd) && zc_staging_is_at(fd, dirfd, name))
        return 0;
    errno = EPERM;
    return -1;
}

int zc_staging_take_new(int fd, int dirfd, const char *name)
{
    return zc_staging_take(fd) ? -1 : check_new(fd, dirfd, name);
}

int zc_staging_take_nest(int fd, int dirfd, const char *name, bool acls)
{
    struct zc_stat st;
    if (check_owner(fd) || zc_stat_at(fd, "", &st))
        return -1;
    if (!acls) {
        fremovexattr(fd, ZC_ACL_DEFAULT);
        fremovexattr(fd, ZC_ACL_ACCESS);
    }
    if ((st.mode & 0777) != 0700)
        zc_fd_chmod(fd, 0700 | (st.mode & S_ISGID));
    return check_new(fd, dirfd, name);
}

/* --- locks --- */

int zc_staging_trylock(int fd)
{
    int r;
    do
        r = flock(fd, LOCK_EX | LOCK_NB);
    while (r < 0 && errno == EINTR);
    return r;
}

void zc_staging_unlock(int fd)
{
    flock(fd, LOCK_UN);
}

bool zc_staging_no_locks(void)
{
    return errno == EOPNOTSUPP || errno == ENOLCK || errno == ENOSYS;
}

int zc_staging_lock(int fd)
{
    int64_t end = zc_clock_ns() + LOCK_WAIT_NS, step = 1000000 / 4;
    while (zc_staging_trylock(fd)) {
        if (errno != EWOULDBLOCK)
            return zc_staging_no_locks() ? 0 : -1;
        if (zc_clock_ns() >= end) {
            errno = EBUSY;
            return -1;
        }
        zc_clock_sleep_ns(step);
        step = ZC_MIN(2 * step, LOCK_STEP_MAX_NS);
    }
    return 0;
}

/* --- sentences --- */

/* The process that took the flock on ST, by proc_locks(5): 0 where that does not
 * tell. Of a file system whose device number is not that of its files (btrfs)
 * only the inode is the same. */
static pid_t holder_of(const struct zc_stat *st)
{
    char line[256];
    pid_t found = 0;
    FILE *f = fopen("/proc/locks", "re");
    if (!f)
        return 0;
    while (fgets(line, sizeof line, f)) {
        struct zc_proctext_lock l;
        if (!zc_proctext_lock(line, &l) || l.ino != st->ino)
            continue;
        bool same = l.dev == st->dev;
        if (same || !found)
            found = l.pid;
        if (same)
            break;
    }
    fclose(f);
    return found;
}

int zc_staging_explain(int dirfd, int eno, struct zc_err *err)
{
    struct zc_stat st = {0};
    char who[48] = "another process";
    bool known = zc_stat_at(dirfd, ZC_STAGING_NAME, &st) == 0;
    if (eno == EPERM && known && st.uid != geteuid())
        return zc_err_set(err, ZC_EXIT_FILEIO, 0,
                          "the staging folder " ZC_STAGING_NAME " at the "
                          "destination is not the receiver's: it belongs to "
                          "user %u; nothing is written until it is gone",
                          st.uid);
    if (eno == EPERM)
        return zc_err_set(err, ZC_EXIT_FILEIO, 0,
                          "somebody else changes the staging folder "
                          ZC_STAGING_NAME " at the destination while it is "
                          "used");
    pid_t pid = known ? holder_of(&st) : 0;
    if (pid)
        snprintf(who, sizeof who, "process %d there", (int)pid);
    return zc_err_set(err, ZC_EXIT_FILEIO, 0,
                      "the staging folder " ZC_STAGING_NAME " at the "
                      "destination is locked by %s and does not become free",
                      who);
}
