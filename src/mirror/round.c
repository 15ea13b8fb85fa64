// SPDX-License-Identifier: GPL-2.0-or-later
/* A round as a set of names: is a path in it, and the same round with more. */
#include "mirror/round.h"

#include "base/relpath.h"

#include <string.h>

/* --- what a round covers --- */

static int cmp_dir(const void *key, const void *element)
{
    const struct zc_round_dir *d = element;
    return zc_relpath_cmp(key, d->path);
}

static int cmp_name(const void *key, const void *element)
{
    const struct zc_round_name *n = element;
    return strcmp(key, n->name);
}

static const struct zc_round_name *
find_name(const struct zc_round_dir *d, const char *name)
{
    return d->n ? bsearch(name, d->names, d->n, sizeof *d->names, cmp_name)
                : NULL;
}

static const struct zc_round_dir *
find_dir(const struct zc_round *round, const char *path)
{
    return round->n_dirs ? bsearch(path, round->dirs, round->n_dirs,
                                   sizeof *round->dirs, cmp_dir)
                         : NULL;
}

bool zc_mround_covers(const struct zc_round *round, char *path)
{
    for (char *name = path; !round->all;) {
        char *before = name > path ? name - 1 : NULL;
        char *after = strchr(name, '/');
        if (before)
            *before = '\0';
        const struct zc_round_dir *d = find_dir(round, before ? path : "");
        if (before)
            *before = '/';
        if (after)
            *after = '\0';
        const struct zc_round_name *n =
            d && !d->whole ? find_name(d, name) : NULL;
        if (!after)
            return d && (d->whole || n);
        *after = '/';
        if (n && (n->what & ZC_CHANGE_DEEP))
            return true;
        name = after + 1;
    }
    return true;
}

/* --- adding names to a round --- */

static int cmp_dirs(const void *a, const void *b)
{
    const struct zc_round_dir *x = a, *y = b;
    return zc_relpath_cmp(x->path, y->path);
}

static int cmp_names(const void *a, const void *b)
{
    const struct zc_round_name *x = a, *y = b;
    return strcmp(x->name, y->name);
}

/* Memory that lasts until the end of the round; NULL when there is none. */
static void *scratch(struct zc_mround *m, size_t n)
{
    void *memory = malloc(n ? n : 1);
    if (memory && zc_mround_own(m, memory)) {
        free(memory);
        memory = NULL;
    }
    return memory;
}

/* By directory, then by name: "a/z" before "a/b/c". */
static int cmp_paths(const void *a, const void *b)
{
    const char *x = *(char *const *)a, *y = *(char *const *)b;
    const char *xs = strrchr(x, '/'), *ys = strrchr(y, '/');
    size_t xn = xs ? (size_t)(xs - x) : 0, yn = ys ? (size_t)(ys - y) : 0;
    int r = zc_name_cmp(x, xn, y, yn);
    return r ? r : strcmp(x, y);
}

/* The round's directories, and new ones for those of PATHS (sorted) that it
 * does not have; sorted. -1: no memory. */
static int add_dirs(struct zc_mround *m, const struct zc_round *round,
                    char **dirs, size_t n)
{
    struct zc_round_dir *v =
        scratch(m, (round->n_dirs + n) * sizeof *v);
    size_t len = round->n_dirs;
    if (!v)
        return -1;
    if (len)
        memcpy(v, round->dirs, len * sizeof *v);
    m->round = *round;
    for (size_t i = 0; i < n; i++)
        if ((i == 0 || strcmp(dirs[i], dirs[i - 1]) != 0) &&
            !find_dir(round, dirs[i]))
            v[len++] = (struct zc_round_dir){.path = dirs[i]};
    qsort(v, len, sizeof *v, cmp_dirs);
    m->round.dirs = v;
    m->round.n_dirs = len;
    return 0;
}

/* Adds the N NAMES to D. */
static int add_names(struct zc_mround *m, struct zc_round_dir *d, char **names,
                     size_t n)
{
    struct zc_round_name *v = scratch(m, (d->n + n) * sizeof *v);
    if (!v)
        return -1;
    if (d->n)
        memcpy(v, d->names, d->n * sizeof *v);
    for (size_t i = 0; i < n; i++)
        v[d->n + i] = (struct zc_round_name){names[i], ZC_CHANGE_META};
    qsort(v, d->n + n, sizeof *v, cmp_names);
    d->names = v;
    d->n += n;
    return 0;
}

int zc_mround_add(struct zc_mround *m, const struct zc_round *round,
                     char **paths, size_t n)
{
    char **dirs = scratch(m, n * sizeof *dirs);
    char **names = scratch(m, n * sizeof *names);
    if (!dirs || !names)
        return -1;
    qsort(paths, n, sizeof *paths, cmp_paths);
    for (size_t i = 0; i < n; i++) {
        char *slash = strrchr(paths[i], '/');
        dirs[i] = slash ? paths[i] : "";
        names[i] = slash ? slash + 1 : paths[i];
        if (slash)
            *slash = '\0';
    }
    if (add_dirs(m, round, dirs, n))
        return -1;
    for (size_t i = 0, end; i < n; i = end) {
        for (end = i + 1; end < n && strcmp(dirs[end], dirs[i]) == 0;)
            end++;
        struct zc_round_dir *d =
            (struct zc_round_dir *)find_dir(&m->round, dirs[i]);
        if (!d || add_names(m, d, names + i, end - i))
            return -1;
    }
    return 0;
}

int zc_mround_own(struct zc_mround *m, void *memory)
{
    return zc_vec_push(&m->scratch, memory);
}

void zc_mround_clear(struct zc_mround *m)
{
    for (size_t i = 0; i < m->scratch.len; i++)
        free(m->scratch.v[i]);
    m->scratch.len = 0;
}

void zc_mround_fini(struct zc_mround *m)
{
    zc_mround_clear(m);
    zc_vec_fini(&m->scratch);
}
