/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of src/fs share: a directory of their own that goes away at
 * exit, running a part as an ordinary user, and running it as on an older
 * kernel. Include tap.h first.
 */
#ifndef ZC_TESTS_SCRATCH_H
#define ZC_TESTS_SCRATCH_H

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#define NOBODY 65534

static char scratch_path[4096];
static pid_t scratch_owner;

static inline void scratch_remove(void)
{
    char command[2 * sizeof scratch_path + 40];
    if (getpid() != scratch_owner)
        return;
    snprintf(command, sizeof command, "chmod -R u+rwX '%s' && rm -rf '%s'",
             scratch_path, scratch_path);
    if (system(command) != 0)
        diag("could not remove %s", scratch_path);
}

/* Makes the directory and goes there; returns an fd on it. */
static inline int scratch(void)
{
    const char *tmp = getenv("TMPDIR");
    snprintf(scratch_path, sizeof scratch_path, "%s/zcsync-unit-XXXXXX",
             tmp && *tmp ? tmp : "/tmp");
    int fd = -1;
    if (mkdtemp(scratch_path) && chdir(scratch_path) == 0)
        fd = open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        skip_all("cannot make a directory in %s", tmp ? tmp : "/tmp");
    scratch_owner = getpid();
    atexit(scratch_remove);
    chmod(".", 0755);
    return fd;
}

/* For tests that mount: what they mount is seen by them only, and goes with
 * them. Call it first. Without the right to do it mounting fails as well. */
static inline void private_mounts(void)
{
    if (unshare(CLONE_NEWNS) == 0)
        mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL);
}

/* A new directory in it that nothing has been done in; goes there. */
static inline int scratch_below(const char *name)
{
    char path[sizeof scratch_path + 64];
    snprintf(path, sizeof path, "%s/%s%d", scratch_path, name, (int)getpid());
    if (mkdir(path, 0755) || chdir(path))
        diag("cannot make %s: %s", path, strerror(errno));
    return open(".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
}

/* A file NAME in DIRFD with TEXT in it. */
static inline void write_file(int dirfd, const char *name, const char *text)
{
    int fd = openat(dirfd, name, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    if (fd < 0 || write(fd, text, strlen(text)) != (ssize_t)strlen(text))
        diag("could not write %s: %s", name, strerror(errno));
    if (fd >= 0)
        close(fd);
}

/* What BODY returns in a child; 100 and up: it did not return. */
static inline int in_child(int (*body)(void *), void *arg)
{
    int status;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(body(arg));
    if (pid < 0 || waitpid(pid, &status, 0) < 0)
        return 100;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 100 + WTERMSIG(status);
}

/* For use in a child: becomes an ordinary user. The tests do not need it where
 * they run as one. */
static inline void become_nobody(void)
{
    if (geteuid() == 0 &&
        (setgroups(0, NULL) || setresgid(NOBODY, NOBODY, NOBODY) ||
         setresuid(NOBODY, NOBODY, NOBODY)))
        _exit(99);
}

/* For use in a child: fchmodat2, the *xattrat family and all later system calls
 * are not there. False where that cannot be arranged. */
static inline bool become_old_kernel(void)
{
    struct sock_filter code[] = {
        BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
        BPF_JUMP(BPF_JMP | BPF_JGE | BPF_K, 452, 0, 1),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
        BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
    };
    struct sock_fprog program = {sizeof code / sizeof *code, code};
    return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
           prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program) == 0;
}

/* Runs all of a test program, BODY, once more without the newer system calls,
 * as one test. */
static inline int old_kernel_body(void *body)
{
    if (!become_old_kernel())
        return 98;
    if (!freopen("/dev/null", "w", stdout))
        return 97;
    (*(void (**)(void))body)();
    return done_testing();
}

static inline void also_on_old_kernel(void (*body)(void))
{
    int r = in_child(old_kernel_body, &body);
    if (r == 98)
        skip(1, "no seccomp filters here");
    else
        is_int(r, 0, "all of this without the newest system calls");
}

#endif
