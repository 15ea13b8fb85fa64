// SPDX-License-Identifier: GPL-2.0-or-later
/* Files that hold a secret; see secret.h. */
#include "fs/secret.h"

#include "base/util.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(int fd, const char *path, const struct zc_secret_words *words,
                 struct zc_err *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return zc_err_set(err, ZC_EXIT_START, errno, "cannot look at %s", path);
    if (!S_ISREG(st.st_mode))
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s is not a regular file, so no %s is taken from it",
                          path, words->file);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s belongs to user %u, who could know or change the "
                          "%s in it", path, (unsigned)st.st_uid, words->secret);
    if (st.st_mode & 077)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s holds a %s and is open to others (mode %04o): "
                          "chmod 600 it%s", path, words->secret,
                          (unsigned)st.st_mode & 07777, words->instead);
    return 0;
}

int zc_secret_open(const char *path, const struct zc_secret_words *words,
                   struct zc_err *err)
{
    /* A FIFO must not make us wait. */
    int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
    if (fd < 0)
        return zc_err_set(err, ZC_EXIT_START, errno, "cannot open %s", path);
    if (check(fd, path, words, err))
        zc_close(&fd);
    return fd;
}
