// SPDX-License-Identifier: GPL-2.0-or-later
/* src/fs/staging.c: the folder comes and goes, whoever else works there. */
#include "tap.h"

#include "base/relpath.h"
#include "base/util.h"
#include "fs/acl.h"
#include "fs/staging.h"
#include "scratch.h"

#include <dirent.h>
#include <pthread.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/xattr.h>

static int top;
static const struct zc_partial_limits usual;

static bool there(const char *path)
{
    return faccessat(top, path, F_OK, AT_SYMLINK_NOFOLLOW) == 0;
}

/* The number of entries of .zcsync, -1 when there is none. */
static int sessions(void)
{
    int n = 0;
    DIR *d = opendir(ZC_STAGING_NAME);
    if (!d)
        return -1;
    while (readdir(d))
        n++;
    closedir(d);
    return n - 2;
}

static void test_life(void)
{
    char a[ZC_STAGING_NAME_SIZE], b[ZC_STAGING_NAME_SIZE];
    struct stat before, after, st;
    fstat(top, &before);
    struct zc_staging *s = zc_staging_new(top);
    ok(s != NULL, "a staging folder");
    ok(!zc_staging_used(s) && !there(ZC_STAGING_NAME), "is not made at once");
    zc_staging_free(s);
    zc_staging_free(NULL);
    fstat(top, &after);
    ok(before.st_mtim.tv_sec == after.st_mtim.tv_sec &&
           before.st_mtim.tv_nsec == after.st_mtim.tv_nsec,
       "and changes nothing when not used");

    s = zc_staging_new(top);
    int fd = zc_staging_fd(s);
    ok(fd >= 0 && zc_staging_used(s), "it is made when needed");
    is_int(zc_staging_fd(s), fd, "once");
    ok(fcntl(fd, F_GETFD) & FD_CLOEXEC, "its fd closes on exec");
    is_int(sessions(), 1, "in .zcsync");
    ok(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700, "for us only");
    ok(fstatat(top, ZC_STAGING_NAME, &st, 0) == 0 &&
           (st.st_mode & 07777) == 0700,
       "as is .zcsync");
    zc_staging_name(s, a);
    zc_staging_name(s, b);
    ok(strcmp(a, b) && zc_name_ok(a, strlen(a)), "names in it differ");
    write_file(fd, a, "x");
    mkdirat(fd, b, 0700);
    mkdirat(fd, "d", 0);

    struct zc_staging *other = zc_staging_new(top);
    int fd2 = zc_staging_fd(other);
    ok(fd2 >= 0 && sessions() == 2, "another session has its own");
    is_int(zc_staging_clean(top, &usual), 0, "cleaning leaves both alone");
    ok(faccessat(fd, a, F_OK, 0) == 0 && sessions() == 2, "with their files");
    zc_staging_free(other);
    is_int(sessions(), 1, "it goes when it is done");
    zc_staging_free(s);
    ok(!there(ZC_STAGING_NAME), "the last one takes .zcsync along");
}

static int die_with_litter(void *arg)
{
    (void)arg;
    struct zc_staging *s = zc_staging_new(top);
    int fd = zc_staging_fd(s);
    write_file(fd, "1", "half a file");
    mkdirat(fd, "2", 0700);
    mkdirat(fd, "2/sub", 0);
    symlinkat("../../precious", fd, "3");
    symlinkat("/", fd, "2/root");
    return fd < 0;
}

static void test_clean(void)
{
    write_file(top, "precious", "x");
    is_int(zc_staging_clean(top, &usual), 0, "nothing to clean");
    for (int i = 0; i < 3; i++)
        is_int(in_child(die_with_litter, NULL), 0, "a session dies");
    is_int(sessions(), 3, "three dead sessions");
    is_int(zc_staging_clean(top, &usual), 3, "are cleaned up");
    ok(!there(ZC_STAGING_NAME), "with .zcsync");
    ok(there("precious"), "and nothing else");

    struct zc_staging *s = zc_staging_new(top);
    zc_staging_fd(s);
    in_child(die_with_litter, NULL);
    is_int(zc_staging_clean(top, &usual), 1, "only the dead one of two");
    is_int(sessions(), 1, "goes");
    write_file(top, ".zcsync/note", "not a session");
    zc_staging_free(s);
    is_int(zc_staging_clean(top, &usual), 0, "what is no session");
    ok(there(".zcsync/note"), "is left alone");
    unlinkat(top, ".zcsync/note", 0);
    is_int(zc_staging_clean(top, &usual), 0, "an empty .zcsync");
    ok(!there(ZC_STAGING_NAME), "goes");
}

/* A fork of a process that holds a session must not free it from its lock. */
static void test_fork(void)
{
    int pipefd[2];
    char c;
    if (pipe(pipefd))
        return;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        struct zc_staging *s = zc_staging_new(top);
        zc_staging_fd(s);
        if (write(pipefd[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    ok(read(pipefd[0], &c, 1) == 1, "another process has a session");
    is_int(zc_staging_clean(top, &usual), 0, "it is alive");
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    is_int(zc_staging_clean(top, &usual), 1, "after kill -9 it is not");
    close(pipefd[0]);
    close(pipefd[1]);
}

static void test_not_ours(void)
{
    mkdirat(top, "elsewhere", 0755);
    write_file(top, "elsewhere/f", "x");
    symlinkat("elsewhere", top, ZC_STAGING_NAME);
    struct zc_staging *s = zc_staging_new(top);
    ok(zc_staging_fd(s) == -1 && (errno == ELOOP || errno == ENOTDIR),
       "a symlink .zcsync is refused");
    ok(zc_staging_clean(top, &usual) == -1 && (errno == ELOOP || errno == ENOTDIR),
       "nor is it cleaned");
    ok(!zc_staging_used(s) && there("elsewhere/f"), "nothing happened");
    unlinkat(top, ZC_STAGING_NAME, 0);
    write_file(top, ZC_STAGING_NAME, "a file of the user's");
    ok(zc_staging_fd(s) == -1 && errno == ENOTDIR, "so is a file");
    zc_staging_free(s);
    ok(there(ZC_STAGING_NAME), "it stays");
    unlinkat(top, ZC_STAGING_NAME, 0);

    s = zc_staging_new(top);
    mkdirat(top, ZC_STAGING_NAME, 0700);
    ok(zc_staging_fd(s) >= 0, "an empty one is used, the next time too");
    zc_staging_free(s);
    ok(!there(ZC_STAGING_NAME), "and goes");
}

/* Of another user, whatever its mode, and with one of his folders in it that
 * looks like a dead session. */
static void test_owned_by_another(void)
{
    struct zc_err err;
    struct stat st;
    if (geteuid()) {
        skip(7, "needs root");
        return;
    }
    for (mode_t mode = 0777; mode >= 0700; mode -= 0077) {
        mkdirat(top, ZC_STAGING_NAME, 0700);
        fchmodat(top, ZC_STAGING_NAME, mode, 0);
        mkdirat(top, ZC_STAGING_NAME "/0123456789abcdef0123456789abcdef", 0700);
        if (fchownat(top, ZC_STAGING_NAME, 4321, 4321, 0))
            diag("chown: %s", strerror(errno));
        struct zc_staging *s = zc_staging_new(top);
        ok(zc_staging_fd(s) == -1 && errno == EPERM,
           "a folder of another user is refused, mode %o", mode);
        ok(zc_staging_clean(top, &usual) == ZC_STAGING_REFUSED && errno == EPERM,
           "nor is anything cleaned there");
        ok(fstatat(top, ZC_STAGING_NAME, &st, 0) == 0 && st.st_uid == 4321 &&
               (st.st_mode & 07777) == mode && sessions() == 1,
           "it stays as it was");
        zc_staging_free(s);
        zc_staging_explain(top, EPERM, &err);
        unlinkat(top, ZC_STAGING_NAME "/0123456789abcdef0123456789abcdef",
                 AT_REMOVEDIR);
        unlinkat(top, ZC_STAGING_NAME, AT_REMOVEDIR);
    }
    ok(strstr(err.text, "user 4321") != NULL, "the sentence names him");
}

/* Its mode was opened up, by whoever it was: nobody gets in any more. */
static void test_ours_but_open(void)
{
    struct stat st;
    mkdirat(top, ZC_STAGING_NAME, 0700);
    fchmodat(top, ZC_STAGING_NAME, 02777, 0);
    struct zc_staging *s = zc_staging_new(top);
    ok(zc_staging_fd(s) >= 0 &&
           fstatat(top, ZC_STAGING_NAME, &st, 0) == 0 &&
           (st.st_mode & 07777) == 0700,
       "one of ours that all may use is for us only from then on");
    zc_staging_free(s);
}

static void test_locked(void)
{
    int ready[2];
    char c, want[40];
    struct zc_err err;
    mkdirat(top, ZC_STAGING_NAME, 0700);
    if (pipe(ready))
        return;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        int fd = openat(top, ZC_STAGING_NAME, O_RDONLY | O_DIRECTORY);
        if (flock(fd, LOCK_EX) || write(ready[1], "x", 1) != 1)
            _exit(1);
        pause();
    }
    ok(read(ready[0], &c, 1) == 1, "somebody locks .zcsync for good");
    struct zc_staging *s = zc_staging_new(top);
    ok(zc_staging_fd(s) == -1 && errno == EBUSY, "it is not waited for for ever");
    ok(zc_staging_fd(s) == -1 && errno == EBUSY, "nor for each file");
    zc_staging_free(s);
    zc_staging_explain(top, EBUSY, &err);
    snprintf(want, sizeof want, "process %d ", (int)pid);
    ok(strstr(err.text, want) != NULL, "the sentence names the process: %s",
       err.text);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    s = zc_staging_new(top);
    ok(zc_staging_fd(s) >= 0, "once it is gone all is well");
    zc_staging_free(s);
    close(ready[0]);
    close(ready[1]);
}

static void test_inherited(void)
{
    static const uint8_t acl[] = {
        2, 0, 0, 0,                               /* version */
        1, 0, 7, 0, 255, 255, 255, 255,           /* user::rwx */
        2, 0, 7, 0, 57, 48, 0, 0,                 /* user:12345:rwx */
        4, 0, 7, 0, 255, 255, 255, 255,           /* group::rwx */
        0x10, 0, 7, 0, 255, 255, 255, 255,        /* mask::rwx */
        0x20, 0, 7, 0, 255, 255, 255, 255,        /* other::rwx */
    };
    struct stat st;
    char value[256];
    mkdirat(top, "share", 0777);
    zc_auto_close int share = openat(top, "share", O_RDONLY);
    fchmod(share, 02777);
    if (fsetxattr(share, ZC_ACL_DEFAULT, acl, sizeof acl, 0)) {
        skip(3, "no ACLs here: %s", strerror(errno));
        return;
    }
    struct zc_staging *s = zc_staging_new(share);
    int fd = zc_staging_fd(s);
    ok(fstat(fd, &st) == 0 && (st.st_mode & 07777) == 0700,
       "below a setgid directory with a default ACL it is 0700");
    ok(fgetxattr(fd, ZC_ACL_DEFAULT, value, sizeof value) < 0 &&
           fgetxattr(fd, ZC_ACL_ACCESS, value, sizeof value) < 0,
       "and has no ACL");
    write_file(fd, "f", "x");
    ok(fstatat(fd, "f", &st, 0) == 0 && (st.st_mode & 07777) == 0600,
       "nor have files in it");
    zc_staging_free(s);
}

static void *use(void *arg)
{
    return (void *)(intptr_t)zc_staging_fd(arg);
}

static void test_threads(void)
{
    pthread_t t[8];
    struct zc_staging *s = zc_staging_new(top);
    int same = 0;
    void *fd;
    for (int i = 0; i < 8; i++)
        pthread_create(&t[i], NULL, use, s);
    for (int i = 0; i < 8; i++) {
        pthread_join(t[i], &fd);
        same += (intptr_t)fd == zc_staging_fd(s);
    }
    is_int(same, 8, "eight threads get the same folder");
    is_int(sessions(), 1, "and only one was made");
    zc_staging_free(s);
}

/* Sessions come, die and go in several processes, which all clean up. */
static int crowd_child(void *arg)
{
    unsigned seed = *(unsigned *)arg;
    for (int i = 0; i < 300; i++) {
        struct zc_staging *s = zc_staging_new(top);
        int fd = zc_staging_fd(s);
        if (fd < 0) {
            diag("staging: %s", strerror(errno));
            return 1;
        }
        write_file(fd, "mine", "x");
        if (rand_r(&seed) % 2 && zc_staging_clean(top, &usual) < 0) {
            diag("clean: %s", strerror(errno));
            return 2;
        }
        if (faccessat(fd, "mine", F_OK, 0))
            return 3; /* somebody took it from under us */
        if (rand_r(&seed) % 16 == 0)
            _exit(0); /* dies with it */
        zc_staging_free(s);
    }
    return 0;
}

static void test_crowd(void)
{
    int bad = 0;
    fflush(stdout);
    for (int round = 0; round < 20; round++) {
        for (unsigned i = 0; i < 4; i++) {
            unsigned seed = (unsigned)round * 4 + i;
            if (fork() == 0)
                _exit(crowd_child(&seed));
        }
        int status;
        while (wait(&status) > 0)
            bad += status != 0;
    }
    is_int(bad, 0, "many sessions at once do not disturb each other");
    ok(zc_staging_clean(top, &usual) >= 0 && !there(ZC_STAGING_NAME),
       "and leave nothing");
}

static int readonly_child(void *arg)
{
    (void)arg;
    become_nobody();
    struct zc_staging *s = zc_staging_new(top);
    int r = zc_staging_fd(s) == -1 ? errno : 0;
    zc_staging_free(s);
    return r;
}

int main(void)
{
    top = scratch();
    test_life();
    test_clean();
    test_fork();
    test_not_ours();
    test_owned_by_another();
    test_ours_but_open();
    test_locked();
    test_inherited();
    test_threads();
    test_crowd();
    if (geteuid() == 0)
        is_int(in_child(readonly_child, NULL), EACCES,
               "no right to make it: the reason is told");
    else
        skip(1, "needs root");
    close(top);
    return done_testing();
}
