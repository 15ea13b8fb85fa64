// SPDX-License-Identifier: GPL-2.0-or-later
/* What a [mirror] comes to when all of the file is known: where its
 * destinations are, and the text that tells it from another; see conf_value.h.
 */
#include "daemon/conf_value.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SHOWN "%.300s" /* so that the reason fits behind it */

#define bad(err, ...) zc_err_set((err), ZC_EXIT_USAGE, 0, __VA_ARGS__)

/* Whether PATH is DIR or below it; both as zc_conf_take_path leaves them. */
static bool is_within(const char *path, const char *dir)
{
    size_t n = strcmp(dir, "/") == 0 ? 0 : strlen(dir);
    return strncmp(path, dir, n) == 0 && (path[n] == '/' || !path[n]);
}

static int resolve_local(const struct zc_conf_mirror *m,
                         struct zc_conf_dest *d, struct zc_err *err)
{
    char *path;
    if (zc_conf_take_path(d->at.path, PATH_MAX - 1, &path, err))
        return -1;
    free(d->at.path);
    d->at.path = path;
    if (is_within(path, m->path))
        return bad(err, "'" SHOWN "' is %sthe mirror's own path", d->text,
                   strcmp(path, m->path) == 0 ? "" : "inside ");
    return 0;
}

/* PEER::SHARE: a [peer] goes before a host of that name. */
static int resolve_peer(const struct zc_conf *c, struct zc_conf_dest *d,
                        struct zc_err *err)
{
    static const char scheme[] = "zcsync://";
    if (strncmp(d->text, scheme, sizeof scheme - 1) == 0)
        return 0;
    for (size_t i = 0; i < c->peers.len; i++) {
        const struct zc_conf_peer *p = &c->peers.v[i];
        if (strcmp(p->name, d->at.host) != 0)
            continue;
        char *host = strdup(p->host), *port = strdup(p->port);
        free(d->at.host);
        free(d->at.port);
        d->at.host = host;
        d->at.port = port;
        return host && port ? 0 : zc_err_nomem(err);
    }
    return 0;
}

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_place(const struct zc_endpoint *a, const struct zc_endpoint *b)
{
    return a->kind == b->kind && same_text(a->host, b->host) &&
           same_text(a->port, b->port) && same_text(a->share, b->share) &&
           same_text(a->path, b->path);
}

static int resolve_one(const struct zc_conf *c, const struct zc_conf_mirror *m,
                       struct zc_conf_dest *d, struct zc_err *err)
{
    if (zc_endpoint_parse(d->text, &d->at, err))
        return -1;
    if (d->at.kind == ZC_AT_SSH)
        return bad(err, "'" SHOWN "' is reached over SSH, which is not "
                        "supported yet (a share is written HOST::SHARE)",
                   d->text);
    return d->at.kind == ZC_AT_LOCAL ? resolve_local(m, d, err)
                                     : resolve_peer(c, d, err);
}

int zc_conf_resolve(const struct zc_conf *c, struct zc_conf_mirror *m,
                    struct zc_err *err)
{
    for (size_t i = 0; i < m->to.len; i++) {
        struct zc_conf_dest *d = &m->to.v[i];
        if (resolve_one(c, m, d, err))
            return -1;
        for (size_t j = 0; j < i; j++)
            if (same_place(&m->to.v[j].at, &d->at))
                return bad(err, "'" SHOWN "' and '" SHOWN "' are the same "
                                "place", m->to.v[j].text, d->text);
    }
    return 0;
}

/* TEXT on a line of its own, with nothing in it that could end the line. */
static void put_line(struct zc_buf *b, const char *key, const char *text)
{
    zc_buf_printf(b, "%s = ", key);
    for (; *text; text++) {
        unsigned char c = (unsigned char)*text;
        if (c < 0x20 || c == '\\' || c == 0x7f)
            zc_buf_printf(b, "\\%03o", c);
        else
            zc_buf_u8(b, c);
    }
    zc_buf_u8(b, '\n');
}

static void put_dests(struct zc_buf *b, const struct zc_conf_mirror *m)
{
    for (size_t i = 0; i < m->to.len; i++) {
        const struct zc_conf_dest *d = &m->to.v[i];
        put_line(b, "to", d->text);
        if (d->at.kind == ZC_AT_DAEMON)
            zc_buf_printf(b, "at = [%s]:%s\n", d->at.host, d->at.port);
    }
}

/* The rules as they would cross to a peer: files read, clears done. */
static void put_rules(struct zc_buf *b, const struct zc_filter *f)
{
    struct zc_buf rules = ZC_BUF_INIT;
    if (!f)
        return;
    zc_filter_encode(f, &rules);
    const char *at = (const char *)rules.data;
    const char *end = rules.len ? at + rules.len : at;
    for (; at < end; at += strlen(at) + 1)
        put_line(b, "rule", at);
    b->failed |= rules.failed;
    zc_buf_fini(&rules);
}

static void put_number(struct zc_buf *b, const struct zc_conf_key *k,
                       uint64_t n)
{
    zc_buf_printf(b, "%s = %llu\n", k->name, (unsigned long long)n);
}

static void put_key(struct zc_buf *b, const struct zc_conf_key *k,
                    const struct zc_conf_mirror *m, const char *chmod)
{
    const void *at = (const char *)m + k->at;
    switch (k->type) {
    case ZC_CONF_PATH:
        put_line(b, k->name, *(char *const *)at);
        break;
    case ZC_CONF_BOOL:
        put_line(b, k->name, *(const bool *)at ? "yes" : "no");
        break;
    case ZC_CONF_NUMBER:
        put_number(b, k, *(const unsigned *)at);
        break;
    case ZC_CONF_COUNT:
    case ZC_CONF_RATE:
        put_number(b, k, *(const uint64_t *)at);
        break;
    case ZC_CONF_KEEP:
        put_line(b, k->name, m->push.keep & (unsigned)k->min ? "yes" : "no");
        break;
    case ZC_CONF_FSYNC:
        put_line(b, k->name, zc_fsync_name(m->push.fsync));
        break;
    case ZC_CONF_WATCH:
        put_line(b, k->name, zc_conf_watch_name(m->watch));
        break;
    case ZC_CONF_TO:
        put_dests(b, m);
        break;
    case ZC_CONF_CHOWN:
        if (m->push.chown_user)
            put_line(b, "chown user", m->push.chown_user);
        if (m->push.chown_group)
            put_line(b, "chown group", m->push.chown_group);
        break;
    case ZC_CONF_CHMOD:
        if (chmod)
            put_line(b, k->name, chmod);
        break;
    default: /* rules are put together, in their order */
        break;
    }
}

int zc_conf_describe(struct zc_conf_mirror *m, const char *chmod)
{
    struct zc_buf b = ZC_BUF_INIT;
    put_line(&b, "mirror", m->name);
    for (size_t i = 0; i < zc_conf_n_keys; i++)
        if (zc_conf_keys[i].section == ZC_CONF_MIRROR)
            put_key(&b, &zc_conf_keys[i], m, chmod);
    put_rules(&b, m->filter);
    zc_buf_u8(&b, '\0');
    if (b.failed) {
        zc_buf_fini(&b);
        return -1;
    }
    m->text = (char *)b.data;
    return 0;
}
