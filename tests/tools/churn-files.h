/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Versions and logs as churn writes them, and what it does to single files.
 */
#ifndef CHURN_FILES_H
#define CHURN_FILES_H

#include "churn.h"
#include "version.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

/* N bytes of BUF in one write at the start (append: at the end) of FD. */
static inline void write_once(int fd, const unsigned char *buf, size_t n,
                              bool append)
{
    ssize_t done = append ? write(fd, buf, n) : pwrite(fd, buf, n, 0);
    if (done != (ssize_t)n) {
        errno = done < 0 ? errno : ENOSPC;
        die("write", "a version");
    }
}

/* What FD holds: 'w'hole, 'l'og, 'e'mpty, or is no file at all ('x'). */
static inline char kind_of(int fd, off_t *size)
{
    uint64_t magic = 0;
    struct stat st;
    if (fstat(fd, &st) != 0)
        die("stat", "a file");
    *size = st.st_size;
    if (!S_ISREG(st.st_mode))
        return 'x';
    if (st.st_size >= RECORD && pread(fd, &magic, sizeof magic, 0) != 8)
        die("read", "a file");
    return st.st_size == 0 ? 'e' : magic == LOG_MAGIC ? 'l' : 'w';
}

/* A version of N bytes, by several writes with pauses where it is long. */
static inline void write_long(struct churn *c, int fd, uint64_t n)
{
    uint64_t id = c->rng, version = ++c->version;
    for (uint64_t at = 0; at < n;) {
        size_t part = n - at < BUF_SIZE ? n - at : BUF_SIZE;
        version_fill(c->buf, id, version, n, at, part);
        write_once(fd, c->buf, part, true);
        at += part;
        if (n > BUF_SIZE && rnd(c, 4) == 0)
            usleep((useconds_t)rnd(c, 3000));
    }
}

/* Makes PATH a version of N bytes by a temporary name and a rename. */
static inline void replace(struct churn *c, const char *path, uint64_t n)
{
    char tmp[PATH_MAX];
    tmp_name(c, path, tmp);
    int fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0644);
    if (fd < 0) {
        maybe(fd, "create", tmp);
        return;
    }
    write_long(c, fd, n);
    close(fd);
    if (rename(tmp, path) != 0) {
        maybe(-1, "rename", path);
        unlink(tmp);
    }
}

/* One write into PATH, in place. */
static inline void rewrite(struct churn *c, const char *path)
{
    off_t size;
    int fd = open(path, O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC,
                  0644);
    if (fd < 0) {
        maybe(fd, "open", path);
        return;
    }
    char kind = kind_of(fd, &size);
    uint64_t n = (uint64_t)size;
    if (kind == 'x') {
        close(fd);
        return;
    }
    if (kind != 'w' || size > SMALL_MAX || rnd(c, 2) == 0) {
        n = pick_length(c);
        if (size > 0 && ftruncate(fd, 0) != 0)
            die("truncate", path);
    }
    version_fill(c->buf, c->rng, ++c->version, n, 0, n);
    write_once(fd, c->buf, n, false);
    close(fd);
}

/* A batch at the end of FD, if that is a log or empty. */
static inline bool append_to(struct churn *c, int fd)
{
    struct record last = {.id = c->rng, .index = UINT64_MAX};
    uint64_t count = 1 + rnd(c, rnd(c, 8) ? 8 : 800);
    off_t size;
    char kind = kind_of(fd, &size);

    if (kind == 'w' || kind == 'x')
        return false;
    if (size > 4 * 1024 * 1024) {
        if (ftruncate(fd, 0) != 0)
            die("truncate", "a log");
        size = 0;
    }
    if (size > 0 && pread(fd, &last, RECORD, size - RECORD) != RECORD)
        die("read", "a log");
    log_fill(c->buf, last.id, ++c->version, last.index + 1, count,
             last.version);
    write_once(fd, c->buf, count * RECORD, true);
    return true;
}

static inline void op_replace(struct churn *c)
{
    char path[PATH_MAX];
    pick_new(c, path);
    replace(c, path, pick_length(c));
}

static inline void op_replace_big(struct churn *c)
{
    char path[PATH_MAX];
    pick_new(c, path);
    replace(c, path, 300000 + rnd(c, rnd(c, 4) ? 1000000 : 6000000));
}

static inline void op_rewrite(struct churn *c)
{
    char path[PATH_MAX];
    if (rnd(c, 3) == 0 || !pick(c, DT_REG, path))
        pick_new(c, path);
    rewrite(c, path);
}

/* A file that has no name before it is complete. */
static inline void op_tmpfile(struct churn *c)
{
    char path[PATH_MAX], dir[PATH_MAX], proc[64];
    pick_new(c, path);
    snprintf(dir, sizeof dir, "%.*s", (int)(strrchr(path, '/') - path), path);
    int fd = open(dir, O_TMPFILE | O_WRONLY | O_CLOEXEC, 0640);
    if (fd < 0) {
        if (errno != EOPNOTSUPP)
            maybe(fd, "open", dir);
        return;
    }
    write_long(c, fd, pick_length(c));
    snprintf(proc, sizeof proc, "/proc/self/fd/%d", fd);
    maybe(linkat(AT_FDCWD, proc, AT_FDCWD, path, AT_SYMLINK_FOLLOW), "link",
          path);
    close(fd);
}

static inline void op_append(struct churn *c)
{
    char path[PATH_MAX];
    if (rnd(c, 4) == 0 || !pick(c, DT_REG, path))
        pick_new(c, path);
    int fd = open(path,
                  O_RDWR | O_CREAT | O_APPEND | O_NOFOLLOW |
                      O_CLOEXEC,
                  0644);
    if (fd < 0) {
        maybe(fd, "open", path);
        return;
    }
    append_to(c, fd);
    close(fd);
}

/* A log that stays open for some time, whatever becomes of its name. */
static inline void op_log(struct churn *c)
{
    int *fd = &c->logs[rnd(c, LOGS)];
    if (*fd >= 0 && (rnd(c, 30) == 0 || !append_to(c, *fd))) {
        close(*fd);
        *fd = -1;
    } else if (*fd < 0) {
        char path[PATH_MAX];
        pick_new(c, path);
        *fd = open(path, O_RDWR | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC,
                   0644);
        maybe(*fd, "create", path);
    }
}

/* Cuts a log where one of its batches begins. */
static inline void op_truncate(struct churn *c)
{
    char path[PATH_MAX];
    struct record r;
    off_t size;

    if (!pick(c, DT_REG, path))
        return;
    int fd = open(path, O_RDWR | O_NOFOLLOW | O_CLOEXEC);
    if (fd < 0) {
        maybe(fd, "open", path);
        return;
    }
    if (kind_of(fd, &size) == 'l') {
        off_t at = (off_t)rnd(c, (uint64_t)size / RECORD) * RECORD;
        if (pread(fd, &r, RECORD, at) != RECORD)
            die("read", path);
        if (ftruncate(fd, (off_t)r.start * RECORD) != 0)
            die("truncate", path);
    } else if (size > 0 && rnd(c, 4) == 0 && ftruncate(fd, 0) != 0) {
        die("truncate", path);
    }
    close(fd);
}

#endif
