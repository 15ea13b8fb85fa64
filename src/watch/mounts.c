// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mounts below the root; see mounts.h.
 *
 *     changed -> the root: is it still what its path leads to?
 *             -> the kernel's table: which places are there?
 *             -> each place: is it the top of a mount, and of which?
 *                  new, or another mount   looked at, and in doubt
 *                  not any more            gone: not watched, nothing is told of
 *                                          it, until something is mounted again
 *                  moved to another place  what is there is what there is now
 *
 * With -x a mount is left out, and never looked at.
 */
#include "watch/mounts.h"

#include "base/libc.h"
#include "base/log.h"
#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/mounts.h"
#include "fs/rootdir.h"
#include "tree/filter.h"
#include "watch/backend.h"
#include "watch/internal.h"
#include "watch/list.h"
#include "watch/look.h"
#include "watch/places.h"
#include "watch/report.h"
#include "watch/todo.h"
#include "watch/tree.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Places that are to be looked at when all states are known. */
struct again {
    char *path;
    bool gone; /* and nothing is to be told of it */
};

struct survey {
    struct zc_watch *w;
    int rootfd;
    bool first, changed;
    ZC_VEC(struct again) again;
};

/* --- one place --- */

struct found {
    bool top, is_dir; /* the top of a mount */
    uint64_t mnt;
};

/* What is at PATH. -1 and errno. */
static int look_at_path(int rootfd, const char *path, struct found *f)
{
    const char *slash = strrchr(path, '/');
    zc_auto_free char *dir =
        slash ? strndup(path, (size_t)(slash - path)) : strdup("");
    zc_auto_close int fd = dir ? zc_root_open_dir(rootfd, dir) : -1;
    struct statx st;
    if (fd < 0 ||
        statx(fd, slash ? slash + 1 : path,
              AT_SYMLINK_NOFOLLOW | AT_NO_AUTOMOUNT, STATX_TYPE | ZC_STATX_MNT,
              &st))
        return -1;
    *f = (struct found){.top = st.stx_attributes & STATX_ATTR_MOUNT_ROOT,
                        .is_dir = S_ISDIR(st.stx_mode),
                        .mnt = st.stx_mnt_id};
    return 0;
}

static void look_again(struct survey *s, const char *path, bool gone)
{
    struct again a = {s->first ? NULL : strdup(path), gone};
    s->changed = true;
    if (s->first)
        return;
    if (a.path && zc_vec_push(&s->again, a) == 0)
        return;
    free(a.path);
    zc_wstarved(s->w, ENOMEM);
}

/* Something is mounted at PATH, where P is. */
static void is_mounted(struct survey *s, struct zc_wplace *p, const char *path,
                       const struct found *f)
{
    bool was_gone = p->state == ZC_PLACE_GONE;
    p->seen = true;
    p->is_dir = f->is_dir;
    if (p->state == ZC_PLACE_MOUNTED && p->mnt == f->mnt)
        return;
    if (was_gone)
        zc_log(ZC_LOG_INFO, "%s/%s is mounted again", s->w->root, path);
    zc_wplace_set(s->w, p, ZC_PLACE_MOUNTED, f->mnt);
    look_again(s, path, false);
}

/* The kernel has a mount at PATH. */
static void is_listed(struct survey *s, const char *path)
{
    struct found f = {.is_dir = true};
    struct zc_wplace *p = zc_wplaces_add(s->w, path);
    if (!p) {
        zc_wstarved(s->w, ENOMEM);
        return;
    }
    if (s->w->one_file_system) {
        p->seen = true;
        if (p->state == ZC_PLACE_LEFT_OUT)
            return;
        zc_wplace_set(s->w, p, ZC_PLACE_LEFT_OUT, 0);
        look_again(s, path, true);
    } else if (look_at_path(s->rootfd, path, &f)) {
        p->seen = errno != ENOENT && errno != ENOTDIR; /* whatever it is */
    } else if (f.top) {
        is_mounted(s, p, path, &f);
    }
}

/* The other place at which the mount of P is now; NULL: there is none. */
static const struct zc_wplace *moved_to(const struct zc_watch *w,
                                        const struct zc_wplace *p)
{
    for (size_t i = 0; p->mnt && i < w->places.v.len; i++) {
        const struct zc_wplace *q = &w->places.v.v[i];
        if (q != p && q->seen && q->mnt == p->mnt)
            return q;
    }
    return NULL;
}

/* Nothing is mounted at PATH, which is place number I, says the kernel. True
 * when it was taken out. */
static bool not_listed(struct survey *s, size_t i, const char *path)
{
    struct zc_watch *w = s->w;
    struct zc_wplace *p = &w->places.v.v[i];
    struct found f = {0};
    bool left_out = p->state == ZC_PLACE_LEFT_OUT;
    if (!left_out && !look_at_path(s->rootfd, path, &f) && f.top) {
        is_mounted(s, p, path, &f); /* by a way that the table does not tell */
        return false;
    }
    if (left_out || (p->state == ZC_PLACE_MOUNTED && moved_to(w, p))) {
        zc_wplaces_remove(w, i);
        look_again(s, path, false);
        return true;
    }
    if (p->state == ZC_PLACE_MOUNTED) {
        zc_log(ZC_LOG_ERROR, "%s/%s was unmounted; nothing below it is sent or "
               "deleted until it is back", w->root, path);
        zc_wplace_set(w, p, ZC_PLACE_GONE, p->mnt);
        look_again(s, path, true);
    }
    return false;
}

/* --- all of them --- */

/* PATH, or a directory above it, is excluded, or is the root's staging folder. */
static bool is_hidden(const struct zc_watch *w, const char *path)
{
    return zc_wreserved(w, ZC_WDIR_ROOT, path, strcspn(path, "/")) ||
           (w->filter && zc_filter_hides_way(w->filter, path));
}

static int take_listed(struct survey *s)
{
    struct zc_watch *w = s->w;
    zc_mount_paths paths = {0};
    const char *last = NULL; /* with -x, what is in it is left out with it */
    int bad = zc_mounts_list(w->mounts.fd, s->rootfd, &paths);
    for (size_t i = 0; i < w->places.v.len; i++)
        w->places.v.v[i].seen = false;
    for (size_t i = 0; i < paths.len && !bad; i++) {
        struct zc_place p = {.path = paths.v[i]};
        if (is_hidden(w, p.path) ||
            (last && zc_place_is_below(&p, last, strlen(last))))
            continue;
        is_listed(s, p.path);
        last = w->one_file_system ? p.path : NULL;
    }
    zc_mount_paths_fini(&paths);
    return bad;
}

/* Where PATH is to be found, as the mount that it was in has moved. NULL: it was
 * in none, that has not moved, or no memory. */
static char *carried_to(struct zc_watch *w, const char *path)
{
    struct zc_buf buf = ZC_BUF_INIT;
    const struct zc_place *in;
    zc_auto_free char *above = strdup(path);
    char *slash = above ? strrchr(above, '/') : NULL, *there = NULL;
    if (slash)
        *slash = '\0';
    in = slash ? zc_places_over(zc_wplaces_table(w), above) : NULL;
    const struct zc_wplace *p = in ? zc_wplaces_find(w, in->path) : NULL;
    const struct zc_wplace *q =
        p && p->state == ZC_PLACE_MOUNTED && !p->seen ? moved_to(w, p) : NULL;
    const char *to = q ? zc_wplace_path(w, q, &buf) : NULL;
    if (to)
        there = zc_relpath_join(to, path + strlen(in->path) + 1);
    zc_buf_fini(&buf);
    return there;
}

/* P, which is not listed, is there nevertheless: under the name of another place,
 * as a directory on its way was renamed, or in a mount that has moved. */
static bool is_another(struct zc_watch *w, const struct zc_wplace *p,
                       const char *path)
{
    const struct zc_wplace *q = zc_wplaces_find(w, path);
    if (q && q != p && q->seen)
        return true;
    zc_auto_free char *there =
        p->state == ZC_PLACE_GONE ? carried_to(w, path) : NULL;
    q = there ? zc_wplaces_find(w, there) : NULL;
    return q && q->seen && q->state == ZC_PLACE_MOUNTED;
}

static void take_others(struct survey *s)
{
    struct zc_watch *w = s->w;
    struct zc_buf path = ZC_BUF_INIT;
    /* First what depends on where others were. */
    for (int pass = 0; pass < 2; pass++)
        for (size_t i = 0; i < w->places.v.len; i++) {
            const struct zc_wplace *p = &w->places.v.v[i];
            if (p->seen)
                continue;
            if (!zc_wplace_path(w, p, &path)) {
                zc_wstarved(w, ENOMEM);
            } else if (pass) {
                if (not_listed(s, i, (const char *)path.data))
                    i--; /* another one is there now */
            } else if (is_another(w, p, (const char *)path.data)) {
                look_again(s, (const char *)path.data, false);
                zc_wplaces_remove(w, i--);
            }
        }
    zc_buf_fini(&path);
}

/* --- what is done about it --- */

/* The nearest directory above PATH that the tree has; *HERE: it is the one that
 * PATH's last component is in. */
static zc_wdir nearest(const struct zc_watch *w, const char *path, bool *here)
{
    zc_wdir d = ZC_WDIR_ROOT;
    for (size_t n; path[n = strcspn(path, "/")]; path += n + 1) {
        zc_wdir child = zc_wtree_child(w->tree, d, path, n);
        if (child == ZC_WDIR_NONE)
            break;
        d = child;
    }
    *here = !strchr(path, '/');
    return d;
}

static void act_on(struct zc_watch *w, const struct again *a)
{
    const char *slash = strrchr(a->path, '/');
    const char *name = slash ? slash + 1 : a->path;
    struct zc_wlooked found = {.fd = -1};
    bool here;
    zc_wdir dir = nearest(w, a->path, &here);
    if (!here) { /* not watched, or not met yet */
        if (!a->gone)
            zc_wdoubt(w, dir);
        return;
    }
    switch (zc_wlook(w, dir, name, strlen(name), &found)) {
    case ZC_WFOUND_NEW:
        zc_wnew(w, found.dir, found.fd, true);
        return;
    case ZC_WFOUND_SAME:
        zc_wrelist(w, found.dir, true);
        break;
    case ZC_WFOUND_UNWATCHED:
        zc_wdoubt(w, found.dir);
        break;
    case ZC_WFOUND_STUCK:
        zc_wrecheck_later(w, dir);
        break;
    case ZC_WFOUND_NONE:
        if (!a->gone) /* a file, or nothing */
            zc_wreport(w, dir, name, strlen(name),
                       ZC_CHANGE_NAME | ZC_CHANGE_DATA | ZC_CHANGE_META);
        break;
    }
    zc_close(&found.fd);
}

/* -1 and errno: it cannot be told. */
static int survey(struct survey *s)
{
    struct zc_watch *w = s->w;
    w->mounts.changed = false;
    if (take_listed(s))
        return -1;
    take_others(s);
    if (s->changed && w->backend->remounted)
        w->backend->remounted(w);
    for (size_t i = 0; i < s->again.len; i++) {
        if (!w->gone)
            act_on(w, &s->again.v[i]);
        free(s->again.v[i].path);
    }
    zc_vec_fini(&s->again);
    if (s->changed && !s->first && w->ev.places && !w->gone)
        w->ev.places(w->ev.arg);
    return 0;
}

void zc_wmounts_look(struct zc_watch *w)
{
    struct zc_err why;
    struct survey s = {.w = w};
    if (!zc_wroot_ok(w, &why)) {
        zc_wgone(w, why.text);
        return;
    }
    s.rootfd = zc_wopen(w, ZC_WDIR_ROOT);
    s.rootfd = s.rootfd < 0 ? -1 : fcntl(s.rootfd, F_DUPFD_CLOEXEC, 0);
    if ((s.rootfd < 0 || survey(&s)) && !w->gone)
        zc_wstarved(w, errno);
    zc_close(&s.rootfd);
}

void zc_wmounts_start(struct zc_watch *w, int rootfd,
                      const struct zc_places *before)
{
    struct survey s = {.w = w, .rootfd = rootfd, .first = true};
    w->mounts.fd = open(ZC_MOUNTINFO, O_RDONLY | O_CLOEXEC);
    w->places.strict = !w->one_file_system;
    if (w->mounts.fd < 0 || survey(&s)) {
        zc_log(ZC_LOG_WARN, "%s: cannot follow what is mounted below it: "
               ZC_MOUNTINFO ": %s", w->root, strerror(errno));
        zc_wmounts_fini(w);
        w->places.strict = false;
        return;
    }
    for (size_t i = 0; before && w->places.strict && i < before->n; i++) {
        const char *path = before->v[i].path;
        if (before->v[i].state == ZC_PLACE_LEFT_OUT ||
            zc_wplaces_find(w, path))
            continue;
        struct zc_wplace *p = zc_wplaces_add(w, path);
        if (p)
            zc_wplace_set(w, p, ZC_PLACE_GONE, 0);
        else
            zc_wstarved(w, ENOMEM);
    }
}

void zc_wmounts_fini(struct zc_watch *w)
{
    zc_close(&w->mounts.fd);
    zc_wplaces_fini(w);
}
