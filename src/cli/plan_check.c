// SPDX-License-Identifier: GPL-2.0-or-later
/* What can be seen to be wrong with a local DEST; see plan_check.h. */
#include "cli/plan_check.h"

#include "base/relpath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* Where the directory W stands relative to the directory PATH. */
struct above {
    bool found;     /* W is PATH itself or above it */
    bool same;      /* W is PATH itself */
    bool other_dev; /* another file system lies between */
};

/* Climbs from PATH to "/", looking for W. What cannot be opened on the way is
 * where the search ends. */
static struct above look_above(const char *path, dev_t dev, ino_t ino)
{
    struct above a = {.same = true};
    struct stat st, up;
    int fd = open(path, O_PATH | O_DIRECTORY | O_CLOEXEC);
    while (fd >= 0 && fstat(fd, &st) == 0) {
        if (st.st_dev == dev && st.st_ino == ino) {
            a.found = true;
            break;
        }
        a.same = false;
        a.other_dev |= st.st_dev != dev;
        int parent = openat(fd, "..", O_PATH | O_DIRECTORY | O_CLOEXEC);
        close(fd);
        fd = parent;
        if (fd >= 0 && fstat(fd, &up) == 0 && up.st_dev == st.st_dev &&
            up.st_ino == st.st_ino)
            break; /* ".." of the root is the root */
    }
    zc_close(&fd);
    a.same &= a.found;
    return a;
}

/* The path of DIR/NAME (NAME may be "") below SRC, on the heap; NULL when it
 * has none. DIR is there. */
static char *path_below(const char *src, const char *dir, const char *name)
{
    zc_auto_free char *root = realpath(src, NULL);
    zc_auto_free char *real = realpath(dir, NULL);
    if (!root || !real)
        return NULL;
    size_t n = strcmp(root, "/") == 0 ? 0 : strlen(root);
    if (strncmp(real, root, n) != 0 || real[n] != '/')
        return *name && strcmp(real, root) == 0 ? strdup(name) : NULL;
    if (!*name)
        return strdup(real + n + 1);
    return zc_relpath_join(real + n + 1, name);
}

/* True when the walk through S never gets to the directory PATH (which is used
 * up): a rule hides it, or it is not listed. */
static bool walk_avoids(const struct zc_plan_session *s,
                        const struct zc_push_args *args, char *path)
{
    const struct zc_fileset *only = s->names ? s->names : args->files;
    const struct zc_fileset_node *node = NULL;
    bool all = only == NULL;
    for (char *at = path;;) {
        size_t n = strcspn(at, "/");
        char end = at[n];
        at[n] = '\0';
        if (args->filter && zc_filter_hides(args->filter, path, true))
            return true;
        if (!all) {
            node = zc_fileset_child(only, node, at, n);
            if (!node)
                return true;
            all = zc_fileset_recurses(node);
        }
        if (!end)
            return !all;
        at[n] = end;
        at += n + 1;
    }
}

static bool is_avoided(const struct zc_plan_session *s,
                       const struct zc_push_args *args, const char *dir,
                       const char *name)
{
    zc_auto_free char *path = path_below(s->src, dir, name);
    return path && walk_avoids(s, args, path);
}

/* The directory SRC of session S, (DEV, INO), is to be TARGET; DEST is DIR, or
 * its parent and NAME what will be made there. */
static int check_nesting(const struct zc_plan *p,
                         const struct zc_plan_session *s,
                         const struct zc_push_args *args, const char *src,
                         const struct stat *id, const char *target,
                         const char *dir, const char *name, struct zc_err *err)
{
    struct stat st;
    bool there = stat(target, &st) == 0;
    if (there && st.st_dev == id->st_dev && st.st_ino == id->st_ino)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "SRC %s and DEST %s are the same directory", src,
                          target);
    struct above above = look_above(dir, id->st_dev, id->st_ino);
    if (above.found && !(args->opt.one_file_system && above.other_dev) &&
        !is_avoided(s, args, dir, name))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "DEST %s is inside SRC %s: it would be copied into "
                          "itself",
                          p->dest_text, src);
    if (args->opt.del && there &&
        look_above(src, st.st_dev, st.st_ino).found)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "SRC %s is inside DEST %s: --delete would delete it",
                          src, target);
    return 0;
}

/* The directories among the names of S. */
static int check_subdirs(const struct zc_plan *p,
                         const struct zc_plan_session *s,
                         const struct zc_push_args *args, const char *dir,
                         const char *name, struct zc_err *err)
{
    size_t n;
    const struct zc_fileset_node *const *v =
        zc_fileset_children(s->names, NULL, &n);
    for (size_t i = 0; i < n; i++) {
        struct stat st;
        if (!zc_fileset_recurses(v[i]))
            continue;
        const char *base = zc_fileset_name(v[i]);
        const char *up = strcmp(s->src, ".") == 0 ? "" : s->src;
        zc_auto_free char *src = zc_relpath_join(up, base);
        zc_auto_free char *target = zc_relpath_join(p->dest.path, base);
        if (!src || !target)
            return zc_err_nomem(err);
        if (stat(src, &st))
            return zc_plan_unusable(err, src, errno);
        if (check_nesting(p, s, args, src, &st, target, dir, name, err))
            return -1;
    }
    return 0;
}

/* File SRCs that would land on themselves. DIR and NAME as above. */
static int check_same_file(const struct zc_plan *p,
                           const struct zc_plan_session *s, const char *dir,
                           const char *name, struct zc_err *err)
{
    struct stat st;
    size_t n;
    const struct zc_fileset_node *const *nodes =
        zc_fileset_children(s->names, NULL, &n);
    bool renamed = *name && strcmp(name, zc_fileset_name(nodes[0])) != 0;
    if (stat(dir, &st) || st.st_dev != s->dev || st.st_ino != s->ino || renamed)
        return 0;
    return zc_err_set(err, ZC_EXIT_SELECT, 0,
                      "SRC %s/%s and DEST %s are the same file", s->src,
                      zc_fileset_name(nodes[0]), p->dest_text);
}

static bool goes_up(const char *path)
{
    for (const char *at = path; at; at = strchr(at, '/')) {
        at += *at == '/';
        if (strncmp(at, "..", 2) == 0 && (at[2] == '/' || !at[2]))
            return true;
    }
    return false;
}

/* Where DEST, which is no directory, would be made: *DIR, on the heap, which is
 * there, and *NAME in it, which with --mkpath may be some more. */
static int find_parent(const struct zc_push_args *args, const char *dest,
                       char **dir, const char **name, struct zc_err *err)
{
    zc_auto_free char *at = strdup(dest);
    struct stat st;
    for (;;) {
        free(*dir);
        *dir = NULL;
        *name = at ? dest + (zc_path_split(at, dir) - at) : NULL;
        if (!*name || !*dir)
            return zc_err_nomem(err);
        if (stat(*dir, &st) == 0)
            break;
        if (errno != ENOENT)
            return zc_plan_unusable(err, *dir, errno);
        if (!(args->opt.apply & ZC_APPLY_MKPATH))
            return zc_err_set(err, ZC_EXIT_SELECT, 0,
                              "DEST %s: the directory %s is missing (--mkpath "
                              "makes it)", dest, *dir);
        size_t n = strlen(*dir);
        while (n > 1 && at[n - 1] == '/')
            n--;
        at[n] = '\0';
    }
    if (goes_up(*name) && strchr(*name, '/'))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s: there cannot be '..' in what is to be made",
                          dest);
    return S_ISDIR(st.st_mode) ? 0 : zc_plan_unusable(err, *dir, ENOTDIR);
}

static int check_local(const struct zc_plan *p, const struct zc_push_args *args,
                       struct zc_err *err)
{
    const char *dest = p->dest.path, *name = "";
    zc_auto_free char *parent = NULL;
    struct stat st;
    bool single = p->sessions.v[0].single_file;
    bool there = stat(dest, &st) == 0;
    if (!there && errno != ENOENT)
        return zc_plan_unusable(err, dest, errno);
    if (there && !S_ISDIR(st.st_mode) && (!single || p->dest_is_dir))
        return zc_plan_unusable(err, dest, ENOTDIR);
    if (!there && !single && lstat(dest, &st) == 0)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s: a symlink that leads nowhere", dest);
    if ((!there || !S_ISDIR(st.st_mode)) &&
        find_parent(args, dest, &parent, &name, err))
        return -1;
    const char *dir = parent ? parent : dest;
    for (size_t i = 0; i < p->sessions.len; i++) {
        const struct zc_plan_session *s = &p->sessions.v[i];
        const struct stat id = {.st_dev = s->dev, .st_ino = s->ino};
        if (s->names ? check_subdirs(p, s, args, dir, name, err) ||
                           check_same_file(p, s, dir, name, err)
                     : check_nesting(p, s, args, s->src, &id, dest, dir, name,
                                     err))
            return -1;
    }
    return 0;
}

int zc_plan_check(const struct zc_plan *p, const struct zc_push_args *args,
                  struct zc_err *err)
{
    if (!p->sessions.len || args->list_only)
        return 0;
    return p->dest.kind == ZC_AT_LOCAL ? check_local(p, args, err) : 0;
}
