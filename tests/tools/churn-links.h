/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What churn does to names of inodes that have several, and to what is neither
 * file nor directory: such things look alike, so that only their inodes tell.
 */
#ifndef CHURN_LINKS_H
#define CHURN_LINKS_H

#include "churn.h"

#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

/* A random entry that is no directory. */
static inline bool pick_thing(struct churn *c, char *path)
{
    struct stat st;
    return pick(c, DT_UNKNOWN, path) && lstat(path, &st) == 0 &&
           !S_ISDIR(st.st_mode);
}

static inline void op_link(struct churn *c)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!pick_thing(c, from))
        return;
    pick_new(c, to);
    maybe(link(from, to), "link", to);
}

/* A link that replaces something, as by ln -f. */
static inline void op_link_over(struct churn *c)
{
    char from[PATH_MAX], to[PATH_MAX], tmp[PATH_MAX];
    if (!pick_thing(c, from) || !pick_thing(c, to))
        return;
    tmp_name(c, to, tmp);
    maybe(link(from, tmp), "link", tmp);
    maybe(rename(tmp, to), "rename", tmp);
    unlink(tmp); /* both were names of one inode: nothing was done */
}

static inline void op_unlink_any(struct churn *c)
{
    char path[PATH_MAX];
    if (pick_thing(c, path))
        maybe(unlink(path), "unlink", path);
}

/* Few targets, so that one is like the other. */
static inline void op_alike(struct churn *c)
{
    char path[PATH_MAX];
    pick_new(c, path);
    switch (rnd(c, c->is_root ? 3 : 2)) {
    case 0:
        maybe(symlink(rnd(c, 2) ? "nowhere" : "f1", path), "symlink", path);
        break;
    case 1:
        maybe(mkfifo(path, 0600), "mkfifo", path);
        break;
    default:
        maybe(mknod(path, (rnd(c, 2) ? S_IFCHR : S_IFBLK) | 0600,
                    makedev(1, 3)),
              "mknod", path);
    }
}

static inline void op_exchange(struct churn *c)
{
    char a[PATH_MAX], b[PATH_MAX];
    if (pick(c, DT_UNKNOWN, a) && pick(c, DT_UNKNOWN, b))
        maybe(renameat2(AT_FDCWD, a, AT_FDCWD, b, RENAME_EXCHANGE), "exchange",
              a);
}

/* As overlayfs does it: a character device 0:0 stays where the name was. Some
 * file systems have one inode for all of these. */
static inline void op_whiteout(struct churn *c)
{
    char from[PATH_MAX], to[PATH_MAX];
    if (!c->is_root || !pick_thing(c, from))
        return;
    pick_new(c, to);
    maybe(renameat2(AT_FDCWD, from, AT_FDCWD, to, RENAME_WHITEOUT), "whiteout",
          from);
}

#endif
