// SPDX-License-Identifier: GPL-2.0-or-later
/* SRC... and DEST of a pull; see pull_plan.h. */
#include "cli/pull_plan.h"

#include "base/relpath.h"
#include "cli/push_opts.h"

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

static int add_src(struct zc_pull_plan *p, const struct zc_push_args *args,
                   const char *text,
                   const struct zc_endpoint *dest, bool dir, bool several,
                   struct zc_err *err)
{
    struct zc_pull_session s = {.text = text};
    if (zc_endpoint_parse(text, &s.at, err))
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
    return place(&p->sessions.v[p->sessions.len - 1], dest->path, dir, several,
                 err);
}

static int check(const struct zc_pull_plan *p, const struct zc_push_args *args,
                 bool several, struct zc_err *err)
{
    size_t contents = 0;
    for (size_t i = 0; several && i < p->sessions.len; i++)
        contents += p->sessions.v[i].new_name == NULL;
    if (args->opt.del && contents)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--delete and several SRC do not go together where "
                          "what is in one of them goes into DEST itself: each "
                          "would delete what the others brought");
    if (args->files && several)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--files-from needs SRC to be one directory");
    if (args->relative == ZC_SHOW_ON && !args->files)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "-R is for push: --files-from names paths below SRC "
                          "%s, and keeps them", p->sessions.v[0].text);
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
    if (!zc_doubt_possible(args) || s->at.trailing_slash || !*name)
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
    if (zc_endpoint_parse(text, &dest, err))
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
    }
    zc_vec_fini(&p->sessions);
    free(p->make);
    *p = (struct zc_pull_plan){0};
}
