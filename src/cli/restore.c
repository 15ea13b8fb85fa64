// SPDX-License-Identifier: GPL-2.0-or-later
/* Out of the trash; see restore.h. */
#include "cli/restore.h"

#include "base/libc.h"
#include "base/relpath.h"
#include "fs/remove.h"
#include "fs/rootdir.h"
#include "fs/staging.h"
#include "fs/trash.h"
#include "session/twin.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

void zc_kept_free(zc_kept_list *list)
{
    for (size_t i = 0; i < list->len; i++)
        free(list->v[i].path);
    zc_vec_fini(list);
}

/* --- what there is --- */

struct finding {
    zc_kept_list *list;
    int64_t date;
    bool failed;
};

/* A directory comes after all that is in it: it counts where that is
 * nothing. */
static void found(void *arg, const char *path, bool is_dir)
{
    struct finding *f = arg;
    size_t n = strlen(path);
    const struct zc_kept *last = f->list->len ? &f->list->v[f->list->len - 1]
                                              : NULL;
    bool in_it = last && last->date == f->date &&
                 !strncmp(last->path, path, n) && last->path[n] == '/';
    if (!n || (is_dir && in_it))
        return;
    const struct zc_kept k = {strdup(path), f->date, is_dir};
    if (k.path && !zc_vec_push(f->list, k))
        return;
    free(k.path);
    f->failed = true;
}

/* In one folder. */
static int find_in(int trash, const char *path, int64_t date,
                   zc_kept_list *list, struct zc_err *err)
{
    struct finding f = {.list = list, .date = date};
    const struct zc_remove_ops ops = {.done = found, .arg = &f};
    char folder[ZC_TRASH_DATE_SIZE];
    zc_trash_name(date, folder);
    zc_auto_free char *dir = zc_relpath_join(folder, path);
    if (!dir)
        return zc_err_nomem(err);
    char *slash = *path ? strrchr(dir, '/') : NULL;
    if (slash)
        *slash = '\0';
    zc_auto_close int fd = slash ? zc_root_open_dir(trash, dir) : trash;
    if (fd >= 0)
        zc_count_tree(fd, slash ? slash + 1 : folder, path, &ops, UINT64_MAX);
    if (fd == trash)
        fd = -1; /* the caller's */
    return f.failed ? zc_err_nomem(err) : 0;
}

static int by_date_and_path(const void *a, const void *b)
{
    const struct zc_kept *x = a, *y = b;
    return x->date != y->date ? (x->date < y->date ? -1 : 1)
                              : zc_relpath_cmp(x->path, y->path);
}

int zc_restore_find(int trash, const char *path, const char *from,
                    zc_kept_list *list, struct zc_err *err)
{
    zc_trash_dates dates = {0};
    int bad = zc_trash_list(trash, &dates)
                  ? zc_err_errno(err, "read the trash")
                  : 0;
    for (size_t i = 0; i < dates.len && !bad; i++) {
        char name[ZC_TRASH_DATE_SIZE];
        zc_trash_name(dates.v[i], name);
        if (!strncmp(name, from, strlen(from)))
            bad = find_in(trash, path, dates.v[i], list, err);
    }
    zc_vec_fini(&dates);
    if (list->len)
        qsort(list->v, list->len, sizeof *list->v, by_date_and_path);
    return bad;
}

static int by_path_and_age(const void *a, const void *b)
{
    const struct zc_kept *x = a, *y = b;
    int c = zc_relpath_cmp(x->path, y->path);
    return c ? c : x->date > y->date ? -1 : x->date < y->date;
}

void zc_restore_latest(zc_kept_list *list)
{
    size_t n = 0;
    if (list->len)
        qsort(list->v, list->len, sizeof *list->v, by_path_and_age);
    for (size_t i = 0; i < list->len; i++) {
        if (n && !strcmp(list->v[n - 1].path, list->v[i].path))
            free(list->v[i].path);
        else
            list->v[n++] = list->v[i];
    }
    list->len = n;
}

/* --- a path below a directory --- */

/* The directory that PATH below AT is in, and *NAME, its name. */
static int open_parent(int at, const char *path, const char **name)
{
    const char *slash = strrchr(path, '/');
    zc_auto_free char *dir = strndup(path, slash ? (size_t)(slash - path) : 0);
    *name = slash ? slash + 1 : path;
    return dir ? zc_root_open_dir(at, dir) : -1;
}

/* The same; what is missing of it is made, after what is below LIKE. */
static int make_parent(int at, const char *path, int like)
{
    int fd = fcntl(at, F_DUPFD_CLOEXEC, 0);
    const char *slash = strchr(path, '/');
    for (const char *from = path; fd >= 0 && slash;
         from = slash + 1, slash = strchr(from, '/')) {
        zc_auto_free char *name = strndup(from, (size_t)(slash - from));
        zc_auto_free char *dir = strndup(path, (size_t)(slash - path));
        int next = -1;
        bool made = name && dir && !mkdirat(fd, name, 0700);
        if (made || (name && dir && errno == EEXIST))
            next = zc_dir_open(fd, name);
        zc_auto_close int source = made ? zc_root_open_dir(like, dir) : -1;
        struct zc_stat st;
        if (next >= 0 && source >= 0 && !zc_stat_at(source, "", &st))
            zc_twin_dress(next, source, "", &st, 0);
        int eno = errno;
        close(fd);
        errno = eno;
        fd = next;
    }
    return fd;
}

int zc_restore_look(int trash, const struct zc_kept *k, struct zc_stat *st,
                    char **target)
{
    const char *name;
    zc_auto_close int folder = zc_trash_folder(trash, k->date);
    zc_auto_close int dir = folder < 0 ? -1
                                       : open_parent(folder, k->path, &name);
    *target = NULL;
    if (dir < 0 || zc_stat_at(dir, name, st))
        return -1;
    size_t n;
    if (S_ISLNK(st->mode))
        *target = zc_symlink_read(dir, name, &n);
    return 0;
}

/* --- one of them --- */

/* One that is on its way. */
struct coming {
    struct zc_restore *x;
    const struct zc_kept *k;
    const char *name;
    int folder; /* of the trash */
    int from;   /* the directory in it */
    int to;     /* the directory that it comes into */
    struct zc_stat st;
    const char *why; /* it does not, where errno does not say it */
};

/* What has its name there goes to the trash. */
static int put_away(const struct coming *c)
{
    struct zc_restore *x = c->x;
    int64_t t;
    if (x->fresh < 0)
        x->fresh = zc_trash_make(x->trash, time(NULL), &t);
    zc_auto_close int dir = x->fresh < 0
                                ? -1
                                : make_parent(x->fresh, c->k->path, x->root);
    if (dir < 0)
        return -1;
    if (!linkat(c->to, c->name, dir, c->name, 0))
        return 0;
    if (errno == EXDEV)
        return zc_twin_make(c->to, c->name, dir, c->name, false);
    return renameat2(c->to, c->name, dir, c->name, RENAME_NOREPLACE);
}

/* HERE has the name. 1: it may stay; -1: it is in the way. */
static int make_way(struct coming *c, const struct zc_stat *here)
{
    const struct zc_stat *st = &c->st;
    bool same = (here->mode & S_IFMT) == (st->mode & S_IFMT);
    bool newer = here->mtime_s > st->mtime_s ||
                 (here->mtime_s == st->mtime_s &&
                  here->mtime_ns > st->mtime_ns);
    if (same && (S_ISDIR(st->mode) || (S_ISREG(st->mode) &&
                                       here->size == st->size && !newer &&
                                       here->mtime_s == st->mtime_s &&
                                       here->mtime_ns == st->mtime_ns)))
        return 1;
    if (!c->x->force && (S_ISDIR(here->mode) || S_ISDIR(st->mode)))
        c->why = "something of another kind is there (--force puts that into "
                 "the trash)";
    else if (!c->x->force && newer)
        c->why = "what is there is newer (--force replaces it)";
    else if (c->x->elsewhere && S_ISDIR(here->mode))
        c->why = "a directory is there";
    if (c->why || c->x->dry)
        return c->why ? -1 : 0;
    return c->x->elsewhere ? 0 : put_away(c);
}

static int make_dir(const struct coming *c)
{
    struct zc_stat here;
    if (!zc_stat_at(c->to, c->name, &here) && !S_ISDIR(here.mode) &&
        unlinkat(c->to, c->name, 0))
        return -1;
    if (mkdirat(c->to, c->name, 0700) && errno != EEXIST)
        return -1;
    zc_auto_close int fd = zc_dir_open(c->to, c->name);
    if (fd < 0)
        return -1;
    zc_twin_dress(fd, c->from, c->name, &c->st, 0);
    return c->x->elsewhere ||
                   !unlinkat(c->from, c->name, AT_REMOVEDIR) ||
                   errno == ENOTEMPTY
               ? 0
               : -1;
}

/* Gives it its name there. */
static int come(const struct coming *c)
{
    if (S_ISDIR(c->st.mode))
        return make_dir(c);
    if (!c->x->elsewhere && !renameat(c->from, c->name, c->to, c->name))
        return 0;
    if ((!c->x->elsewhere && errno != EXDEV) ||
        zc_twin_make(c->from, c->name, c->to, c->name, false))
        return -1;
    return c->x->elsewhere || !unlinkat(c->from, c->name, 0) ? 0 : -1;
}

/* Directories of the trash that nothing is in any more. */
static void tidy(const struct coming *c)
{
    zc_auto_free char *path = strdup(c->k->path);
    char *slash = path ? strrchr(path, '/') : NULL;
    for (; slash; slash = strrchr(path, '/')) {
        const char *name;
        *slash = '\0';
        zc_auto_close int dir = open_parent(c->folder, path, &name);
        if (dir < 0 || unlinkat(dir, name, AT_REMOVEDIR))
            return;
    }
    char folder[ZC_TRASH_DATE_SIZE];
    zc_trash_name(c->k->date, folder);
    (void)unlinkat(c->x->trash, folder, AT_REMOVEDIR);
}

/* 0: it has come back, 1: it was there; -1: it has not. */
static int bring(struct coming *c)
{
    struct zc_restore *x = c->x;
    struct zc_stat here;
    c->folder = zc_trash_folder(x->trash, c->k->date);
    c->from = c->folder < 0 ? -1 : open_parent(c->folder, c->k->path, &c->name);
    if (c->from < 0 || zc_stat_at(c->from, c->name, &c->st))
        return -1;
    if (!x->elsewhere && zc_staging_on_path(x->root, c->k->path)) {
        c->why = ZC_STAGING_NAME " is the name of the staging folder";
        return -1;
    }
    const char *name;
    c->to = x->dry ? open_parent(x->root, c->k->path, &name)
                   : make_parent(x->root, c->k->path, c->folder);
    if (c->to < 0)
        return x->dry && errno == ENOENT ? 0 : -1;
    int stays = zc_stat_at(c->to, c->name, &here) ? 0 : make_way(c, &here);
    if (stays || x->dry)
        return stays;
    if (come(c))
        return -1;
    if (!x->elsewhere)
        tidy(c);
    return 0;
}

size_t zc_restore_run(struct zc_restore *x, const zc_kept_list *list)
{
    size_t failed = 0;
    for (size_t i = 0; i < list->len; i++) {
        struct coming c = {.x = x,
                           .k = &list->v[i],
                           .folder = -1,
                           .from = -1,
                           .to = -1};
        int r = bring(&c);
        if (r < 0) {
            failed++;
            x->failed(x->arg, c.k, c.why ? c.why : strerror(errno));
        } else if (r == 0) {
            x->back(x->arg, c.k);
        }
        zc_close(&c.folder);
        zc_close(&c.from);
        zc_close(&c.to);
    }
    zc_close(&x->fresh);
    return failed;
}
