// SPDX-License-Identifier: GPL-2.0-or-later
/* SRC... and DEST become sessions, or a refusal; see plan.h. */
#include "cli/plan.h"

#include "base/relpath.h"
#include "cli/push_places.h"
#include "fs/meta.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

int zc_plan_unusable(struct zc_err *err, const char *path, int eno)
{
    return zc_err_set(err, ZC_EXIT_SELECT, eno, "%s", path);
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
        return zc_plan_unusable(err, path, errno);
    return add_session(p, strdup(path), st) ? 0 : zc_err_nomem(err);
}

/* The session for names in DIR, which it takes over. */
static struct zc_plan_session *names_session(struct zc_plan *p, char *dir,
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

/* The last name of PATH, in the directory that has it; with ALL that is below
 * it. */
static int add_name(struct zc_plan *p, const char *path, bool all,
                    struct zc_err *err)
{
    char *dir;
    struct stat st;
    zc_auto_free char *line = NULL;
    const char *name = zc_path_split(path, &dir);
    if (!dir || asprintf(&line, "%s%s", name, all ? "/" : "") < 0) {
        free(dir);
        line = NULL;
        return zc_err_nomem(err);
    }
    if (stat(dir, &st)) {
        int eno = errno;
        free(dir);
        return zc_plan_unusable(err, path, eno);
    }
    struct zc_plan_session *s = names_session(p, dir, &st);
    if (!s)
        return zc_err_nomem(err);
    return zc_fileset_add(s->names, line, strlen(line), err);
}

/* A directory among several SRC that is to be DEST/name. */
static int add_subdir(struct zc_plan *p, const struct zc_push_args *args,
                      const char *path, struct zc_err *err)
{
    zc_auto_free char *dir = NULL;
    struct zc_stat st, up;
    const char *name = zc_path_split(path, &dir);
    if (!dir)
        return zc_err_nomem(err);
    /* The walk begins above it, and would not enter it. */
    if (args->opt.one_file_system && !zc_stat_path(path, &st) &&
        !zc_stat_path(dir, &up) &&
        (st.dev != up.dev || st.mnt_id != up.mnt_id))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "SRC %s is a mount point: with -x and several SRC it "
                          "has to be pushed by itself, to %s/%s",
                          path, p->dest_text, name);
    return add_name(p, path, true, err);
}

/* What a slash at the end says, too: what is in it is meant, not it itself. */
static bool means_content(const struct zc_endpoint *e)
{
    const char *slash = strrchr(e->path, '/');
    const char *name = slash ? slash + 1 : e->path;
    return e->trailing_slash || !*name || strcmp(name, ".") == 0 ||
           strcmp(name, "..") == 0;
}

/* After an errno: a SRC that may be missing is. */
static bool is_missing(const struct zc_push_args *args)
{
    return errno == ENOENT && args->opt.walk & (ZC_WALK_IGNORE_MISSING |
                                                ZC_WALK_DELETE_MISSING);
}

/* PATH is not there: its name may be all that is to be told of it. */
static int add_missing(struct zc_plan *p, const struct zc_push_args *args,
                       const char *path, struct zc_err *err)
{
    zc_auto_free char *dir = NULL;
    struct stat st;
    if (!(args->opt.walk & ZC_WALK_DELETE_MISSING))
        return 0;
    p->missing = true;
    zc_path_split(path, &dir);
    return dir && !stat(dir, &st) ? add_name(p, path, false, err) : 0;
}

/* ALONE: it is the only SRC. */
static int add_local(struct zc_plan *p, const struct zc_push_args *args,
                     const struct zc_endpoint *e, bool alone,
                     struct zc_err *err)
{
    struct stat st, to;
    if (lstat(e->path, &st))
        return is_missing(args) ? add_missing(p, args, e->path, err)
                                : zc_plan_unusable(err, e->path, errno);
    int eno = stat(e->path, &to) ? errno : S_ISDIR(to.st_mode) ? 0 : ENOTDIR;
    if (!eno && (alone || means_content(e)))
        return add_dir(p, e->path, &to, err);
    if (S_ISDIR(st.st_mode))
        return add_subdir(p, args, e->path, err);
    if (e->trailing_slash)
        return zc_plan_unusable(err, e->path, eno);
    return add_name(p, e->path, false, err);
}

/* --- -R: DEST gets the whole path, or what is behind "/./" in it --- */

/* A directory on the way of TEXT, below ROOT, that is a symlink: the walk would
 * send it, and not go on behind it. On the heap, or NULL. */
static char *symlink_on_way(const char *root, const char *text)
{
    struct stat st;
    for (const char *at = text; (at = strchr(at, '/')) && at[1]; at++) {
        zc_auto_free char *part = strndup(text, (size_t)(at - text));
        zc_auto_free char *path = part ? zc_relpath_join(root, part) : NULL;
        if (path && !lstat(path, &st) && S_ISLNK(st.st_mode))
            return strdup(part);
    }
    return NULL;
}

/* With -x nothing would be entered that is another mount than the top. */
static int check_mounts(const struct zc_push_args *args, const char *text,
                        const char *root, struct zc_err *err)
{
    struct zc_stat st, top;
    if (!args->opt.one_file_system || zc_stat_path(text, &st) ||
        zc_stat_path(root, &top) ||
        (st.dev == top.dev && st.mnt_id == top.mnt_id))
        return 0;
    return zc_err_set(err, ZC_EXIT_USAGE, 0,
                      "SRC %s is on another file system than %s: with -x and -R "
                      "it has to be pushed from there", text, root);
}

/* BELOW ROOT, where it is ST. */
static int add_below(struct zc_plan *p, const struct zc_push_args *args,
                     const char *text, const char *root, const char *below,
                     const struct stat *st, struct zc_err *err)
{
    struct stat top;
    zc_auto_free char *line = NULL;
    if (asprintf(&line, "%s%s", below, S_ISDIR(st->st_mode) ? "/" : "") < 0) {
        line = NULL;
        return zc_err_nomem(err);
    }
    if (stat(root, &top))
        return zc_plan_unusable(err, root, errno);
    zc_auto_free char *link = args->opt.walk & ZC_WALK_COPY_LINKS
                                  ? NULL
                                  : symlink_on_way(root, below);
    if (link)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "SRC %s: %s is a symlink, and -R goes behind none (-L "
                          "does; or write /./ behind it)", text, link);
    char *dir = strdup(root);
    struct zc_plan_session *s = dir ? names_session(p, dir, &top) : NULL;
    if (!s)
        return zc_err_nomem(err);
    if (check_mounts(args, text, root, err))
        return -1;
    if (zc_fileset_add(s->names, line, strlen(line), err))
        return zc_err_prefix(err, "-R: SRC %s", text);
    return 0;
}

static int add_relative(struct zc_plan *p, const struct zc_push_args *args,
                        const char *text, struct zc_err *err)
{
    struct stat st;
    const char *mark = strstr(text, "/./");
    zc_auto_free char *root =
        mark && mark > text ? strndup(text, (size_t)(mark - text))
                    : strdup(*text == '/' ? "/" : ".");
    const char *below = mark ? mark + 3 : text;
    below += strspn(below, "/");
    if (!root)
        return zc_err_nomem(err);
    if (lstat(text, &st) && is_missing(args)) {
        st.st_mode = S_IFREG;
        if (!(args->opt.walk & ZC_WALK_DELETE_MISSING))
            return 0;
    } else if (lstat(text, &st)) {
        return zc_plan_unusable(err, text, errno);
    }
    if (!*below || strcmp(below, ".") == 0)
        return stat(root, &st) ? zc_plan_unusable(err, root, errno)
                               : add_dir(p, root, &st, err);
    return add_below(p, args, text, root, below, &st, err);
}

static int add_src(struct zc_plan *p, const struct zc_push_args *args,
                   const char *text, bool alone, struct zc_err *err)
{
    struct zc_endpoint e;
    int r = -1;
    if (zc_endpoint_parse(text, &e, err))
        return -1;
    if (e.kind != ZC_AT_LOCAL)
        zc_err_set(err, ZC_EXIT_USAGE, 0,
                   "SRC %s is on another host: 'zcsync pull' brings what is "
                   "there", text);
    else if (args->relative == ZC_SHOW_ON && !args->files_from)
        r = add_relative(p, args, text, err);
    else
        r = add_local(p, args, &e, alone, err);
    zc_endpoint_fini(&e);
    return r;
}

/* A name in both A and B that is all of a directory in one of them, or NULL. */
static const char *same_name(const struct zc_plan_session *a,
                             const struct zc_plan_session *b)
{
    size_t n;
    const struct zc_fileset_node *const *v =
        zc_fileset_children(a->names, NULL, &n);
    for (size_t i = 0; i < n; i++) {
        const char *name = zc_fileset_name(v[i]);
        const struct zc_fileset_node *other =
            zc_fileset_child(b->names, NULL, name, strlen(name));
        if (other &&
            (zc_fileset_recurses(v[i]) || zc_fileset_recurses(other)))
            return name;
    }
    return NULL;
}

/* Where each of several would delete what another one has brought. */
static int check_deletions(const struct zc_plan *p, size_t n_src,
                           struct zc_err *err)
{
    for (size_t i = 0; i < p->sessions.len; i++) {
        const struct zc_plan_session *s = &p->sessions.v[i];
        if (n_src > 1 && !s->names)
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "with --delete SRC %s/ has to stand alone: it "
                              "would delete what the other SRC bring (without "
                              "the slash it goes to %s/NAME)",
                              s->src, p->dest_text);
        for (size_t k = 0; k < i; k++) {
            const char *name = same_name(s, &p->sessions.v[k]);
            if (name)
                return zc_err_set(err, ZC_EXIT_USAGE, 0,
                                  "with --delete %s/%s and %s/%s cannot both "
                                  "go to %s: each would delete what the other "
                                  "brings", p->sessions.v[k].src, name, s->src,
                                  name, p->dest_text);
        }
    }
    return 0;
}

static int add_sources(struct zc_plan *p, const struct zc_push_args *args,
                       struct zc_err *err)
{
    size_t n = args->operands.len - 1, dirs = 0;
    for (size_t i = 0; i < n; i++)
        if (add_src(p, args, args->operands.v[i], n == 1, err))
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
    if (args->files_from && args->relative == ZC_SHOW_OFF)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--no-relative is not supported with --files-from");
    if (args->opt.del && check_deletions(p, n, err))
        return -1;
    if (n == 1 && !dirs && !p->missing && p->sessions.len &&
        args->relative != ZC_SHOW_ON)
        p->sessions.v[0].single_file = true;
    return 0;
}

/* --- DEST, or DEST/NAME? --- */

/* The last name of DEST, on the heap, or NULL. */
static char *dest_name(const struct zc_plan *p)
{
    const struct zc_endpoint *d = &p->dest;
    bool local = d->kind == ZC_AT_LOCAL;
    zc_auto_free char *real = local ? realpath(d->path, NULL) : NULL;
    const char *path = real ? real : !local && !*d->path ? d->share : d->path;
    const char *slash = strrchr(path, '/');
    return strdup(slash ? slash + 1 : path);
}

/* `rsync -a --delete www bk` is about bk/www. Who writes that here is asked,
 * where bk is something else than a copy of www. */
static int look_for_doubt(struct zc_plan *p, const struct zc_push_args *args,
                          struct zc_err *err)
{
    struct zc_endpoint src;
    if (!zc_doubt_possible(args) || !p->sessions.len ||
        p->sessions.v[0].names)
        return 0;
    if (zc_endpoint_parse(args->operands.v[0], &src, err))
        return -1;
    zc_auto_free char *its_name = dest_name(p);
    const char *slash = strrchr(src.path, '/');
    int r = means_content(&src)
                ? 0
                : zc_doubt_make(&p->doubt, src.path,
                                slash ? slash + 1 : src.path, p->dest_text,
                                its_name, err);
    /* A mirror starts again when all of its files have other names, too. */
    p->doubt.nested |= args->as == ZC_AS_MIRROR;
    zc_endpoint_fini(&src);
    return r;
}

/* --- all of it --- */

int zc_plan_make(struct zc_plan *p, const struct zc_push_args *args,
                 struct zc_err *err)
{
    *p = (struct zc_plan){0};
    p->dest_text = args->operands.v[args->operands.len - 1];
    if (zc_push_args_dest(args, &p->dest, err) ||
        zc_push_args_reach(args, p->dest_text, &p->dest, err))
        return -1;
    if (add_sources(p, args, err))
        return -1;
    p->dest_is_dir = p->dest.trailing_slash || args->operands.len > 2 ||
                     args->relative == ZC_SHOW_ON || p->missing;
    if (p->dest.kind != ZC_AT_LOCAL && zc_require_in_dir(&args->require_dest))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "DEST %s is on another host, which says itself what it "
                          "requires: 'require mount' and 'require file' of its "
                          "zcsync.conf, or the same options of 'zcsync serve'",
                          p->dest_text);
    return look_for_doubt(p, args, err);
}

void zc_plan_ask(const struct zc_plan *p, struct zc_options *session)
{
    zc_doubt_ask(&p->doubt, session);
}

void zc_plan_fini(struct zc_plan *p)
{
    for (size_t i = 0; i < p->sessions.len; i++) {
        free(p->sessions.v[i].src);
        zc_fileset_free(p->sessions.v[i].names);
    }
    zc_vec_fini(&p->sessions);
    zc_vec_fini(&p->earlier);
    zc_doubt_fini(&p->doubt);
    zc_endpoint_fini(&p->dest);
    *p = (struct zc_plan){0};
}
