// SPDX-License-Identifier: GPL-2.0-or-later
/* The names of a tree, in order; see verify_walk.h. */
#include "mirror/verify_walk.h"

#include "base/relpath.h"
#include "fs/meta.h"
#include "fs/rootdir.h"
#include "tree/names.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* A directory on the way to where the walk is. */
struct level {
    struct zc_names names;
    size_t at;       /* the next one */
    size_t path_len; /* of its own path */
};

struct zc_verify_walk {
    int root;
    bool (*enters)(void *arg, const char *path);
    bool (*offers)(void *arg, const char *name);
    void *arg;
    ZC_VEC(struct level) levels;
    struct zc_buf path; /* of the last name, NUL-ended */
    int dirfd; /* of the last level; -1: not open */
};

static struct level *last(struct zc_verify_walk *k)
{
    return k->levels.len ? &k->levels.v[k->levels.len - 1] : NULL;
}

static const char *path_of(const struct zc_verify_walk *k)
{
    return (const char *)k->path.data;
}

/* The path of NAME in L. -1: no memory. */
static int set_path(struct zc_verify_walk *k, const struct level *l,
                    const char *name)
{
    k->path.len = l->path_len;
    if (l->path_len)
        zc_buf_u8(&k->path, '/');
    zc_buf_put(&k->path, name, strlen(name) + 1);
    k->path.len--;
    return k->path.failed ? -1 : 0;
}

/* Goes down into the directory that path is of. One that cannot be listed is
 * empty. */
static int push(struct zc_verify_walk *k)
{
    struct level l = {.path_len = k->path.len};
    zc_close(&k->dirfd);
    k->dirfd = zc_root_open_dir(k->root, path_of(k));
    if (k->dirfd >= 0)
        (void)zc_names_read(k->dirfd, &l.names);
    if (!zc_vec_push(&k->levels, l))
        return 0;
    zc_names_fini(&l.names);
    return -1;
}

static void pop(struct zc_verify_walk *k)
{
    zc_close(&k->dirfd);
    zc_names_fini(&last(k)->names);
    k->levels.len--;
}

/* Goes down to FROM, as far as there is a way. */
static int seek(struct zc_verify_walk *k, const char *from)
{
    while (*from) {
        char name[ZC_NAME_MAX + 1];
        struct level *l = last(k);
        size_t n = ZC_MIN(strcspn(from, "/"), (size_t)ZC_NAME_MAX);
        memcpy(name, from, n);
        name[n] = '\0';
        l->at = zc_names_lower_bound(&l->names, name, n);
        if (l->at == l->names.len ||
            strcmp(zc_names_at(&l->names, l->at), name) != 0)
            return 0;
        l->at++;
        if (set_path(k, l, name))
            return -1;
        if (!k->enters(k->arg, path_of(k)))
            return 0;
        if (push(k))
            return -1;
        from += n;
        from += *from == '/';
    }
    return 0;
}

struct zc_verify_walk *zc_verify_walk_new(
    int root, const char *from, bool (*enters)(void *arg, const char *path),
    bool (*offers)(void *arg, const char *name), void *arg)
{
    struct zc_verify_walk *k = calloc(1, sizeof *k);
    if (!k)
        return NULL;
    *k = (struct zc_verify_walk){.root = root, .enters = enters,
                                 .offers = offers, .arg = arg, .dirfd = -1};
    zc_buf_put(&k->path, "", 1);
    k->path.len = 0;
    if (!k->path.failed && !push(k) && !seek(k, from))
        return k;
    zc_verify_walk_free(k);
    return NULL;
}

void zc_verify_walk_free(struct zc_verify_walk *k)
{
    if (!k)
        return;
    while (k->levels.len)
        pop(k);
    zc_vec_fini(&k->levels);
    zc_buf_fini(&k->path);
    free(k);
}

void zc_verify_paths_clear(zc_verify_paths *paths)
{
    for (size_t i = 0; i < paths->len; i++)
        free(paths->v[i]);
    paths->len = 0;
}

/* Bytes to be read of NAME in the last level; *IS_DIR. */
static uint64_t look(struct zc_verify_walk *k, const struct level *l,
                     const char *name, bool *is_dir)
{
    struct zc_stat st;
    uint8_t own = 0;
    *is_dir = false;
    if (k->dirfd < 0) { /* it was that of a directory in this one */
        uint8_t *end = k->path.data + l->path_len;
        own = *end;
        *end = '\0';
        k->dirfd = zc_root_open_dir(k->root, path_of(k));
        *end = own;
    }
    if (k->dirfd < 0 || zc_stat_at(k->dirfd, name, &st))
        return 0;
    *is_dir = S_ISDIR(st.mode);
    return S_ISREG(st.mode) ? ZC_MIN(st.size, st.blocks * 512) : 0;
}

/* Adds the next name of L. */
static int add(struct zc_verify_walk *k, struct level *l, uint64_t *data,
               zc_verify_paths *paths)
{
    bool is_dir;
    const char *name = zc_names_at(&l->names, l->at);
    l->at++;
    if (!k->offers(k->arg, name))
        return 0;
    if (set_path(k, l, name))
        return -1;
    *data += look(k, l, name, &is_dir);
    char *copy = strdup(path_of(k));
    if (!copy || zc_vec_push(paths, copy)) {
        free(copy);
        return -1;
    }
    return is_dir && k->enters(k->arg, path_of(k)) ? push(k) : 0;
}

int zc_verify_walk_next(struct zc_verify_walk *k, size_t max, uint64_t bytes,
                        zc_verify_paths *paths)
{
    uint64_t data = 0;
    while (k->levels.len && paths->len < max && data < bytes) {
        struct level *l = last(k);
        if (l->at == l->names.len)
            pop(k);
        else if (add(k, l, &data, paths))
            return -1;
    }
    return paths->len ? 1 : 0;
}
