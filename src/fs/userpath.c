// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * A path, one component at a time; see userpath.h. Each is opened without
 * following it; what turns out to be a symlink is read from its own descriptor,
 * after its owner was seen there, so that nothing can be swapped in between.
 */
#include "fs/userpath.h"

#include "base/util.h"
#include "fs/proctext.h"

#include <fcntl.h>
#include <linux/magic.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#define LINKS_MAX 40 /* path_resolution(7) */
#define TARGET_SIZE 4096
#define OVERFLOW_UID 65534 /* the kernel's default; user_namespaces(7) */

struct walk {
    int at;     /* where the rest starts from */
    char *rest; /* on the heap */
    const char *next; /* in it */
    int links;
};

static bool trusted(uid_t owner)
{
    return owner == 0 || owner == geteuid() ||
           (owner == OVERFLOW_UID && zc_proctext_sees_all_users() == 0);
}

/* PATH is where W goes on; an absolute one from the root. */
static int go_on(struct walk *w, char *path)
{
    free(w->rest);
    w->rest = path;
    w->next = path;
    if (*path != '/')
        return 0;
    zc_close(&w->at);
    w->at = open("/", O_PATH | O_DIRECTORY | O_CLOEXEC);
    return w->at < 0 ? -1 : 0;
}

/* The symlink LINK stands for its target, and what comes after it. */
static int follow(struct walk *w, int link, const char *after)
{
    char target[TARGET_SIZE], *path;
    ssize_t n = readlinkat(link, "", target, sizeof target);
    if (n < 0)
        return -1;
    if (n == TARGET_SIZE || ++w->links > LINKS_MAX) {
        errno = n == TARGET_SIZE ? ENAMETOOLONG : ELOOP;
        return -1;
    }
    if (asprintf(&path, "%.*s/%s", (int)n, target, after) < 0) {
        errno = ENOMEM;
        return -1;
    }
    if (!*after) /* no slash at its end that was not there */
        path[n] = '\0';
    return go_on(w, path);
}

static int refuse(struct zc_err *err, const char *path, const char *name,
                  uid_t owner)
{
    zc_err_set(err, ZC_EXIT_SELECT, 0,
               "%s: the symlink %s in it belongs to user %u, and only root's "
               "and one's own are followed there",
               path, name, (unsigned)owner);
    errno = EACCES;
    return -1;
}

/* NAME in W, which could not be opened without following it: 1 when it is a
 * symlink that W goes on behind, 2 when the kernel may follow it. 0: it is
 * none. */
static int try_link(struct walk *w, const char *path, const char *name,
                    const char *after, struct zc_err *err)
{
    struct stat st;
    struct statfs fs;
    zc_auto_close int link = openat(w->at, name,
                                    O_PATH | O_NOFOLLOW | O_CLOEXEC);
    if (link < 0 || fstat(link, &st))
        return -1;
    if (!S_ISLNK(st.st_mode))
        return 0;
    if (!fstatfs(link, &fs) && fs.f_type == PROC_SUPER_MAGIC)
        return 2;
    if (!trusted(st.st_uid))
        return refuse(err, path, name, st.st_uid);
    return follow(w, link, after) ? -1 : 1;
}

/* Opens NAME, the last component or one before it. -2: W goes on elsewhere. */
static int open_one(struct walk *w, const char *path, const char *name,
                    const char *after, int flags, struct zc_err *err)
{
    flags |= O_CLOEXEC | O_NOCTTY;
    int fd = openat(w->at, name, flags | O_NOFOLLOW);
    /* O_PATH alone opens the symlink itself. */
    if (fd >= 0 || (errno != ELOOP && errno != ENOTDIR))
        return fd;
    int eno = errno;
    int kind = try_link(w, path, name, after, err);
    if (kind == 1)
        return -2;
    if (kind == 2)
        return openat(w->at, name, flags);
    if (kind == 0)
        errno = eno;
    return -1;
}

/* One step: the descriptor of the whole path, -1, or -2: there is more. */
static int step(struct walk *w, const char *path, int flags,
                struct zc_err *err)
{
    w->next += strspn(w->next, "/");
    size_t n = strcspn(w->next, "/");
    zc_auto_free char *name = n ? strndup(w->next, n) : strdup(".");
    if (!name) {
        errno = ENOMEM;
        return -1;
    }
    const char *after = w->next + n;
    bool last = !*after;
    after += strspn(after, "/");
    int fd = open_one(w, path, name, after,
                      last ? flags : O_PATH | O_DIRECTORY, err);
    if (last || fd < 0)
        return fd;
    zc_close(&w->at);
    w->at = fd;
    w->next = after;
    return -2;
}

int zc_user_open(const char *path, int flags, struct zc_err *err)
{
    struct walk w = {.at = -1};
    char *copy = strdup(path);
    int fd = -1;
    err->text[0] = '\0';
    if (!copy)
        errno = ENOMEM;
    else if (!*path)
        errno = ENOENT;
    else
        fd = -2;
    w.rest = copy;
    w.next = copy;
    if (fd == -2) {
        w.at = open(*path == '/' ? "/" : ".",
                    O_PATH | O_DIRECTORY | O_CLOEXEC);
        fd = w.at < 0 ? -1 : -2;
    }
    while (fd == -2)
        fd = step(&w, path, flags, err);
    int eno = errno;
    free(w.rest);
    zc_close(&w.at);
    errno = eno;
    return fd;
}
