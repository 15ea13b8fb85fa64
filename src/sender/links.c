// SPDX-License-Identifier: GPL-2.0-or-later
/* Which symlinks are followed, or left out; see links.h. */
#include "sender/links.h"

#include "base/relpath.h"
#include "fs/fake.h"
#include "fs/procfd.h"
#include "fs/rootdir.h"
#include "fs/staging.h"
#include "tree/places.h"

#include <fcntl.h>
#include <linux/limits.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define LINKS_MAX 40 /* one behind the other, as the kernel has it */
#define FOLLOW                                                               \
    (ZC_WALK_COPY_LINKS | ZC_WALK_COPY_UNSAFE | ZC_WALK_COPY_DIRLINKS)

bool zc_slinks_follow(const struct zc_sender *s)
{
    return s->opt->walk & FOLLOW;
}

bool zc_slinks_matter(const struct zc_sender *s)
{
    return s->opt->walk & (FOLLOW | ZC_WALK_SAFE_LINKS);
}

/* The path of FD, without the slash of "/". False: nobody can tell. */
static bool path_of(int fd, char path[PATH_MAX])
{
    char link[ZC_PROCFD_PATH];
    ssize_t n = readlink(zc_procfd_path(link, fd), path, PATH_MAX);
    if (n <= 0 || n == PATH_MAX)
        return false;
    path[path[n - 1] == '/' ? n - 1 : n] = '\0';
    return true;
}

/* FD, which a symlink below ROOT leads to, is in a staging folder: partials and the
 * trash are nobody else's. */
static bool is_reserved(int root, int fd)
{
    char top[PATH_MAX], path[PATH_MAX];
    if (!path_of(root, top) || !path_of(fd, path))
        return true;
    size_t n = strlen(top);
    return !strncmp(top, path, n) && path[n] == '/' &&
           zc_staging_on_path(root, path + n + 1);
}

bool zc_slinks_mounted(const struct zc_sender *s, struct zc_dirnode *node,
                       int dirfd, const char *name)
{
    struct zc_stat st;
    return s->opt->one_file_system && zc_slinks_follow(s) &&
           zc_dirnode_is_behind(node) &&
           zc_stat_mounted(dirfd, name, &st) > 0 && S_ISDIR(st.mode);
}

int zc_slinks_open(struct zc_sender *s, struct zc_dirnode *node, int dirfd,
                   const char *name, int flags)
{
    if (!s->source.confined)
        return zc_link_open(dirfd, name, false, flags);
    struct zc_buf buf = ZC_BUF_INIT;
    struct zc_dirnode *root = zc_dirtree_root(s->tree);
    const char *path = zc_dirnode_path_of(node, name, strlen(name), &buf);
    int fd = -1, rootfd = path ? zc_dirnode_pin(s->tree, root) : -1;
    if (rootfd >= 0) {
        fd = zc_link_open(rootfd, path, true, flags);
        if (fd >= 0 && is_reserved(rootfd, fd)) {
            zc_close(&fd);
            errno = EXDEV;
        }
        int eno = errno;
        zc_dirnode_unpin(s->tree, root);
        errno = eno;
    } else if (!path) {
        errno = ENOMEM;
    }
    int eno = errno;
    zc_buf_fini(&buf);
    errno = eno;
    return fd;
}

/* ST becomes what NAME leads to. -1 and errno. */
static int follow(struct zc_sender *s, struct zc_dirnode *node, int dirfd,
                  const char *name, struct zc_stat *st, int *fd)
{
    do
        *fd = zc_slinks_open(s, node, dirfd, name, O_PATH);
    while (*fd < 0 && zc_dirtree_give_back(s->tree));
    if (*fd < 0)
        return -1;
    if (!zc_stat_at(*fd, "", st))
        return 0;
    int eno = errno;
    zc_close(fd);
    errno = eno;
    return -1;
}

static bool is_unsafe(unsigned keep, struct zc_dirnode *node, int dirfd,
                      const char *name)
{
    size_t n, depth = 0;
    zc_auto_free char *target = zc_symlink_kept(keep, dirfd, name, &n);
    for (; zc_dirnode_parent(node); node = zc_dirnode_parent(node))
        depth++;
    return !target || !zc_target_stays(target, depth);
}

/* The absolute path TARGET, as seen from the source's root: on the heap. NULL: it
 * leads elsewhere. A confined sender follows none. */
static char *below_root(struct zc_sender *s, const char *target)
{
    char link[ZC_PROCFD_PATH], root[PATH_MAX];
    if (s->source.confined)
        return NULL;
    int fd = zc_dirnode_pin(s->tree, zc_dirtree_root(s->tree));
    ssize_t n = fd < 0 ? -1
                       : readlink(zc_procfd_path(link, fd), root, sizeof root);
    if (fd >= 0)
        zc_dirnode_unpin(s->tree, zc_dirtree_root(s->tree));
    if (n <= 0 || n == sizeof root)
        return NULL;
    size_t len = root[n - 1] == '/' ? 0 : (size_t)n;
    zc_auto_free char *path = strdup(target + 1);
    return path && zc_relpath_flatten(path) &&
                   !strncmp(path, root + 1, len ? len - 1 : 0) &&
                   (!len || path[len - 1] == '/')
               ? strdup(path + len)
               : NULL;
}

/* A path that is looked at name by name: symlinks on it are read, and not
 * followed. */
struct way {
    struct zc_sender *s;
    int rootfd;
    char *done; /* what is known to be no symlink, as seen from the root */
    char *rest;
    unsigned links;
};

/* W goes on with PATH, and then with what it had left. */
static bool go_on_with(struct way *w, const char *path)
{
    char *rest = zc_relpath_join(path, w->rest);
    free(w->rest);
    w->rest = rest;
    return rest;
}

/* The last name of what is done is taken back. False: there is none. */
static bool take_back(struct way *w)
{
    char *slash = strrchr(w->done, '/');
    if (!*w->done)
        return false;
    *(slash ? slash : w->done) = '\0';
    return true;
}

/* What is done ends with a symlink, perhaps. False: it leads elsewhere. */
static bool replace_link(struct way *w)
{
    char target[PATH_MAX];
    zc_auto_close int fd = zc_root_find_any(w->rootfd, w->done);
    ssize_t n = fd < 0 ? -1 : readlinkat(fd, "", target, sizeof target);
    if (n <= 0 || n == sizeof target)
        return true;
    target[n] = '\0';
    if (++w->links > LINKS_MAX)
        return false;
    if (*target != '/')
        return take_back(w) && go_on_with(w, target);
    zc_auto_free char *path = below_root(w->s, target);
    *w->done = '\0';
    return path && go_on_with(w, path);
}

/* One name more. False: that was all, or it leads elsewhere. */
static bool step(struct way *w)
{
    size_t n = strcspn(w->rest, "/");
    zc_auto_free char *name = strndup(w->rest, n);
    if (!name || (!n && !w->rest[n]))
        return false;
    memmove(w->rest, w->rest + n + (w->rest[n] == '/'),
            strlen(w->rest + n + (w->rest[n] == '/')) + 1);
    if (!n || !strcmp(name, "."))
        return true;
    if (!strcmp(name, ".."))
        return take_back(w);
    char *done = zc_relpath_join(w->done, name);
    free(w->done);
    w->done = done;
    return done;
}

static bool is_place(const struct way *w)
{
    const struct zc_place *place =
        w->done ? zc_places_over(w->s->places, w->done) : NULL;
    return place && place->state == ZC_PLACE_LEFT_OUT;
}

/* The symlink NAME leads to a place, or below, also through others. */
static bool leads_to_place(struct zc_sender *s, struct zc_dirnode *node,
                           const char *name)
{
    struct zc_dirnode *root = zc_dirtree_root(s->tree);
    struct zc_buf buf = ZC_BUF_INIT;
    struct way w = {.s = s, .rootfd = -1};
    bool leads = false;
    if (!s->opt->one_file_system || !s->places || !s->places->n)
        return false;
    const char *path = zc_dirnode_path_of(node, name, strlen(name), &buf);
    w.done = strdup("");
    w.rest = path ? strdup(path) : NULL;
    w.rootfd = zc_dirnode_pin(s->tree, root);
    if (w.done && w.rest && w.rootfd >= 0)
        while (step(&w) && !(leads = is_place(&w)) && replace_link(&w))
            ;
    if (w.rootfd >= 0)
        zc_dirnode_unpin(s->tree, root);
    free(w.done);
    free(w.rest);
    zc_buf_fini(&buf);
    return leads;
}

enum zc_slink zc_slinks_look(struct zc_sender *s, struct zc_dirnode *node,
                             int dirfd, const char *name, struct zc_stat *st,
                             int *fd)
{
    unsigned walk = s->opt->walk;
    struct zc_stat there;
    *fd = -1;
    if (!S_ISLNK(st->mode))
        return ZC_SLINK_KEPT;
    bool unsafe = !(walk & ZC_WALK_COPY_LINKS) &&
                  walk & (ZC_WALK_COPY_UNSAFE | ZC_WALK_SAFE_LINKS) &&
                  is_unsafe(s->opt->keep, node, dirfd, name);
    bool all = walk & ZC_WALK_COPY_LINKS ||
               (unsafe && walk & ZC_WALK_COPY_UNSAFE);
    if ((all || walk & ZC_WALK_COPY_DIRLINKS) &&
        leads_to_place(s, node, name))
        return ZC_SLINK_LEFT;
    if (all)
        return follow(s, node, dirfd, name, st, fd) ? ZC_SLINK_FAILED
                                                    : ZC_SLINK_FOLLOWED;
    if (walk & ZC_WALK_COPY_DIRLINKS &&
        !follow(s, node, dirfd, name, &there, fd)) {
        if (S_ISDIR(there.mode)) {
            *st = there;
            return ZC_SLINK_FOLLOWED;
        }
        zc_close(fd);
    }
    return unsafe ? ZC_SLINK_LEFT : ZC_SLINK_KEPT;
}
