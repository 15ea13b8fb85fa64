// SPDX-License-Identifier: GPL-2.0-or-later
/* Where backups go, and what is there already; see spots.h. */
#include "receiver/spots.h"

#include "base/libc.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "fs/staging.h"
#include "receiver/core.h"
#include "session/twin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* Others may be making backups in the same place. */
#define TRIES 4
/* So many seconds make a version worth keeping each time. */
#define YOUNG_S 60

void zc_backup_init(struct zc_backup *b)
{
    *b = (struct zc_backup){.fd = -1, .folder = -1};
    pthread_mutex_init(&b->lock, NULL);
}

void zc_backup_open(struct zc_receiver *r)
{
    const struct zc_terms *t = &r->terms;
    r->backup->how = t->backups.way ? &t->backups : &t->trash;
    if (!r->backup->how->way)
        r->backup->how = NULL;
    bool both = t->backups.way && t->trash.way;
    r->trash->how = both ? &t->trash : NULL;
    r->backup->trash = both ? r->trash : NULL;
}

void zc_backup_fini(struct zc_backup *b)
{
    zc_close(&b->fd);
    zc_close(&b->folder);
    free(b->dir);
    pthread_mutex_destroy(&b->lock);
}

int zc_spot_clear(const struct zc_spot *s)
{
    return zc_remove_tree(s->fd, s->name, s->name, NULL) ? -1 : 0;
}

/* --- directories for them --- */

/* The directory PATH, N bytes, of DEST, or what there was of it before it was
 * put aside. */
static int open_source(struct zc_receiver *r, const struct zc_lost *l,
                       const char *path, size_t n)
{
    zc_auto_free char *dir = strndup(path, n);
    const struct zc_lost *top = l->top;
    size_t len = top ? strlen(top->path) : 0;
    if (!dir || l->bare)
        return -1;
    if (!top || strncmp(dir, top->path, len) || (dir[len] && dir[len] != '/'))
        return zc_root_open_dir(r->root_fd, dir);
    zc_auto_free char *aside = zc_relpath_join(top->name,
                                               dir + len + (dir[len] == '/'));
    size_t end = aside ? strlen(aside) : 0;
    if (end && aside[end - 1] == '/')
        aside[end - 1] = '\0';
    return aside ? zc_root_open_dir(top->dirfd, aside) : -1;
}

/* NAME in AT, which is new. SOURCE, -1 or the directory that it stands for, is
 * closed. */
static int make_dir(struct zc_receiver *r, int at, const char *name, int source)
{
    struct zc_stat st;
    int fd = -1;
    if (!mkdirat(at, name, 0700) || errno == EEXIST)
        fd = zc_dir_open(at, name);
    if (fd >= 0 && source >= 0 && !zc_stat_at(source, "", &st))
        zc_twin_dress(fd, source, "", &st, r->is_root ? 0 : S_IRWXU);
    int eno = errno;
    zc_close(&source);
    errno = eno;
    return fd;
}

/* A backup in AT may not become the staging folder, or get into it; nor have
 * the name of a nest. FIRST: AT is the top of something. */
static bool is_reserved(const struct zc_backup *b, int at, const char *name,
                        bool first)
{
    if (b->how->way == ZC_BACKUP_TRASH ||
        (!zc_name_is_nest(name, strlen(name)) &&
         (strcmp(name, ZC_STAGING_NAME) != 0 ||
          !(first || zc_staging_at_top(at)))))
        return false;
    errno = EPERM;
    return true;
}

/* NAME in AT, no directory, where one is to be for the first N bytes of L's path,
 * goes; into the trash, where the share has one. */
static int clear_way(struct zc_receiver *r, struct zc_backup *b,
                     const struct zc_lost *l, int at, const char *name,
                     size_t n)
{
    const char *below = b->how->in_share;
    struct zc_spot s;
    zc_auto_free char *path = NULL;
    if (!b->trash)
        return unlinkat(at, name, 0) && errno != ENOENT ? -1 : 0;
    if (asprintf(&path, "%s%s%.*s", below, *below ? "/" : "", (int)n,
                 l->path) < 0) {
        path = NULL;
        return -1;
    }
    const struct zc_lost old = {.dirfd = at,
                                .name = name,
                                .path = path,
                                .home = at,
                                .deleted = true,
                                .bare = true};
    return zc_spot_find(r, b->trash, &old, &s)
               ? -1
               : renameat2(at, name, s.fd, s.name, RENAME_NOREPLACE);
}

/* NAME in AT, a directory, for the first N bytes of L's path. Of an earlier
 * backup a file, or a symlink, makes way; in the trash it is not to be lost:
 * EEXIST. */
static int enter_dir(struct zc_receiver *r, struct zc_backup *b,
                     const struct zc_lost *l, int at, const char *name,
                     size_t n)
{
    int fd = zc_dir_open(at, name);
    if (fd >= 0 || (errno != ENOTDIR && errno != ELOOP))
        return fd;
    errno = EEXIST;
    if (b->how->way == ZC_BACKUP_TRASH || clear_way(r, b, l, at, name, n))
        return -1;
    errno = ENOENT;
    return -1;
}

/* The directory PATH, N bytes, below AT, which is closed. It stands for that of
 * L's path, but for SKIP bytes in front. */
static int open_dirs(struct zc_receiver *r, struct zc_backup *b,
                     const struct zc_lost *l, int at, const char *path,
                     size_t n, size_t skip)
{
    for (size_t from = 0, len; at >= 0 && from < n; from += len + 1) {
        char name[ZC_NAME_MAX + 1];
        len = ZC_MIN(strcspn(path + from, "/"), n - from);
        snprintf(name, sizeof name, "%.*s", (int)len, path + from);
        size_t to = from + len;
        int next = is_reserved(b, at, name, !from)
                       ? -1
                       : enter_dir(r, b, l, at, name, to);
        if (next < 0 && errno == ENOENT)
            next = make_dir(r, at, name,
                            to > skip ? open_source(r, l, path + skip,
                                                    to - skip)
                                      : -1);
        int eno = errno;
        close(at);
        errno = eno;
        at = next;
    }
    return at;
}

/* --- the trash --- */

static void forget_dir(struct zc_backup *b)
{
    zc_close(&b->fd);
    free(b->dir);
    b->dir = NULL;
}

/* Another folder, which nothing is in yet. */
static int fresh_folder(struct zc_backup *b)
{
    forget_dir(b);
    zc_close(&b->folder);
    b->folder = zc_trash_make(b->how->fd, time(NULL), &b->since);
    return b->folder < 0 ? -1 : 0;
}

/* A mirror that begins again goes on with the folder that it had. */
static void latest_folder(struct zc_backup *b)
{
    zc_trash_dates dates = {0};
    int64_t now = time(NULL);
    if (!zc_trash_list(b->how->fd, &dates) && dates.len) {
        int64_t t = dates.v[dates.len - 1];
        if (now >= t && now - t < ZC_TRASH_SPAN) {
            b->folder = zc_trash_folder(b->how->fd, t);
            b->since = t;
        }
    }
    zc_vec_fini(&dates);
}

static int open_folder(const struct zc_receiver *r, struct zc_backup *b)
{
    if (b->folder < 0 && r->flags & ZC_OPEN_ROUNDS)
        latest_folder(b);
    /* It may be named for a second that is still to come. */
    int64_t age = time(NULL) - b->since;
    bool fits = age > -ZC_TRASH_SPAN && age < ZC_TRASH_SPAN;
    return b->folder >= 0 && fits ? 0 : fresh_folder(b);
}

enum clash { CLASH_ERROR, CLASH_DROP, CLASH_REPLACE, CLASH_FRESH };

/* S is in the folder already, and L is lost now. */
static enum clash judge(struct zc_receiver *r, const struct zc_lost *l,
                        const struct zc_spot *s)
{
    struct zc_stat kept, lost;
    if (zc_stat_at(l->dirfd, l->name, &lost))
        return CLASH_ERROR;
    if (s->fd < 0 || zc_stat_at(s->fd, s->name, &kept))
        return CLASH_FRESH;
    if (kept.dev == lost.dev && kept.ino == lost.ino)
        return CLASH_REPLACE; /* by itself: what a crash has left */
    if (!(r->flags & ZC_OPEN_ROUNDS) || S_ISDIR(kept.mode) ||
        time(NULL) - lost.ctime_s >= YOUNG_S)
        return CLASH_FRESH;
    if (!l->deleted)
        return CLASH_DROP;
    /* It has been kept since its ctime, and may have been there since its
     * mtime. */
    return kept.ctime_s - kept.mtime_s < YOUNG_S ? CLASH_REPLACE : CLASH_FRESH;
}

/* The trash, which has one of that name: CLASH_REPLACE: it is not in the way
 * any more. */
static enum clash clash(struct zc_receiver *r, struct zc_backup *b,
                        const struct zc_lost *l, const struct zc_spot *s)
{
    enum clash c = judge(r, l, s);
    if (c == CLASH_REPLACE && zc_spot_clear(s))
        return CLASH_ERROR;
    if (c == CLASH_FRESH && fresh_folder(b))
        return CLASH_ERROR;
    return c;
}

/* --- where it goes, in sum --- */

/* The directory of backups for DIR, N bytes of L's path, is open. */
static int enter(struct zc_receiver *r, struct zc_backup *b,
                 const struct zc_lost *l, size_t n)
{
    const struct zc_backups *how = b->how;
    bool trash = how->way == ZC_BACKUP_TRASH;
    if (trash && open_folder(r, b))
        return -1;
    if (b->fd >= 0 && b->dir && strlen(b->dir) == n &&
        !memcmp(b->dir, l->path, n))
        return 0;
    forget_dir(b);
    b->dir = strndup(l->path, n);
    const char *below = trash ? how->below : "";
    zc_auto_free char *whole = !b->dir  ? NULL
                               : !*below ? strdup(b->dir)
                               : !n      ? strdup(below)
                                         : zc_relpath_join(below, b->dir);
    errno = ENOMEM;
    int top = whole ? fcntl(trash ? b->folder : how->fd, F_DUPFD_CLOEXEC, 0)
                    : -1;
    if (top >= 0)
        b->fd = open_dirs(r, b, l, top, whole, strlen(whole),
                          *below ? strlen(below) + 1 : 0);
    int eno = errno;
    if (b->fd < 0)
        forget_dir(b);
    errno = eno;
    return b->fd < 0 ? -1 : 0;
}

static int find_spot(struct zc_receiver *r, struct zc_backup *b,
                     const struct zc_lost *l, struct zc_spot *s)
{
    const char *slash = strrchr(l->path, '/');
    const char *name = slash ? slash + 1 : l->path;
    size_t n = slash ? (size_t)(slash - l->path) : 0;
    s->fd = -1;
    if ((size_t)snprintf(s->name, sizeof s->name, "%s%s", name,
                         b->how->suffix) >= sizeof s->name) {
        errno = ENAMETOOLONG;
        return -1;
    }
    bool beside = b->how->way == ZC_BACKUP_BESIDE;
    if (!beside && enter(r, b, l, n))
        return -1;
    int fd = beside ? l->home : b->fd;
    if (is_reserved(b, fd, s->name, beside || !n))
        return -1;
    s->fd = fd;
    return 0;
}

int zc_spot_find(struct zc_receiver *r, struct zc_backup *b,
                 const struct zc_lost *l, struct zc_spot *s)
{
    struct zc_stat st;
    for (int i = 0; i < TRIES; i++) {
        int bad = find_spot(r, b, l, s);
        if (b->how->way != ZC_BACKUP_TRASH ||
            (bad && errno != EEXIST))
            return bad;
        if (!bad && zc_stat_at(s->fd, s->name, &st))
            return errno == ENOENT ? 0 : -1;
        switch (clash(r, b, l, s)) {
        case CLASH_ERROR:
            return -1;
        case CLASH_DROP:
            return 1;
        case CLASH_REPLACE:
            return 0;
        case CLASH_FRESH:
            break;
        }
    }
    errno = EEXIST;
    return -1;
}

void zc_spot_forget(struct zc_backup *b)
{
    forget_dir(b);
    zc_close(&b->folder);
}

int zc_spot_make_dir(struct zc_receiver *r, struct zc_backup *b,
                     const struct zc_lost *l)
{
    return enter(r, b, l, strlen(l->path));
}
