// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Finding the names of some files by walking the source's tree: readdir(3)
 * gives inode numbers, so that only what has one of those is looked at. Where
 * a file system shows other numbers there than to stat(2) (overlayfs may),
 * every file is looked at. Or finding what has changed lately, whatever its
 * name: then every file is looked at, too.
 */
#include "mirror/search.h"

#include "base/clock.h"
#include "base/map.h"
#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/rootdir.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>

struct search {
    struct zc_mirror *m;
    int root;
    uint64_t root_dev;
    struct zc_map inos; /* (0, ino) -> any */
    struct zc_map files; /* (dev, ino) -> any */
    ZC_VEC(char *) dirs; /* still to be read */
    zc_found_names *found;
    bool by_time; /* what has changed since `floor`, not `files` */
    int64_t floor;
    bool failed;
};

static bool is_hidden(const struct search *s, const char *path, bool is_dir)
{
    const struct zc_filter *f = s->m->opt->push.filter;
    return f && zc_filter_hides(f, path, is_dir);
}

static void found_one(struct search *s, const char *dir, const char *name,
                      const struct zc_stat *st)
{
    struct zc_found_name f = {zc_relpath_join(dir, name), st->dev, st->ino};
    bool hidden = f.path && is_hidden(s, f.path, false);
    if (f.path && !hidden && zc_vec_push(s->found, f) == 0)
        return;
    s->failed |= !hidden;
    free(f.path);
}

/* Where times are whole seconds (or two) they are rounded down. */
static bool is_late(const struct search *s, const struct zc_stat *st)
{
    int64_t step = st->ctime_ns ? 0 : 2 * ZC_NSEC_PER_SEC;
    return st->ctime_s * ZC_NSEC_PER_SEC + st->ctime_ns + step >= s->floor;
}

static void add_dir(struct search *s, const char *dir, const char *name)
{
    if ((!*dir && strcmp(name, ZC_STAGING_NAME) == 0) ||
        zc_name_is_nest(name, strlen(name)))
        return;
    char *path = zc_relpath_join(dir, name);
    bool hidden = path && is_hidden(s, path, true);
    if (path && !hidden && zc_vec_push(&s->dirs, path) == 0)
        return;
    s->failed |= !hidden;
    free(path);
}

/* One entry. *TRUST: the numbers in this directory are those of stat(2); *ASKED
 * says whether that is known yet. */
static void look_at(struct search *s, const char *dir, int fd,
                    const struct dirent *e, bool *trust, bool *asked)
{
    struct zc_stat st;
    bool wanted = zc_map_get(&s->inos, 0, e->d_ino);
    if (e->d_type == DT_DIR) {
        add_dir(s, dir, e->d_name);
        return;
    }
    if (*asked && *trust && !wanted && !s->by_time && e->d_type != DT_UNKNOWN)
        return;
    if (zc_stat_at(fd, e->d_name, &st))
        return;
    if (!*asked)
        *trust = st.ino == e->d_ino;
    *asked = true;
    if (S_ISDIR(st.mode))
        add_dir(s, dir, e->d_name);
    else if (s->by_time ? is_late(s, &st)
                        : (bool)zc_map_get(&s->files, st.dev, st.ino))
        found_one(s, dir, e->d_name, &st);
}

static void walk_dir(struct search *s, const char *path)
{
    bool trust = true, asked = false;
    struct stat st;
    int fd = zc_root_open_dir(s->root, path);
    if (fd < 0)
        return;
    if (s->m->opt->push.one_file_system &&
        (fstat(fd, &st) || st.st_dev != s->root_dev)) {
        close(fd);
        return;
    }
    DIR *d = fdopendir(fd);
    if (!d) {
        close(fd);
        return;
    }
    for (struct dirent *e; (e = readdir(d));)
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            look_at(s, path, fd, e, &trust, &asked);
    closedir(d);
}

static void walk_all(struct search *s)
{
    walk_dir(s, "");
    while (s->dirs.len) {
        char *path = s->dirs.v[--s->dirs.len];
        if (atomic_load(&s->m->hurry))
            s->failed = true;
        else
            walk_dir(s, path);
        free(path);
    }
    zc_vec_fini(&s->dirs);
}

void zc_search_files(struct zc_mirror *m, int root,
                     const struct zc_inode *files, size_t n,
                     zc_found_names *found)
{
    struct search s = {.m = m, .root = root, .found = found};
    struct stat st;
    bool failed = fstat(root, &st);
    s.root_dev = failed ? 0 : st.st_dev;
    for (size_t i = 0; i < n && !failed; i++)
        failed = zc_map_put(&s.inos, 0, files[i].ino, m) ||
                 zc_map_put(&s.files, files[i].dev, files[i].ino, m);
    if (!failed)
        walk_all(&s);
    zc_map_fini(&s.inos);
    zc_map_fini(&s.files);
}

bool zc_search_changed(struct zc_mirror *m, int root, int64_t floor,
                       zc_found_names *found)
{
    struct search s = {.m = m, .root = root, .found = found, .by_time = true,
                       .floor = floor};
    struct stat st;
    if (fstat(root, &st))
        return false;
    s.root_dev = st.st_dev;
    walk_all(&s);
    return !s.failed;
}

/* --- what one may miss --- */

void zc_search_begin(struct zc_mirror *m)
{
    m->searches.under_way++;
}

void zc_search_end(struct zc_mirror *m)
{
    struct zc_searches *s = &m->searches;
    s->under_way--;
    if (!m->w)
        return;
    s->pos = zc_watch_queued(m->w);
    s->unsure = true;
}

bool zc_search_disturbed(const struct zc_mirror *m)
{
    return m->searches.under_way || m->searches.unsure;
}

void zc_search_told(struct zc_mirror *m)
{
    struct zc_searches *s = &m->searches;
    if (s->unsure && zc_watch_reached(m->w, s->pos))
        s->unsure = false;
}
