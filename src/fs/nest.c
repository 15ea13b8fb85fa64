// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Staging folders inside of directories; see nest.h.
 *
 * Between mkdir and flock a nest looks dead: who cleans may take it away. So
 * after taking the lock we look whether it still has its name, and if not make
 * another; who cleans removes it while holding the lock. Others may write into
 * the directory: what has the name then is believed only by its descriptor.
 */
#include "fs/nest.h"

#include "base/hex.h"
#include "fs/meta.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "fs/staging_guard.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* So often it may be taken away before it is locked. */
#define TRIES 16

int zc_nest_name(char name[ZC_NEST_NAME_SIZE])
{
    return zc_hex_random(stpcpy(name, ZC_NEST_PREFIX), ZC_NEST_DIGITS);
}

/* One try. *GONE: it was taken away, and another may stay. */
static int make_once(int dirfd, bool acls, const char *name, bool *gone)
{
    *gone = false;
    if (mkdirat(dirfd, name, 0700))
        return -1;
    int fd = zc_dir_open(dirfd, name);
    if (fd < 0) {
        *gone = errno == ENOENT;
        goto fail;
    }
    if (zc_staging_trylock(fd) && errno == EWOULDBLOCK) {
        *gone = true;
        goto fail;
    }
    /* Without flock(2) here it cannot be told from a dead one. */
    *gone = !zc_staging_is_at(fd, dirfd, name);
    if (!*gone && !zc_staging_take_nest(fd, dirfd, name, acls))
        return fd;
fail:;
    int eno = errno;
    unlinkat(dirfd, name, AT_REMOVEDIR); /* or it is as good as gone */
    zc_close(&fd);
    errno = eno;
    return -1;
}

int zc_nest_make(int dirfd, bool acls, char name[ZC_NEST_NAME_SIZE])
{
    bool gone = true;
    int fd = -1;
    for (int i = 0; i < TRIES && fd < 0 && gone; i++) {
        if (zc_nest_name(name))
            return -1;
        fd = make_once(dirfd, acls, name, &gone);
    }
    return fd;
}

void zc_nest_remove(int dirfd, const char *name, int fd)
{
    int eno = errno;
    bool is_it = fd < 0 || zc_staging_is_at(fd, dirfd, name) ||
                 zc_staging_is_at(fd, dirfd, name); /* a look may fail */
    if (dirfd >= 0 && is_it)
        zc_remove_tree(dirfd, name, name, NULL);
    zc_close(&fd);
    errno = eno;
}

bool zc_nest_refuses(int dirfd, int from)
{
    char name[ZC_NEST_NAME_SIZE];
    if (zc_nest_name(name))
        return false;
    zc_auto_close int fd = zc_file_open(from, name,
                                        O_WRONLY | O_CREAT | O_EXCL, 0600);
    if (fd < 0)
        return false;
    bool refuses = renameat(from, name, dirfd, name) && errno == EXDEV;
    if (unlinkat(dirfd, name, 0))
        unlinkat(from, name, 0);
    return refuses;
}

int zc_nest_clean(int dirfd, const char *name)
{
    struct zc_stat st;
    if (zc_stat_at(dirfd, name, &st) == 0 && S_ISREG(st.mode) && !st.size)
        return unlinkat(dirfd, name, 0) ? -1 : 1; /* of zc_nest_refuses */
    zc_auto_close int fd = zc_dir_open(dirfd, name);
    if (fd < 0 && (errno == ENOTDIR || errno == ELOOP))
        return 0;
    if (fd < 0)
        return errno == ENOENT ? 0 : -1;
    if (zc_staging_trylock(fd))
        return 0;
    return zc_remove_tree(dirfd, name, name, NULL) ? -1 : 1;
}
