// SPDX-License-Identifier: GPL-2.0-or-later
/* Which symlinks are followed, or left out; see links.h. */
#include "sender/links.h"

#include "base/relpath.h"
#include "fs/fake.h"
#include "fs/rootdir.h"
#include "tree/places.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

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

/* PATH without "." and ".."; false: it leaves where it begins. */
static bool flatten(char *path)
{
    char *out = path, *rest = path, *part;
    while ((part = strsep(&rest, "/"))) {
        size_t n = strlen(part);
        if (!n || !strcmp(part, "."))
            continue;
        if (!strcmp(part, "..")) {
            if (out == path)
                return false;
            do
                out--;
            while (out > path && *out != '/');
            continue;
        }
        if (out > path)
            *out++ = '/';
        memmove(out, part, n);
        out += n;
    }
    *out = '\0';
    return true;
}

/* The symlink NAME says that it leads to a place, or below. Through others it may
 * do so without saying it. */
static bool leads_to_place(const struct zc_sender *s, struct zc_dirnode *node,
                           int dirfd, const char *name)
{
    size_t n;
    if (!s->opt->one_file_system || !s->places || !s->places->n)
        return false;
    zc_auto_free char *target = zc_symlink_read(dirfd, name, &n);
    struct zc_buf buf = ZC_BUF_INIT;
    const char *dir = zc_dirnode_path_of(node, "", 0, &buf);
    zc_auto_free char *path = dir && target && *target != '/'
                                  ? zc_relpath_join(dir, target)
                                  : NULL;
    zc_buf_fini(&buf);
    if (!path || !flatten(path))
        return false;
    const struct zc_place *place = zc_places_over(s->places, path);
    return place && place->state == ZC_PLACE_LEFT_OUT;
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
        leads_to_place(s, node, dirfd, name))
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
