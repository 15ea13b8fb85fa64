// SPDX-License-Identifier: GPL-2.0-or-later
/* SRC... and DEST of a pull; see pull_plan.h. */
#include "cli/pull_plan.h"

#include "base/relpath.h"
#include "cli/push_places.h"
#include "tree/fileset.h"

#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

/* The last name of PATH; "": it has none that a user could mean. */
static const char *last_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    return zc_name_ok(name, strlen(name)) && *name != '~' ? name : "";
}

static bool is_dir(const char *path)
{
    struct stat st;
    return stat(path, &st) == 0 && S_ISDIR(st.st_mode);
}

/* One of several SRC is DEST/name, unless what is in it is meant; the only one
 * is DEST itself. */
static int place(struct zc_pull_session *s, const char *dest, bool dir,
                 bool several, struct zc_err *err)
{
    const char *name = s->at.trailing_slash ? "" : last_name(s->at.path);
    if (several && *name) {
        if (asprintf(&s->dest, "%s/%s", dest, name) < 0)
            s->dest = NULL;
        if (!s->dest || !(s->new_name = strdup(name)))
            return zc_err_nomem(err);
        return 0;
    }
    s->dest = strdup(dest);
    if (!s->dest)
        return zc_err_nomem(err);
    name = last_name(dest);
    if (dir || !*name)
        return 0;
    s->new_name = strdup(name);
    return s->new_name ? 0 : zc_err_nomem(err);
}

/* --- -R: DEST gets all of the path, or what is behind "/./" in it --- */

/* How much of TEXT is the place that the rest lies in, where it says so; *BELOW is
 * the rest. 0: it does not. */
static size_t find_mark(const char *text, const char **below)
{
    const char *mark = strstr(text, "/./");
    if (!mark || mark == text)
        return 0;
    *below = mark + 3;
    return (size_t)(mark - text) + (mark[-1] == ':'); /* HOST:/ */
}

/* The place of S is SRC: divides it in one that is there for all of them, and what
 * is below that; on the heap, or NULL. */
static char *divide(struct zc_pull_session *s)
{
    const char *path = s->at.path, *below = path;
    const char *root = s->at.kind == ZC_AT_DAEMON ? ""
                       : *path == '/'             ? "/"
                                                  : ".";
    size_t home = *path == '~' ? strcspn(path, "/") : 0;
    if (home)
        below += home;
    below += strspn(below, "/");
    char *rest = strdup(below);
    char *place = home ? strndup(path, home) : strdup(root);
    free(s->at.path);
    s->at.path = place;
    if (place)
        return rest;
    free(rest);
    return NULL;
}

/* BELOW the place of S is what SRC names, be it a file or a directory with all
 * that is in it. */
static int take_below(struct zc_pull_session *s, const char *below,
                      struct zc_err *err)
{
    struct zc_fileset *set = zc_fileset_new();
    zc_auto_free char *line = NULL;
    int r = -1;
    if (asprintf(&line, "%s/", below) < 0)
        line = NULL;
    if (!set || !line)
        zc_err_nomem(err);
    else if (zc_fileset_add(set, line, strlen(line), err))
        zc_err_prefix(err, "-R: SRC %s", s->text);
    else if (zc_fileset_sort(set) || zc_fileset_encode(set, &s->names))
        zc_err_nomem(err);
    else
        r = 0;
    zc_fileset_free(set);
    return r;
}

static int place_relative(struct zc_pull_session *s, const char *dest,
                          const char *below, struct zc_err *err)
{
    zc_auto_free char *rest = below ? strdup(below) : divide(s);
    s->dest = strdup(dest);
    if (!rest || !s->dest)
        return zc_err_nomem(err);
    size_t n = strspn(rest, "/.");
    return rest[n] || strstr(rest, "..") ? take_below(s, rest, err) : 0;
}

int zc_pull_parse_src(const struct zc_push_args *args, const char *text,
                      struct zc_endpoint *at, const char **below,
                      struct zc_err *err)
{
    *below = NULL;
    size_t n = args->relative == ZC_SHOW_ON ? find_mark(text, below) : 0;
    zc_auto_free char *place = n ? strndup(text, n) : strdup(text);
    return place ? zc_endpoint_parse(place, at, err) : zc_err_nomem(err);
}

static int add_src(struct zc_pull_plan *p, const struct zc_push_args *args,
                   const char *text,
                   const struct zc_endpoint *dest, bool dir, bool several,
                   struct zc_err *err)
{
    struct zc_pull_session s = {.text = text, .names = ZC_BUF_INIT};
    bool relative = args->relative == ZC_SHOW_ON && !args->files;
    const char *below;
    if (zc_pull_parse_src(args, text, &s.at, &below, err))
        return -1;
    if (zc_push_args_reach(args, text, &s.at, err)) {
        zc_endpoint_fini(&s.at);
        return -1;
    }
    if (zc_vec_push(&p->sessions, s)) {
        zc_endpoint_fini(&s.at);
        return zc_err_nomem(err);
    }
    if (s.at.kind == ZC_AT_LOCAL)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "SRC %s is on this machine, unlike another one: push "
                          "it by itself", text);
    struct zc_pull_session *last = &p->sessions.v[p->sessions.len - 1];
    return relative ? place_relative(last, dest->path, below, err)
                    : place(last, dest->path, dir, several, err);
}

/* The listed path A is B, or above it. */
static bool is_above(const struct zc_buf *a, const struct zc_buf *b)
{
    return a->len && b->len >= a->len &&
           memcmp(a->data, b->data, a->len - 1) == 0; /* "a/" and a NUL */
}

static bool is_same_place(const struct zc_endpoint *a,
                          const struct zc_endpoint *b)
{
    const char *const x[] = {a->user, a->host, a->port, a->share, a->path};
    const char *const y[] = {b->user, b->host, b->port, b->share, b->path};
    for (size_t i = 0; i < ZC_ARRAY_LEN(x); i++)
        if (!x[i] != !y[i] || (x[i] && strcmp(x[i], y[i]) != 0))
            return false;
    return a->kind == b->kind;
}

/* With --delete and -R: where one SRC would delete what another one brings. */
static int check_overlap(const struct zc_pull_plan *p, struct zc_err *err)
{
    for (size_t i = 0; i < p->sessions.len; i++)
        for (size_t k = 0; k < p->sessions.len; k++) {
            const struct zc_pull_session *a = &p->sessions.v[i];
            const struct zc_pull_session *b = &p->sessions.v[k];
            if (i != k && is_above(&a->names, &b->names) &&
                !is_same_place(&a->at, &b->at))
                return zc_err_set(err, ZC_EXIT_USAGE, 0,
                                  "with --delete SRC %s and %s cannot both go "
                                  "to the same place: one would delete what "
                                  "the other brings", a->text, b->text);
        }
    return 0;
}

static int check(const struct zc_pull_plan *p, const struct zc_push_args *args,
                 bool several, struct zc_err *err)
{
    size_t contents = 0;
    for (size_t i = 0; several && i < p->sessions.len; i++)
        contents += !p->sessions.v[i].new_name && !p->sessions.v[i].names.len;
    if (args->opt.del && contents)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--delete and several SRC do not go together where "
                          "what is in one of them goes into DEST itself: each "
                          "would delete what the others brought");
    if (args->files && several)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--files-from needs SRC to be one directory");
    if (args->opt.del && check_overlap(p, err))
        return -1;
    if (zc_require_any(&args->opt.require) &&
        (args->opt.require.mount || zc_require_in_dir(&args->opt.require)))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "SRC %s is on another host, which says itself what it "
                          "requires: 'require mount' and 'require file' of its "
                          "zcsync.conf", p->sessions.v[0].text);
    return 0;
}

/* Whether DEST or DEST/name is meant. */
static int look_for_doubt(struct zc_pull_plan *p,
                          const struct zc_push_args *args, struct zc_err *err)
{
    const struct zc_pull_session *s = &p->sessions.v[0];
    const char *name = last_name(s->at.path);
    if (!zc_doubt_possible(args) || s->at.trailing_slash || !*name ||
        args->relative == ZC_SHOW_ON)
        return 0;
    zc_auto_free char *real = realpath(s->dest, NULL);
    const char *slash = real ? strrchr(real, '/') : NULL;
    return zc_doubt_make(&p->doubt, s->text, name,
                         args->operands.v[args->operands.len - 1],
                         slash ? slash + 1 : "", err);
}

int zc_pull_plan_make(struct zc_pull_plan *p, const struct zc_push_args *args,
                      struct zc_err *err)
{
    size_t n = args->operands.len - 1;
    const char *text = args->operands.v[n];
    struct zc_endpoint dest;
    *p = (struct zc_pull_plan){0};
    if (zc_push_args_dest(args, &dest, err))
        return -1;
    int r = 0;
    bool several = n > 1, dir = several || dest.trailing_slash ||
                                (dest.kind == ZC_AT_LOCAL && is_dir(dest.path));
    if (dest.kind != ZC_AT_LOCAL)
        r = zc_err_set(err, ZC_EXIT_USAGE, 0,
                       "SRC %s and DEST %s are both on other hosts: one has to "
                       "be here", args->operands.v[0], text);
    for (size_t i = 0; i < n && !r; i++)
        r = add_src(p, args, args->operands.v[i], &dest, dir, several, err);
    if (!r && several && !(p->make = strdup(dest.path)))
        r = zc_err_nomem(err);
    zc_endpoint_fini(&dest);
    return r || check(p, args, several, err) ? -1
                                             : look_for_doubt(p, args, err);
}

void zc_pull_plan_fini(struct zc_pull_plan *p)
{
    zc_doubt_fini(&p->doubt);
    for (size_t i = 0; i < p->sessions.len; i++) {
        zc_endpoint_fini(&p->sessions.v[i].at);
        free(p->sessions.v[i].dest);
        free(p->sessions.v[i].new_name);
        zc_buf_fini(&p->sessions.v[i].names);
    }
    zc_vec_fini(&p->sessions);
    free(p->make);
    *p = (struct zc_pull_plan){0};
}
