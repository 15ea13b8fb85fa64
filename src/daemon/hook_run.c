// SPDX-License-Identifier: GPL-2.0-or-later
/* A command of `on change` as a process; see hook_run.h. */
#include "daemon/hook_run.h"

#include "base/io.h"
#include "base/log.h"
#include "daemon/process.h"

#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>

/* What a shell says of a command that cannot be run. */
#define NOT_RUN 127

static int by_text(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

/* The paths in order, each once. Where memory is short they stay as they are.
 */
static void sort_paths(struct zc_buf *b)
{
    size_t n = 0, i = 0;
    struct zc_buf out = ZC_BUF_INIT;
    for (size_t at = 0; at < b->len; at++)
        n += !b->data[at];
    zc_auto_free const char **v = n > 1 ? calloc(n, sizeof *v) : NULL;
    if (!v)
        return;
    for (const char *p = (const char *)b->data; i < n; p += strlen(p) + 1)
        v[i++] = p;
    qsort(v, n, sizeof *v, by_text);
    for (i = 0; i < n; i++)
        if (!i || strcmp(v[i - 1], v[i]) != 0)
            zc_buf_put(&out, v[i], strlen(v[i]) + 1);
    if (out.failed) {
        zc_buf_fini(&out);
        return;
    }
    zc_buf_fini(b);
    *b = out;
}

/* The file of changes, for the command's user alone. */
static int write_file(const struct zc_hook_run *h, const struct passwd *user,
                      struct zc_err *err)
{
    (void)unlink(h->file); /* of one that was killed */
    zc_auto_close int fd = open(h->file,
                                O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC |
                                    O_NOFOLLOW, 0600);
    if (fd < 0 || fchmod(fd, 0600) ||
        (user && fchown(fd, user->pw_uid, user->pw_gid)) ||
        (!h->all && zc_io_write(fd, h->changes->data, h->changes->len)))
        return zc_err_set(err, ZC_EXIT_FILEIO, errno, "cannot write %s",
                          h->file);
    return 0;
}

static void set_environment(const struct zc_hook_run *h,
                            const struct passwd *user)
{
    static const char *const ours[] = {"NOTIFY_SOCKET", "WATCHDOG_PID",
                                       "WATCHDOG_USEC", "LISTEN_FDS",
                                       "LISTEN_PID", "LISTEN_FDNAMES"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(ours); i++)
        (void)unsetenv(ours[i]);
    (void)setenv("ZCSYNC_CHANGES", h->file, 1);
    (void)setenv("ZCSYNC_ALL", h->all ? "1" : "0", 1);
    (void)setenv("ZCSYNC_KIND", h->kind, 1);
    (void)setenv("ZCSYNC_NAME", h->name, 1);
    (void)setenv("ZCSYNC_PATH", h->path, 1);
    if (user) {
        (void)setenv("USER", user->pw_name, 1);
        (void)setenv("LOGNAME", user->pw_name, 1);
        (void)setenv("HOME", user->pw_dir, 1);
    }
}

/* Nothing of what this process may do is left: the kernel sees to that where it
 * is root, but for others ambient capabilities (systemd's AmbientCapabilities)
 * outlive both a change of user and execve(2). */
static int become(const struct passwd *user)
{
    if (user->pw_uid == geteuid() && user->pw_uid == getuid())
        return 0;
    if (prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0) &&
        errno != EINVAL) /* before Linux 4.3 there are none */
        return -1;
    return initgroups(user->pw_name, user->pw_gid) || setgid(user->pw_gid) ||
                   setuid(user->pw_uid)
               ? -1
               : 0;
}

static _Noreturn void child_main(const struct zc_hook_run *h,
                                 const struct passwd *user, pid_t parent)
{
    const zc_words *w = &h->conf->words;
    (void)setpgid(0, 0);
    zc_process_close_others((const int[]){-1}, 1);
    int null = open("/dev/null", O_RDONLY);
    if (null >= 0 && null != STDIN_FILENO) {
        (void)dup2(null, STDIN_FILENO);
        close(null);
    }
    (void)dup2(STDERR_FILENO, STDOUT_FILENO);
    zc_process_set_signal(SIGPIPE, SIG_DFL);
    zc_process_set_signal(SIGHUP, SIG_DFL);
    set_environment(h, user);
    zc_auto_free char **argv = calloc(w->len + 1, sizeof *argv);
    const char *what = w->v[0];
    if (argv) {
        memcpy(argv, w->v, w->len * sizeof *argv);
        if (user && become(user)) {
            what = user->pw_name;
        } else if (chdir("/") == 0) {
            zc_process_die_with(parent, SIGTERM);
            sigprocmask(SIG_SETMASK, h->mask, NULL);
            (void)execvp(argv[0], argv);
        }
    }
    zc_log(ZC_LOG_ERROR, "on change of %s %s: %s: %s", h->kind, h->name, what,
           strerror(errno));
    _exit(NOT_RUN);
}

pid_t zc_hook_run(const struct zc_hook_run *h, struct zc_err *err)
{
    const struct passwd *user = NULL;
    if (h->conf->user) {
        errno = 0;
        user = getpwnam(h->conf->user);
        if (!user)
            return zc_err_set(err, ZC_EXIT_USAGE, errno,
                              "there is no user %.200s", h->conf->user);
    }
    if (!h->all)
        sort_paths(h->changes);
    if (write_file(h, user, err))
        return -1;
    pid_t parent = getpid(), pid = fork();
    if (pid == 0)
        child_main(h, user, parent);
    if (pid < 0)
        zc_err_set(err, ZC_EXIT_START, errno, "cannot start it");
    else
        (void)setpgid(pid, pid); /* whoever is first */
    return pid;
}
