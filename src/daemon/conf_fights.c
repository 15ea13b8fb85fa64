// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Mirrors of one configuration that would undo each other's work for ever: with
 * one destination in common, or one inside the other's; or with each other's
 * source for one. What only a look at another host could tell is not found; of
 * local paths it is looked at where they lead now. See conf_value.h.
 */
#include "daemon/conf_value.h"

#include "net/address.h"

#include <stdio.h>
#include <string.h>

#define SHOWN "%.200s" /* so that the reason fits behind it */

#define bad(err, ...) zc_err_set((err), ZC_EXIT_USAGE, 0, __VA_ARGS__)

/* One destination of one mirror. */
struct side {
    const struct zc_conf_mirror *m;
    const struct zc_conf_dest *d;
    char *path; /* below the host and share, or local: where it leads now */
};

/* Where the local PATH leads, as far as it is there. NULL: no memory. */
static char *resolved(const char *path)
{
    char *real = realpath(path, NULL);
    if (real)
        return real;
    const char *slash = strrchr(path, '/');
    zc_auto_free char *up = strndup(path, slash > path ? (size_t)(slash - path)
                                                       : 1);
    zc_auto_free char *real_up = up ? realpath(up, NULL) : NULL;
    if (!real_up || asprintf(&real, "%s%s",
                             strcmp(real_up, "/") == 0 ? "" : real_up,
                             slash) < 0)
        return strdup(path);
    return real;
}

static int side_init(struct side *s, const struct zc_conf_mirror *m,
                     const struct zc_conf_dest *d, struct zc_err *err)
{
    *s = (struct side){m, d, NULL};
    s->path = d->at.kind == ZC_AT_LOCAL ? resolved(d->at.path)
                                        : strdup(d->at.path);
    return s->path ? 0 : zc_err_nomem(err);
}

/* What PATH is called in DIR: "" where they are the same; NULL: it is not in
 * there. */
static const char *inside(const char *path, const char *dir)
{
    size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
    if (strncmp(path, dir, n) != 0 || (n && path[n] && path[n] != '/'))
        return NULL;
    return path[n] == '/' ? path + n + 1 : path + n;
}

static bool same_port(const char *a, const char *b, const char *usual)
{
    return strtoul(a ? a : usual, NULL, 10) == strtoul(b ? b : usual, NULL, 10);
}

/* Paths that do not begin at the root begin in a home. */
static bool same_login(const struct zc_endpoint *a, const struct zc_endpoint *b)
{
    const char *x = a->user ? a->user : "", *y = b->user ? b->user : "";
    return *a->path == '/' ? *b->path == '/'
                           : *b->path != '/' && strcmp(x, y) == 0;
}

static bool same_share(const struct zc_endpoint *a, const struct zc_endpoint *b)
{
    if (a->kind != b->kind)
        return false;
    switch (a->kind) {
    case ZC_AT_LOCAL:
        break;
    case ZC_AT_DAEMON:
        return strcmp(a->share, b->share) == 0 &&
               same_port(a->port, b->port, ZC_DEFAULT_PORT) &&
               zc_conf_same_host(a->host, b->host);
    case ZC_AT_SSH:
        return same_login(a, b) && same_port(a->port, b->port, "22") &&
               zc_conf_same_host(a->host, b->host);
    }
    return true;
}

/* Whether M leaves what is at PATH in its destination alone. */
static bool leaves_alone(const struct zc_conf_mirror *m, const char *path)
{
    zc_auto_free char *up = strdup(path);
    if (!m->push.del)
        return true;
    for (char *slash = up; up && m->filter; slash++) {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (zc_filter_protects(m->filter, up, true))
            return true;
        if (!slash)
            break;
        *slash = '/';
    }
    return false;
}

static int refuse(const struct side *a, const struct side *b, const char *how,
                  struct zc_err *err)
{
    return bad(err, "'" SHOWN "' is %s '" SHOWN "' in line %u, of [mirror "
                    "%.100s], and each would undo what the other one does",
               b->d->text, how, a->d->text, a->m->to_line, a->m->name);
}

/* A stands before B in the file, or in its list. */
static int compare(const struct side *a, const struct side *b,
                   struct zc_err *err)
{
    const char *in;
    if (!same_share(&a->d->at, &b->d->at))
        return 0;
    if (strcmp(a->path, b->path) == 0)
        return a->m->push.del || b->m->push.del
                   ? refuse(a, b, "the same place as", err)
                   : 0;
    if ((in = inside(b->path, a->path)) && !leaves_alone(a->m, in))
        return refuse(a, b, "inside", err);
    if ((in = inside(a->path, b->path)) && !leaves_alone(b->m, in))
        return refuse(a, b, "around", err);
    return 0;
}

/* Whether the directory PATH is what S writes into. */
static bool writes(const struct side *s, const char *path)
{
    zc_auto_free char *real = resolved(path);
    return s->d->at.kind == ZC_AT_LOCAL && real && strcmp(real, s->path) == 0;
}

static int check_circle(const struct side *a, const struct side *b,
                        struct zc_err *err)
{
    if (!writes(a, b->m->path) || !writes(b, a->m->path))
        return 0;
    return bad(err, "'" SHOWN "' is the path of [mirror %.100s], whose 'to' in "
                    "line %u is the path of this one, and each would undo what "
                    "the other one does", b->d->text, a->m->name,
               a->m->to_line);
}

/* A share that peers may write into at the same time. */
static int check_shares(const struct zc_conf *c, const struct side *s,
                        struct zc_err *err)
{
    for (size_t i = 0; i < c->shares.len; i++) {
        const struct zc_conf_share *share = &c->shares.v[i];
        bool written = !share->read_only &&
                       (share->keys.len || !zc_conf_share_keyed(share));
        if (written && s->m->push.del && writes(s, share->path))
            return bad(err, "'" SHOWN "' is also the path of [share %.100s] in "
                            "line %u, and what peers push there would be "
                            "deleted", s->d->text, share->name, share->line);
    }
    return 0;
}

typedef ZC_VEC(struct side) sides;

/* D, of M, becomes the last of V, if it may stand beside those before. */
static int add(const struct zc_conf *c, sides *v,
               const struct zc_conf_mirror *m, const struct zc_conf_dest *d,
               struct zc_err *err)
{
    struct side s;
    if (side_init(&s, m, d, err))
        return -1;
    if (zc_vec_push(v, s)) {
        free(s.path);
        return zc_err_nomem(err);
    }
    for (size_t i = 0; i + 1 < v->len; i++)
        if (compare(&v->v[i], &s, err) || check_circle(&v->v[i], &s, err))
            return -1;
    return check_shares(c, &s, err);
}

int zc_conf_check_fights(const struct zc_conf *c, unsigned *line,
                         struct zc_err *err)
{
    sides sides = {0};
    int r = 0;
    for (size_t i = 0; i < c->mirrors.len && !r; i++) {
        const struct zc_conf_mirror *m = &c->mirrors.v[i];
        *line = m->to_line;
        for (size_t k = 0; k < m->to.len && !r; k++)
            r = add(c, &sides, m, &m->to.v[k], err);
    }
    for (size_t n = 0; n < sides.len; n++)
        free(sides.v[n].path);
    zc_vec_fini(&sides);
    return r;
}
