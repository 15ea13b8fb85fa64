// SPDX-License-Identifier: GPL-2.0-or-later
/* SRC... and DEST become sessions, or a refusal; see plan.h. */
#include "cli/plan.h"
#include "base/relpath.h"

#include <fcntl.h>
#include <string.h>
#include <sys/stat.h>

/* A path that cannot be used, in the words of cp(1) and rsync(1). */
static int unusable(struct zc_err *err, const char *path, int eno)
{
    return zc_err_set(err, ZC_EXIT_SELECT, eno, "%s", path);
}

/* Splits PATH (no trailing slash, not "/") into *DIR, on the heap, and the last
 * name, inside PATH. */
static const char *split(const char *path, char **dir)
{
    const char *slash = strrchr(path, '/');
    if (!slash)
        *dir = strdup(".");
    else
        *dir = strndup(path, slash == path ? 1 : (size_t)(slash - path));
    return slash ? slash + 1 : path;
}

/* --- SRC --- */

static struct zc_plan_session *add_session(struct zc_plan *p, char *src,
                                           const struct stat *st)
{
    struct zc_plan_session s = {
        .src = src, .dev = st->st_dev, .ino = st->st_ino};
    if (!src || zc_vec_push(&p->sessions, s)) {
        free(src);
        return NULL;
    }
    return &p->sessions.v[p->sessions.len - 1];
}

static int add_dir(struct zc_plan *p, const char *path, const struct stat *st,
                   struct zc_err *err)
{
    zc_auto_close int fd = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return unusable(err, path, errno);
    return add_session(p, strdup(path), st) ? 0 : zc_err_nomem(err);
}

/* The session for files in DIR, which it takes over. */
static struct zc_plan_session *files_session(struct zc_plan *p, char *dir,
                                             const struct stat *st)
{
    for (size_t i = 0; i < p->sessions.len; i++) {
        struct zc_plan_session *s = &p->sessions.v[i];
        if (s->names && s->dev == st->st_dev && s->ino == st->st_ino) {
            free(dir);
            return s;
        }
    }
    struct zc_plan_session *s = add_session(p, dir, st);
    if (s)
        s->names = zc_fileset_new();
    return s && s->names ? s : NULL;
}

static int add_file(struct zc_plan *p, const char *path, struct zc_err *err)
{
    char *dir;
    struct stat st;
    const char *name = split(path, &dir);
    if (!dir)
        return zc_err_nomem(err);
    if (stat(dir, &st)) {
        int eno = errno;
        free(dir);
        return unusable(err, path, eno);
    }
    struct zc_plan_session *s = files_session(p, dir, &st);
    if (!s)
        return zc_err_nomem(err);
    return zc_fileset_add(s->names, name, strlen(name), err);
}

static int add_src(struct zc_plan *p, const char *text, struct zc_err *err)
{
    struct zc_endpoint e;
    struct stat st;
    int r = -1;
    if (zc_endpoint_parse(text, &e, err))
        return -1;
    if (e.kind != ZC_AT_LOCAL)
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "SRC %s is on another host: pull is not supported yet",
                   text);
    else if (stat(e.path, &st) == 0 && S_ISDIR(st.st_mode))
        r = add_dir(p, e.path, &st, err);
    else if (lstat(e.path, &st))
        unusable(err, e.path, errno);
    else if (e.trailing_slash)
        unusable(err, text, stat(e.path, &st) ? errno : ENOTDIR);
    else
        r = add_file(p, e.path, err);
    zc_endpoint_fini(&e);
    return r;
}

static int add_sources(struct zc_plan *p, const struct zc_push_args *args,
                       struct zc_err *err)
{
    size_t n = args->operands.len - 1, dirs = 0;
    for (size_t i = 0; i < n; i++)
        if (add_src(p, args->operands.v[i], err))
            return -1;
    for (size_t i = 0; i < p->sessions.len; i++) {
        struct zc_plan_session *s = &p->sessions.v[i];
        dirs += s->names == NULL;
        if (s->names && zc_fileset_sort(s->names))
            return zc_err_nomem(err);
        struct zc_earlier_src earlier = {s->src, s->names};
        if (zc_vec_push(&p->earlier, earlier))
            return zc_err_nomem(err);
    }
    if (args->files_from && (n != 1 || dirs != 1))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--files-from needs SRC to be one directory");
    if (args->opt.del && dirs && n > 1)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--delete needs a single SRC: each of several would "
                          "delete what the others brought");
    if (n == 1 && !dirs)
        p->sessions.v[0].single_file = true;
    return 0;
}

/* --- a local DEST --- */

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

/* True when the walk through SRC never gets to the directory PATH (which is
 * used up): a rule hides it, or --files-from does not list it. */
static bool walk_avoids(const struct zc_push_args *args, char *path)
{
    const struct zc_fileset_node *node = NULL;
    bool all = args->files == NULL;
    for (char *at = path;;) {
        size_t n = strcspn(at, "/");
        char end = at[n];
        at[n] = '\0';
        if (args->filter && zc_filter_hides(args->filter, path, true))
            return true;
        if (!all) {
            node = zc_fileset_child(args->files, node, at, n);
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

static bool is_avoided(const struct zc_push_args *args, const char *src,
                       const char *dir, const char *name)
{
    zc_auto_free char *path = path_below(src, dir, name);
    return path && walk_avoids(args, path);
}

/* SRC (a whole directory) against DEST: DIR is DEST, or its parent and NAME
 * what will be made there. */
static int check_nesting(const struct zc_plan *p,
                         const struct zc_plan_session *s,
                         const struct zc_push_args *args, const char *dir,
                         const char *name, struct zc_err *err)
{
    struct stat st;
    struct above src_above = look_above(dir, s->dev, s->ino);
    if (src_above.same && !*name)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "SRC %s and DEST %s are the same directory", s->src,
                          p->dest_text);
    if (src_above.found &&
        !(args->opt.one_file_system && src_above.other_dev) &&
        !is_avoided(args, s->src, dir, name))
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "DEST %s is inside SRC %s: it would be copied into "
                          "itself",
                          p->dest_text, s->src);
    if (args->opt.del && !*name && stat(dir, &st) == 0 &&
        look_above(s->src, st.st_dev, st.st_ino).found)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "SRC %s is inside DEST %s: --delete would delete it",
                          s->src, p->dest_text);
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

static int check_local_dest(struct zc_plan *p, const struct zc_push_args *args,
                            struct zc_err *err)
{
    const char *dest = p->dest.path, *name = "";
    zc_auto_free char *parent = NULL;
    struct stat st;
    bool single = p->sessions.v[0].single_file;
    bool there = stat(dest, &st) == 0;
    if (!there && errno != ENOENT)
        return unusable(err, dest, errno);
    if (there && !S_ISDIR(st.st_mode) && (!single || p->dest_is_dir))
        return unusable(err, dest, ENOTDIR);
    if (!there && !single && lstat(dest, &st) == 0)
        return zc_err_set(err, ZC_EXIT_SELECT, 0,
                          "%s: a symlink that leads nowhere", dest);
    if (!there || !S_ISDIR(st.st_mode)) {
        name = split(dest, &parent);
        if (!parent)
            return zc_err_nomem(err);
        if (stat(parent, &st))
            return unusable(err, parent, errno);
        if (!S_ISDIR(st.st_mode))
            return unusable(err, parent, ENOTDIR);
    }
    const char *dir = parent ? parent : dest;
    for (size_t i = 0; i < p->sessions.len; i++) {
        const struct zc_plan_session *s = &p->sessions.v[i];
        if (s->names ? check_same_file(p, s, dir, name, err)
                     : check_nesting(p, s, args, dir, name, err))
            return -1;
    }
    return 0;
}

int zc_plan_make(struct zc_plan *p, const struct zc_push_args *args,
                 struct zc_err *err)
{
    *p = (struct zc_plan){0};
    p->dest_text = args->operands.v[args->operands.len - 1];
    if (zc_endpoint_parse(p->dest_text, &p->dest, err))
        return -1;
    if (p->dest.kind == ZC_AT_SSH)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "DEST %s is reached over SSH, which is not supported "
                          "yet (HOST::SHARE is a daemon)",
                          p->dest_text);
    if (add_sources(p, args, err))
        return -1;
    p->dest_is_dir = p->dest.trailing_slash || args->operands.len > 2;
    if (p->dest.kind == ZC_AT_LOCAL)
        return check_local_dest(p, args, err);
    if (zc_require_in_dir(&args->require_dest))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "DEST %s is on another host, which says itself what it "
                          "requires: 'require mount' and 'require file' of its "
                          "zcsync.conf, or the same options of 'zcsync serve'",
                          p->dest_text);
    return 0;
}

void zc_plan_fini(struct zc_plan *p)
{
    for (size_t i = 0; i < p->sessions.len; i++) {
        free(p->sessions.v[i].src);
        zc_fileset_free(p->sessions.v[i].names);
    }
    zc_vec_fini(&p->sessions);
    zc_vec_fini(&p->earlier);
    zc_endpoint_fini(&p->dest);
    *p = (struct zc_plan){0};
}
