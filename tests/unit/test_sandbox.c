// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a confined receiver can and cannot do any more. A sandbox cannot be
 * left, so each one is entered in a child; the big one prints its own TAP.
 */
#include "daemon/sandbox.h"
#include "net/passfd.h"

#include "../tap.h"

#include <dirent.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <pthread.h>
#include <pwd.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <sys/xattr.h>

static char top[256];      /* holds share/ and outside/ */
static int share, outside; /* their fds, opened before */
static int landlock;       /* its ABI, 0: none */

/* The share. */
static int enter(enum zc_access access, struct zc_err *err)
{
    return zc_sandbox_enter(&(struct zc_tree_access){share, access}, 1, err);
}

static bool root(void)
{
    return geteuid() == 0;
}

static void make_file(int dir, const char *name)
{
    int fd = openat(dir, name, O_CREAT | O_EXCL | O_WRONLY, 0666);
    if (fd < 0 || write(fd, "text", 4) != 4)
        skip_all("cannot write in %s: %s", top, strerror(errno));
    close(fd);
}

static void prepare(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(top, sizeof top, "%.200s/zcsync-sandbox.XXXXXX",
             tmp ? tmp : "/tmp");
    if (!mkdtemp(top) || chmod(top, 0755))
        skip_all("no temporary directory: %s", strerror(errno));
    int dir = open(top, O_DIRECTORY);
    mkdirat(dir, "share", 0777);
    mkdirat(dir, "outside", 0777);
    fchmodat(dir, "share", 0777, 0);
    fchmodat(dir, "outside", 0777, 0);
    share = openat(dir, "share", O_DIRECTORY | O_CLOEXEC);
    outside = openat(dir, "outside", O_DIRECTORY | O_CLOEXEC);
    close(dir);
    make_file(share, "old");
    make_file(outside, "secret");
    mkdirat(share, "a", 0777);
    mkdirat(share, "b", 0777);
    landlock = (int)syscall(SYS_landlock_create_ruleset, NULL, 0, 1);
    if (landlock < 2)
        landlock = 0;
}

static void clean_up(void)
{
    char command[300];
    snprintf(command, sizeof command, "rm -rf '%s'", top);
    if (system(command))
        diag("%s failed", command);
}

static int try_open(int dir, const char *name, int flags)
{
    int fd = openat(dir, name, flags | O_CLOEXEC, 0600);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

/* What Landlock takes away. */
static void reach(void)
{
    char dotdot[] = "../outside/secret";
    if (!landlock) {
        skip(11, "no Landlock here");
        return;
    }
    is_int(try_open(-1, "/etc/shadow", O_RDONLY), EACCES,
           "/etc/shadow cannot be read");
    is_int(try_open(share, dotdot, O_RDONLY), EACCES,
           "nor a file beside the share");
    is_int(try_open(outside, "secret", O_RDONLY), EACCES,
           "nor through a directory opened before");
    is_int(try_open(outside, "secret", O_WRONLY), EACCES, "nor written");
    is_int(try_open(outside, "new", O_WRONLY | O_CREAT), EACCES,
           "nor a new one made");
    is_int(try_open(-1, "/", O_RDONLY | O_DIRECTORY), EACCES,
           "/ cannot be listed");
    is_int(unlinkat(outside, "secret", 0) ? errno : 0, EACCES,
           "nothing removed");
    ok(renameat(share, "old", outside, "old"), "nothing moved out");
    ok(linkat(outside, "secret", share, "secret", 0), "nothing linked in");
    is_int(mkdirat(outside, "d", 0777) ? errno : 0, EACCES, "no directory");
    if (landlock >= 6)
        is_int(kill(getppid(), 0) ? errno : 0, EPERM,
               "other processes get no signals");
    else
        skip(1, "needs Landlock ABI 6, here is %d", landlock);
}

/* Everything that applying takes, in the share. */
static void work(void)
{
    struct stat st;
    int fd = openat(share, "a/f", O_CREAT | O_EXCL | O_RDWR, 0600);
    ok(fd >= 0 && write(fd, "text", 4) == 4, "a file is made and written");
    is_int(ftruncate(fd, 2), 0, "cut");
    int again = openat(share, "a/f", O_WRONLY | O_TRUNC);
    ok(again >= 0, "and opened with O_TRUNC");
    close(again);
    close(fd);
    is_int(renameat(share, "a/f", share, "b/g"), 0,
           "renamed to another directory");
    is_int(linkat(share, "b/g", share, "a/h", 0), 0, "and linked into one");
    is_int(symlinkat("/etc/shadow", share, "a/sym"), 0, "a symlink");
    is_int(mkfifoat(share, "a/fifo", 0600), 0, "a fifo");
    is_int(mknodat(share, "a/sock", S_IFSOCK | 0600, 0), 0, "a socket");
    is_int(mkdirat(share, "a/d", 0700), 0, "a directory");
    is_int(renameat(share, "a/d", share, "b/d"), 0, "moved");
    is_int(renameat2(AT_FDCWD, "/", share, "x", RENAME_EXCHANGE), -1,
           "but not exchanged with the outside");
    is_int(unlinkat(share, "b/d", AT_REMOVEDIR), 0, "removed");
    is_int(unlinkat(share, "a/h", 0), 0, "a file removed");
    fd = openat(share, "a", O_DIRECTORY | O_RDONLY);
    DIR *d = fd >= 0 ? fdopendir(fd) : NULL;
    ok(d && readdir(d), "a directory listed");
    if (d)
        closedir(d);

    char path[64];
    fd = openat(share, "a", O_TMPFILE | O_WRONLY, 0600);
    if (fd < 0) {
        skip(1, "no O_TMPFILE: %s", strerror(errno));
    } else {
        snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
        is_int(linkat(-1, path, share, "b/tmp", AT_SYMLINK_FOLLOW), 0,
               "an unnamed file gets a name");
        close(fd);
    }
    is_int(fstatat(share, "a/sym", &st, AT_SYMLINK_NOFOLLOW), 0, "stat");
}

/* Metadata by fd, and by /proc/self/fd where fds are O_PATH. OLD was opened
 * before the sandbox was entered. */
static void metadata(int old)
{
    struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}, {1, 2}};
    char path[64];
    int fd = openat(share, "b/g", O_RDWR);
    int handle = openat(share, "b/g", O_PATH);
    is_int(fchmod(fd, 0640), 0, "mode");
    is_int(futimens(fd, times), 0, "times");
    is_int(fchmod(old, 0604), 0, "mode, through an fd from before");
    snprintf(path, sizeof path, "/proc/self/fd/%d", handle);
    is_int(chmod(path, 0600), 0, "mode, through an O_PATH fd and /proc");
    int reopened = open(path, O_WRONLY);
    ok(reopened >= 0, "a file opened again through /proc");
    close(reopened);

    if (fsetxattr(fd, "user.zc", "1", 1, 0) && errno == ENOTSUP) {
        skip(3, "no user attributes in %s", top);
    } else {
        is_int(fsetxattr(fd, "user.zc", "2", 1, 0), 0, "a user attribute");
        is_int(setxattr(path, "user.zc", "3", 1, 0), 0,
               "through an O_PATH fd and /proc");
        snprintf(path, sizeof path, "/proc/self/fd/%d", old);
        is_int(setxattr(path, "user.zc", "4", 1, 0), 0,
               "through an fd from before and /proc");
    }
    close(fd);
    close(handle);
}

static int try_mknod(const char *name)
{
    return mknodat(share, name, S_IFCHR | 0600, makedev(1, 3));
}

static int try_xattr(int fd, const char *name)
{
    /* VFS_CAP_REVISION_2, cap_net_raw+p */
    static const uint8_t cap[20] = {0, 0, 0, 2, 0, 32};
    return fsetxattr(fd, name, cap, sizeof cap, 0);
}

/* COULD: 0 for what worked before the sandbox was entered. */
static void as_root(int old, const int *could)
{
    const char *what[] = {"mknod", "trusted.*", "file capabilities"};
    if (!root()) {
        skip(7, "needs root");
        return;
    }
    int fd = openat(share, "b/g", O_RDWR);
    is_int(fchown(fd, 12345, 54321), 0, "owner");
    is_int(fchown(old, 12345, 54321), 0, "owner, by an fd from before");
    is_int(fchmod(fd, 04755), 0, "setuid");
    int can[] = {try_mknod("a/dev"), try_xattr(fd, "trusted.zc"),
                 try_xattr(fd, "security.capability")};
    for (int i = 0; i < 3; i++) {
        if (could[i])
            skip(1, "%s does not work here at all", what[i]);
        else
            is_int(can[i], 0, "%s", what[i]);
    }
    fchownat(share, "a", 12345, 54321, 0);
    fchmodat(share, "a", 0700, 0);
    is_int(try_open(share, "a/by-root", O_CREAT | O_WRONLY), 0,
           "write into a directory of somebody else");
    close(fd);
}

static void lookups(void)
{
    struct passwd *pw = getpwnam("root");
    struct group *gr = getgrgid(0);
    ok(pw && pw->pw_uid == 0, "user names are found");
    ok(gr && gr->gr_name, "and groups by number");
    ok(!getpwnam("no-such-user-here"), "and strangers are not");
    ok(localtime(&(time_t){0}), "local time");
}

static int refused_socket(int family, int type)
{
    int fd = socket(family, type, 0);
    if (fd < 0)
        return errno;
    close(fd);
    return 0;
}

static void calls(void)
{
    char *argv[] = {"true", NULL};
    pid_t pid = fork();
    if (pid == 0) {
        execv("/bin/true", argv);
        _exit(errno == EPERM ? 42 : 43);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    is_int(WEXITSTATUS(status), 42, "exec is refused");
    is_int(refused_socket(AF_INET, SOCK_STREAM), EPERM, "no TCP");
    is_int(refused_socket(AF_INET6, SOCK_DGRAM), EPERM, "no UDP");
    is_int(refused_socket(AF_NETLINK, SOCK_RAW), EPERM, "no netlink");
    is_int(refused_socket(AF_UNIX, SOCK_STREAM), 0, "Unix sockets");
    is_int(mount("none", top, "tmpfs", 0, "") ? errno : 0, EPERM, "no mount");
    is_int(chroot(top) ? errno : 0, EPERM, "no chroot");
    is_int(syscall(SYS_unshare, 0) ? errno : 0, EPERM, "no unshare");
    is_int(syscall(SYS_bpf, 0, NULL, 0) < 0 ? errno : 0, EPERM, "no bpf");
    is_int(syscall(SYS_io_uring_setup, 1, NULL) < 0 ? errno : 0, EPERM,
           "no io_uring");
    is_int(syscall(SYS_open_by_handle_at, -1, NULL, 0) < 0 ? errno : 0, EPERM,
           "no open by handle");
    is_int(truncate("/dev/null", 0) ? errno : 0, EPERM, "no truncate by path");
}

static bool has_cap(unsigned cap)
{
    struct __user_cap_header_struct h = {_LINUX_CAPABILITY_VERSION_3, 0};
    struct __user_cap_data_struct d[2];
    if (syscall(SYS_capget, &h, d))
        return true;
    unsigned bit = 1U << (cap % 32), i = cap / 32;
    return (d[i].effective | d[i].permitted | d[i].inheritable) & bit;
}

static void capabilities(void)
{
    is_int(prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0), 1, "no new privileges");
    if (!root()) {
        skip(5, "needs root");
        return;
    }
    ok(has_cap(CAP_CHOWN) && has_cap(CAP_DAC_OVERRIDE), "keeps what it needs");
    ok(!has_cap(CAP_SETUID) && !has_cap(CAP_SYS_PTRACE) &&
           !has_cap(CAP_NET_ADMIN) && !has_cap(CAP_SYS_MODULE),
       "and nothing else");
    is_int(prctl(PR_CAPBSET_READ, CAP_SYS_MODULE), 0,
           "the bounding set is cut too");
    /* Not setuid(3), which asks every thread, and a sanitizer has its own. */
    is_int(syscall(SYS_setuid, 12345), -1, "no other identity");
    is_int(kill(1, 0), -1, "no signal to init");
}

static void *thread_main(void *arg)
{
    int *eno = arg;
    *eno = refused_socket(AF_INET, SOCK_STREAM);
    return NULL;
}

static void threads(void)
{
    pthread_t t;
    int eno = 0;
    is_int(pthread_create(&t, NULL, thread_main, &eno), 0, "threads start");
    pthread_join(t, NULL);
    is_int(eno, EPERM, "and are confined too");
}

/* The child that tells it all. */
static int confined(void)
{
    struct zc_err err = {0};
    int old = openat(share, "old", O_RDWR);
    int could[] = {try_mknod("dev"), try_xattr(old, "trusted.zc"),
                   try_xattr(old, "security.capability")};
    if (!ok(enter(ZC_ACCESS_WRITE, &err) == 0, "enter: %s", err.text))
        return done_testing();
    reach();
    work();
    metadata(old);
    as_root(old, could);
    lookups();
    calls();
    capabilities();
    threads();
    close(old);
    return done_testing();
}

/* The quiet ones: each returns 0, or the number of the check that failed. */
static int read_only(void)
{
    if (enter(ZC_ACCESS_READ, NULL))
        return 1;
    if (!landlock)
        return 0;
    if (try_open(share, "old", O_RDONLY))
        return 2;
    if (try_open(share, ".", O_RDONLY | O_DIRECTORY))
        return 3;
    if (try_open(share, "old", O_WRONLY) != EACCES)
        return 4;
    if (try_open(share, "new", O_WRONLY | O_CREAT) != EACCES)
        return 5;
    if (mkdirat(share, "newdir", 0777) == 0 || errno != EACCES)
        return 6;
    if (unlinkat(share, "old", 0) == 0 || errno != EACCES)
        return 7;
    return try_open(outside, "secret", O_RDONLY) == EACCES ? 0 : 8;
}

/* Beside the share, and as good as that for links, and nothing else. */
static int linked(void)
{
    const struct zc_tree_access trees[] = {{share, ZC_ACCESS_WRITE},
                                           {outside, ZC_ACCESS_LINK}};
    if (zc_sandbox_enter(trees, 2, NULL))
        return 1;
    if (try_open(outside, "secret", O_RDONLY))
        return 2;
    if (linkat(outside, "secret", share, "a/linked", 0))
        return 3;
    if (renameat(share, "a/linked", share, "b/linked"))
        return 4;
    if (!landlock)
        return 0;
    if (try_open(outside, "new", O_WRONLY | O_CREAT) != EACCES)
        return 5;
    if (mkdirat(outside, "d", 0777) == 0 || errno != EACCES)
        return 6;
    if (unlinkat(outside, "secret", 0) == 0 || errno != EACCES)
        return 7;
    if (renameat(outside, "secret", share, "moved") == 0)
        return 8;
    return linkat(share, "old", outside, "old", 0) ? 0 : 9;
}

static int refused_call(int r)
{
    return r ? errno : 0;
}

/* Who only sends: STATE is the share. */
static int sends(void)
{
    const struct timespec now[2] = {{.tv_nsec = UTIME_NOW}, {.tv_nsec = UTIME_NOW}};
    char *argv[] = {"true", NULL};
    int fd = openat(outside, "secret", O_RDONLY);
    if (zc_sandbox_send(share, false, NULL))
        return 1;
    /* By which attributes could be set in spite of all that follows. */
    if (refused_call((int)syscall(SYS_io_uring_setup, 1, NULL)) != EPERM)
        return 11;
    if (try_open(outside, "secret", O_RDONLY) ||
        try_open(-1, "/etc/passwd", O_RDONLY) ||
        try_open(-1, "/", O_RDONLY | O_DIRECTORY) || !getpwnam("root"))
        return 2;
    if (refused_socket(AF_INET, SOCK_STREAM) || refused_socket(AF_UNIX, SOCK_STREAM))
        return 3;
    if (try_open(share, "state.new", O_WRONLY | O_CREAT) ||
        renameat(share, "state.new", share, "state"))
        return 4;
    if (refused_call(fchmod(fd, 0666)) != EPERM ||
        refused_call(fchown(fd, 1, 1)) != EPERM ||
        refused_call(futimens(fd, now)) != EPERM ||
        refused_call(fsetxattr(fd, "user.x", "y", 1, 0)) != EPERM ||
        refused_call(fchmodat(outside, "secret", 0666, 0)) != EPERM ||
        refused_call(fchownat(outside, "secret", 1, 1, 0)) != EPERM ||
        refused_call(utimensat(outside, "secret", now, 0)) != EPERM)
        return 5;
    if (refused_call(execv("/bin/true", argv)) != EPERM ||
        refused_call(mount("none", top, "tmpfs", 0, "")) != EPERM ||
        refused_call(mknodat(outside, "fifo", S_IFIFO | 0600, 0)) != EPERM ||
        refused_call(truncate("/dev/null", 0)) != EPERM)
        return 6;
    if (prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) != 1 || has_cap(CAP_CHOWN) ||
        has_cap(CAP_SETUID) || has_cap(CAP_SYS_PTRACE) ||
        (root() && !has_cap(CAP_DAC_READ_SEARCH)))
        return 7;
    if (!landlock)
        return 0;
    if (try_open(outside, "secret", O_WRONLY) != EACCES ||
        try_open(outside, "secret", O_RDWR) != EACCES ||
        try_open(outside, "new", O_WRONLY | O_CREAT) != EACCES ||
        try_open(outside, ".", O_TMPFILE | O_WRONLY) != EACCES ||
        try_open(-1, "/dev/null", O_WRONLY) != EACCES)
        return 8;
    if (refused_call(mkdirat(outside, "d", 0777)) != EACCES ||
        refused_call(symlinkat("x", outside, "l")) != EACCES ||
        refused_call(unlinkat(outside, "secret", 0)) != EACCES ||
        refused_call(renameat(outside, "secret", outside, "other")) != EACCES)
        return 9;
    return linkat(outside, "secret", share, "secret", 0) &&
                   renameat(outside, "secret", share, "secret") &&
                   renameat(share, "state", outside, "state")
               ? 0
               : 10;
}

/* Beside the share, where links are not asked for. */
static int beside(void)
{
    const struct zc_tree_access trees[] = {{share, ZC_ACCESS_WRITE},
                                           {outside, ZC_ACCESS_READ}};
    if (zc_sandbox_enter(trees, 2, NULL))
        return 1;
    if (!landlock)
        return 0;
    if (try_open(outside, "secret", O_RDONLY))
        return 2;
    if (try_open(outside, "secret", O_WRONLY) != EACCES)
        return 3;
    return linkat(outside, "secret", share, "a/linked2", 0) ? 0 : 4;
}

static int unprivileged(void)
{
    if (root() && (setgid(65534) || setuid(65534)))
        return 1;
    struct zc_err err = {0};
    if (enter(ZC_ACCESS_WRITE, &err)) {
        diag("%s", err.text);
        return 2;
    }
    if (try_open(share, "by-nobody", O_CREAT | O_WRONLY))
        return 3;
    if (landlock && try_open(outside, "secret", O_RDONLY) != EACCES)
        return 4;
    if (!getpwnam("root"))
        return 5;
    return refused_socket(AF_INET, SOCK_STREAM) == EPERM ? 0 : 6;
}

static int twice(void)
{
    if (enter(ZC_ACCESS_WRITE, NULL) ||
        enter(ZC_ACCESS_WRITE, NULL))
        return 1;
    return try_open(share, "old", O_RDONLY) ? 2 : 0;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED 1 /* it is let do more */
#elif defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer) || \
    __has_feature(memory_sanitizer)
#define SANITIZED 1
#endif
#endif
#ifndef SANITIZED
#define SANITIZED 0
#endif

/* What is out of reach for whoever is isolated: 0, or what is not. */
static int out_of_reach(int kept)
{
    if (prctl(PR_GET_DUMPABLE) > 0)
        return 6;
    for (unsigned cap = 0; cap < 64 && SANITIZED; cap++)
        if (has_cap(cap))
            return 7;
    if (refused_socket(AF_INET, SOCK_STREAM) != EPERM)
        return 8;
    if (landlock) {
        if (try_open(share, "old", O_RDONLY) == 0)
            return 9;
        if (try_open(AT_FDCWD, "/etc/passwd", O_RDONLY) == 0)
            return 10;
        if (try_open(AT_FDCWD, "/proc/self/status", O_RDONLY) == 0)
            return 11;
    }
    if (SANITIZED)
        return 0;
    if (try_open(share, ".", O_PATH) != EPERM)
        return 12;
    if (refused_socket(AF_UNIX, SOCK_STREAM) != EPERM)
        return 13;
    if (kill(getppid(), 0) == 0 || errno != EPERM)
        return 14;
    if (syscall(SYS_fork) != -1 || errno != EPERM)
        return 15;
    if (dup(kept) >= 0 || unlinkat(share, "old", 0) == 0)
        return 16;
    return 0;
}

/* What a process that shakes hands can still reach. */
static int isolated_checks(void)
{
    int p[2], kept = open("/dev/null", O_RDWR | O_CLOEXEC);
    char c = 'c';
    if (pipe(p) || zc_sandbox_isolate(NULL))
        return 1;
    /* What it has it can use. */
    if (write(p[1], &c, 1) != 1 || read(p[0], &c, 1) != 1)
        return 2;
    if (write(kept, &c, 1) != 1)
        return 3;
    if (syscall(SYS_getrandom, &c, 1, 0) != 1)
        return 4;
    void *m = malloc(1 << 20);
    if (!m)
        return 5;
    free(m);
    return out_of_reach(kept);
}

static int isolated(void)
{
    _exit(isolated_checks()); /* at exit, the leak check would not work */
}

/* What one that goes on accepting connections can: that. */
static int server_checks(void)
{
    struct sockaddr_un at = {.sun_family = AF_UNIX};
    socklen_t n = sizeof at;
    char c = 'c';
    int listens = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int client = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int kept = open("/dev/null", O_RDWR | O_CLOEXEC);
    struct sockaddr *any = (struct sockaddr *)&at;
    /* Linux gives it a name of its own. */
    if (bind(listens, any, sizeof at.sun_family) || listen(listens, 4) ||
        getsockname(listens, any, &n) || connect(client, any, n) ||
        zc_sandbox_isolate_server(NULL))
        return 1;
    int fd = accept4(listens, NULL, NULL, SOCK_CLOEXEC);
    if (fd < 0 || send(fd, &c, 1, 0) != 1 || recv(client, &c, 1, 0) != 1)
        return 2;
    if (listen(fd, 1) == 0 || connect(client, any, n) == 0)
        return 3;
    return out_of_reach(kept);
}

/* What one that is passed descriptors can: that as well. */
static int merger_checks(void)
{
    int pair[2], fd;
    char c = 'm';
    int kept = open("/dev/null", O_RDWR | O_CLOEXEC);
    if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair) ||
        zc_passfd_send(pair[0], &c, 1, kept) != 1 ||
        zc_sandbox_isolate_merger(NULL))
        return 1;
    if (zc_passfd_recv(pair[1], &c, 1, &fd) != 1 || fd < 0 || c != 'm')
        return 2;
    return out_of_reach(kept);
}

static int merger(void)
{
    _exit(merger_checks());
}

static int server(void)
{
    _exit(server_checks());
}

static int in_child(int (*fn)(void))
{
    int status = -1;
    fflush(NULL);
    pid_t pid = fork();
    if (pid == 0)
        exit(fn()); /* and not _exit: the leak check must work in there */
    waitpid(pid, &status, 0);
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int main(void)
{
    prepare();
    is_int(in_child(read_only), 0, "a read-only share can only be read");
    is_int(in_child(linked), 0, "what may be linked to cannot be changed");
    is_int(in_child(beside), 0, "what is read beside the share, neither");
    is_int(in_child(unprivileged), 0, "an ordinary user is confined as well");
    is_int(in_child(twice), 0, "entering twice does no harm");
    is_int(in_child(sends), 0, "who only sends changes nothing");
    is_int(in_child(isolated), 0, "for a handshake there is nothing in reach");
    is_int(in_child(server), 0, "for the status page neither");
    is_int(in_child(merger), 0, "nor for who merges channels");
    int r = in_child(confined); /* goes on with the numbers, prints the plan */
    clean_up();
    return r;
}
