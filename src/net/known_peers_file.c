// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * known_peers on the disk; see known_peers.h. Who changes it holds a lock:
 *
 *     open, flock -> is it still the file of that name?  no: again
 *     read -> add:            one write(2) at the end (O_APPEND)
 *          -> replace, remove: a new file with the same lines but one, renamed
 *                             over it
 *
 * The lock is on the file itself, so whoever waited for it while the file was
 * replaced has locked one that is gone, and starts anew. Readers need no lock:
 * they see the old file or the new one, and a line whole or not at all, but for
 * the moment before a line that a full disk has cut short is taken away again.
 */
#include "net/known_peers.h"

#include "base/buf.h"
#include "base/io.h"

#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>

struct locked {
    char *path; /* of the file, symlinks resolved */
    int fd;
    struct zc_buf bytes;
    struct zc_known_peers *k;
};

static int trouble(struct zc_err *err, const char *file, int eno)
{
    return zc_err_set(err, ZC_EXIT_FILEIO, eno, "%s", file);
}

/* Makes the directories above PATH (written to, and put back). */
static int make_parents(char *path)
{
    for (char *p = path + (*path == '/'); (p = strchr(p, '/')); p++) {
        *p = '\0';
        int r = mkdir(path, 0700);
        *p = '/';
        if (r && errno != EEXIST)
            return -1;
    }
    return 0;
}

/* The file at FD into BYTES. */
static int read_all(int fd, const char *file, struct zc_buf *bytes,
                    struct zc_err *err)
{
    struct stat st;
    if (fstat(fd, &st))
        return trouble(err, file, errno);
    if (!S_ISREG(st.st_mode))
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "%s: not a regular file",
                          file);
    if (st.st_uid != 0 && st.st_uid != geteuid())
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s belongs to user %u, who could add keys to it",
                          file, (unsigned)st.st_uid);
    if (st.st_mode & (S_IWGRP | S_IWOTH))
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s: others can write it (mode %04o), and so add "
                          "keys: 'chmod go-w' it when the keys in it are right",
                          file, (unsigned)st.st_mode & 07777);
    /* One byte too many tells that it is too large. */
    uint8_t *room = zc_buf_reserve(bytes, ZC_KNOWN_PEERS_MAX + 1);
    if (!room)
        return zc_err_nomem(err);
    ssize_t n = zc_io_pread(fd, room, ZC_KNOWN_PEERS_MAX + 1, 0);
    if (n < 0)
        return trouble(err, file, errno);
    bytes->len = (size_t)n;
    return 0;
}

struct zc_known_peers *zc_known_peers_load(const char *file,
                                           struct zc_err *err)
{
    struct zc_buf bytes = ZC_BUF_INIT;
    struct zc_known_peers *k = NULL;
    zc_auto_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY |
                                          O_NONBLOCK);
    if (fd < 0 && (errno == ENOENT || errno == ENOTDIR))
        return zc_known_peers_parse(file, "", 0, err);
    if (fd < 0)
        trouble(err, file, errno);
    else if (read_all(fd, file, &bytes, err) == 0)
        k = zc_known_peers_parse(file, (const char *)bytes.data, bytes.len,
                                 err);
    zc_buf_fini(&bytes);
    return k;
}

/* --- changing it --- */

static void unlock(struct locked *l)
{
    zc_close(&l->fd); /* and the lock with it */
    zc_buf_fini(&l->bytes);
    zc_known_peers_free(l->k);
    free(l->path);
}

/* True when FD is what PATH names. */
static bool is_still(int fd, const char *path)
{
    struct stat here, there;
    return fstat(fd, &here) == 0 && stat(path, &there) == 0 &&
           here.st_dev == there.st_dev && here.st_ino == there.st_ino;
}

/* FILE, opened and locked; -1 and errno. */
static int open_locked(const char *file, bool make)
{
    int flags = O_RDWR | O_APPEND | O_CLOEXEC | O_NOCTTY | O_NONBLOCK;
    for (;;) {
        int fd = open(file, make ? flags | O_CREAT : flags, 0600);
        if (fd < 0)
            return -1;
        int r;
        do
            r = flock(fd, LOCK_EX);
        while (r && errno == EINTR);
        if (r) {
            zc_close(&fd);
            return -1;
        }
        if (is_still(fd, file))
            return fd;
        close(fd);
    }
}

/* Opens, locks and reads FILE, with MAKE also one that is not there. To be
 * unlocked either way. */
static int lock(struct locked *l, const char *file, bool make,
                struct zc_err *err)
{
    *l = (struct locked){.fd = -1};
    zc_auto_free char *copy = strdup(file);
    if (!copy)
        return zc_err_nomem(err);
    if (make && make_parents(copy))
        return trouble(err, file, errno);
    l->fd = open_locked(file, make);
    if (l->fd < 0)
        return trouble(err, file, errno);
    l->path = realpath(file, NULL);
    if (!l->path)
        return trouble(err, file, errno);
    if (read_all(l->fd, file, &l->bytes, err))
        return -1;
    l->k = zc_known_peers_parse(file, (const char *)l->bytes.data,
                                l->bytes.len, err);
    return l->k ? 0 : -1;
}

static void put_line(struct zc_buf *b, const char *name,
                     const uint8_t key[ZC_KEY_SIZE])
{
    char text[ZC_KEY_TEXT_SIZE];
    zc_key_text(key, text);
    zc_buf_printf(b, "%s %s\n", name, text);
}

/* Puts the directory of PATH (written to, and put back) on stable storage. */
static int sync_parent(char *path)
{
    char *slash = strrchr(path, '/'); /* there is one: PATH is absolute */
    char *end = slash == path ? path + 1 : slash, keep = *end;
    *end = '\0';
    zc_auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    *end = keep;
    /* Some file systems cannot sync a directory, and say EINVAL. */
    return fd < 0 || (fsync(fd) && errno != EINVAL) ? -1 : 0;
}

/* Adds B at the end of L's file: all of it, or nothing. -1 and errno. */
static int write_at_end(struct locked *l, const struct zc_buf *b)
{
    ssize_t n = write(l->fd, b->data, b->len);
    if (n == (ssize_t)b->len && fsync(l->fd) == 0 &&
        (l->bytes.len || sync_parent(l->path) == 0)) /* it may be a new one */
        return 0;
    int why = n >= 0 && n < (ssize_t)b->len ? ENOSPC : errno;
    /* Half a line would make the whole file one that cannot be read. */
    if (ftruncate(l->fd, (off_t)l->bytes.len) == 0)
        fsync(l->fd);
    errno = why;
    return -1;
}

static int append(struct locked *l, const char *name,
                  const uint8_t key[ZC_KEY_SIZE], struct zc_err *err)
{
    struct zc_buf b = ZC_BUF_INIT;
    int r = 0;
    if (l->bytes.len && l->bytes.data[l->bytes.len - 1] != '\n')
        zc_buf_put_str(&b, "\n");
    put_line(&b, name, key);
    if (b.failed)
        r = zc_err_nomem(err);
    else if (l->bytes.len + b.len > ZC_KNOWN_PEERS_MAX)
        r = zc_err_set(err, ZC_EXIT_USAGE, 0, "%s: the file is full",
                       l->k->file);
    else if (write_at_end(l, &b))
        r = trouble(err, l->k->file, errno);
    zc_buf_fini(&b);
    return r;
}

/* Gives FD the owner, group and mode of ST. Who may not give a file to that
 * group leaves it to the owner alone. */
static int take_over(int fd, const struct stat *st)
{
    mode_t mode = st->st_mode & 07777;
    if (fchown(fd, st->st_uid, (gid_t)-1))
        return -1;
    if (fchown(fd, (uid_t)-1, st->st_gid))
        mode &= ~(mode_t)S_IRWXG;
    return fchmod(fd, mode);
}

/* Writes B to a new file that then takes the place of L's, owner and all. */
static int rewrite(struct locked *l, const struct zc_buf *b,
                   struct zc_err *err)
{
    char temp[PATH_MAX];
    struct stat st;
    int n = snprintf(temp, sizeof temp, "%s.XXXXXX", l->path);
    if ((size_t)n >= sizeof temp)
        return trouble(err, l->k->file, ENAMETOOLONG);
    zc_auto_close int fd = mkostemp(temp, O_CLOEXEC);
    if (fd < 0)
        return trouble(err, temp, errno);
    if (fstat(l->fd, &st) || take_over(fd, &st) ||
        zc_io_write(fd, b->data, b->len) || fsync(fd) ||
        rename(temp, l->path)) {
        int why = errno;
        unlink(temp);
        return trouble(err, l->k->file, why);
    }
    return sync_parent(l->path) ? trouble(err, l->k->file, errno) : 0;
}

/* All lines but number LINE, which is replaced by NAME and KEY (NULL: by
 * nothing). */
static int replace_line(struct locked *l, unsigned line, const char *name,
                        const uint8_t *key, struct zc_err *err)
{
    struct zc_buf b = ZC_BUF_INIT;
    const char *at = (const char *)l->bytes.data, *end = at + l->bytes.len;
    for (unsigned i = 1; at < end; i++) {
        const char *to = memchr(at, '\n', (size_t)(end - at));
        const char *next = to ? to + 1 : end;
        if (i != line)
            zc_buf_put(&b, at, (size_t)(next - at));
        else if (key)
            put_line(&b, name, key);
        at = next;
    }
    int r = b.failed ? zc_err_nomem(err) : rewrite(l, &b, err);
    zc_buf_fini(&b);
    return r;
}

static int other_key(const struct locked *l, const struct zc_known_peer *p,
                     struct zc_err *err)
{
    char text[ZC_KEY_TEXT_SIZE];
    zc_key_text(p->key, text);
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "%s:%u: another key is known for %s: %s (--replace "
                      "replaces it)", l->k->file, p->line, p->name, text);
}

int zc_known_peers_add(const char *file, const char *name,
                       const uint8_t key[ZC_KEY_SIZE], bool replace,
                       struct zc_err *err)
{
    struct locked l;
    int r = lock(&l, file, true, err);
    if (r == 0) {
        const struct zc_known_peer *p = zc_known_peers_find(l.k, name);
        if (!p)
            r = append(&l, name, key, err);
        else if (zc_key_equal(p->key, key))
            r = 0;
        else if (replace)
            r = replace_line(&l, p->line, name, key, err);
        else
            r = other_key(&l, p, err);
    }
    unlock(&l);
    return r;
}

static int not_there(const char *file, const char *name, struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_START, 0, "%s: there is no key for %s",
                      file, name);
}

int zc_known_peers_remove(const char *file, const char *name,
                          struct zc_err *err)
{
    struct locked l;
    if (access(file, F_OK) && errno == ENOENT)
        return not_there(file, name, err);
    int r = lock(&l, file, false, err);
    if (r == 0) {
        const struct zc_known_peer *p = zc_known_peers_find(l.k, name);
        r = p ? replace_line(&l, p->line, name, NULL, err)
              : not_there(file, name, err);
    }
    unlock(&l);
    return r;
}
