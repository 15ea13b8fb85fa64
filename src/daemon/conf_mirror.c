// SPDX-License-Identifier: GPL-2.0-or-later
/* What a [mirror] comes to when all of the file is known: where its
 * destinations are, and the text that tells it from another; see conf_value.h.
 */
#include "daemon/conf_value.h"

#include "net/compress.h"

#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

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

/* --- which peer is it? --- */

/* HOST as an IPv6 address, in which all of IPv4 fits. False: it is a name. */
static bool as_address(const char *host, struct in6_addr *a, uint32_t *zone)
{
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST}, *found;
    if (getaddrinfo(host, NULL, &hints, &found))
        return false;
    *a = (struct in6_addr){.s6_addr = {[10] = 0xff, [11] = 0xff}};
    *zone = 0;
    if (found->ai_family == AF_INET) {
        const struct sockaddr_in *v4 = (const void *)found->ai_addr;
        memcpy(&a->s6_addr[12], &v4->sin_addr, sizeof v4->sin_addr);
    } else {
        const struct sockaddr_in6 *v6 = (const void *)found->ai_addr;
        *a = v6->sin6_addr;
        *zone = v6->sin6_scope_id;
    }
    freeaddrinfo(found);
    return true;
}

/* Bytes of the name HOST without the dot that may end it. */
static size_t name_len(const char *host)
{
    size_t n = strlen(host);
    return n && host[n - 1] == '.' ? n - 1 : n;
}

static bool same_name(const char *a, const char *b)
{
    return name_len(a) == name_len(b) && strncasecmp(a, b, name_len(a)) == 0;
}

/* Whether NAME is the one that stands for the address A, wherever it is. */
static bool is_localhost(const char *name, const struct in6_addr *a)
{
    return same_name(name, "localhost") &&
           (IN6_IS_ADDR_LOOPBACK(a) ||
            (IN6_IS_ADDR_V4MAPPED(a) && a->s6_addr[12] == 127));
}

bool zc_conf_same_host(const char *a, const char *b)
{
    struct in6_addr x, y;
    uint32_t zone_x, zone_y;
    bool a_is = as_address(a, &x, &zone_x), b_is = as_address(b, &y, &zone_y);
    if (a_is && b_is)
        return memcmp(&x, &y, sizeof x) == 0 && zone_x == zone_y;
    if (a_is || b_is)
        return is_localhost(a_is ? b : a, a_is ? &x : &y);
    return same_name(a, b);
}

/* A destination for which no key is known must not be a peer that has one:
 * that would be spoken to in plain. BY_NAME: the destination's host could be
 * the name of a peer, too. */
static int check_keyless(const struct zc_conf *c, const struct zc_conf_dest *d,
                         bool by_name, struct zc_err *err)
{
    const struct zc_endpoint *at = &d->at;
    for (size_t i = 0; i < c->peers.len; i++) {
        const struct zc_conf_peer *p = &c->peers.v[i];
        bool it = by_name && zc_conf_same_host(p->name, at->host);
        if (!it && p->host)
            it = zc_conf_same_host(p->host, at->host) &&
                 strtoul(p->port, NULL, 10) == strtoul(at->port, NULL, 10);
        if (it && p->keys.len)
            return bad(err, "'" SHOWN "' is [peer %.100s], which has a public "
                            "key: write %.100s::%.100s%s%.100s",
                       d->text, p->name, p->name, at->share,
                       *at->path ? "/" : "", at->path);
    }
    return 0;
}

static int fill_in(const struct zc_conf *c, const struct zc_conf_peer *p,
                   struct zc_conf_dest *d, struct zc_err *err)
{
    if (!p->host)
        return bad(err, "[peer %.100s] has no 'address'", p->name);
    if (p->keys.len && !c->identity)
        return bad(err, "[peer %.100s] has a public key, but this daemon has "
                        "none of its own: [daemon] needs the key 'identity'",
                   p->name);
    d->peer = p->keys.len ? p : NULL;
    char *host = strdup(p->host), *port = strdup(p->port);
    free(d->at.host);
    free(d->at.port);
    d->at.host = host;
    d->at.port = port;
    return host && port ? 0 : zc_err_nomem(err);
}

/* PEER::SHARE: a [peer] goes before a host of that name. */
static int resolve_peer(const struct zc_conf *c, struct zc_conf_dest *d,
                        struct zc_err *err)
{
    static const char scheme[] = "zcsync://";
    const struct zc_conf_peer *p = NULL;
    if (strncmp(d->text, scheme, sizeof scheme - 1) != 0)
        p = zc_conf_find_peer(c, d->at.host);
    if (p && fill_in(c, p, d, err))
        return -1;
    return d->peer ? 0 : check_keyless(c, d, !p, err);
}

/* --- all of them --- */

static bool same_text(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

static bool same_place(const struct zc_endpoint *a, const struct zc_endpoint *b)
{
    return a->kind == b->kind && same_text(a->user, b->user) &&
           same_text(a->host, b->host) &&
           same_text(a->port, b->port) && same_text(a->share, b->share) &&
           same_text(a->path, b->path);
}

static int resolve_one(const struct zc_conf *c, const struct zc_conf_mirror *m,
                       struct zc_conf_dest *d, struct zc_err *err)
{
    if (zc_endpoint_parse(d->text, &d->at, err))
        return -1;
    switch (d->at.kind) {
    case ZC_AT_LOCAL:
        return resolve_local(m, d, err);
    case ZC_AT_DAEMON:
        return resolve_peer(c, d, err);
    case ZC_AT_SSH:
        break;
    }
    return 0;
}

int zc_conf_resolve(const struct zc_conf *c, struct zc_conf_mirror *m,
                    struct zc_err *err)
{
    zc_options_rescan(&m->rescan_s, &m->compare_s);
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

/* Which keys a peer may have is not among it: mirrors.c tells a process that
 * runs. */
static void put_dests(struct zc_buf *b, const struct zc_conf_mirror *m)
{
    for (size_t i = 0; i < m->to.len; i++) {
        const struct zc_conf_dest *d = &m->to.v[i];
        put_line(b, "to", d->text);
        if (d->at.kind == ZC_AT_DAEMON)
            zc_buf_printf(b, "at = [%s]:%s\n", d->at.host, d->at.port);
        if (d->peer)
            put_line(b, "keys", "yes");
    }
}

/* What of [daemon] a mirror with destinations on other hosts depends on, but
 * for the identity, which is what is in a file. */
static void put_security(struct zc_buf *b, const struct zc_conf *c,
                         const struct zc_conf_mirror *m)
{
    bool remote = false;
    for (size_t i = 0; i < m->to.len; i++)
        remote |= m->to.v[i].at.kind == ZC_AT_DAEMON;
    if (!remote)
        return;
    if (c->plain)
        put_line(b, "security", "plain");
    put_line(b, "ktls", c->ktls ? "yes" : "no");
}

/* The rules as they would cross to a peer: files read, clears done. */
static void put_rules(struct zc_buf *b, const char *key,
                      const struct zc_filter *f)
{
    struct zc_buf rules = ZC_BUF_INIT;
    if (!f)
        return;
    zc_filter_encode(f, &rules);
    const char *at = (const char *)rules.data;
    const char *end = rules.len ? at + rules.len : at;
    for (; at < end; at += strlen(at) + 1)
        put_line(b, key, at);
    b->failed |= rules.failed;
    zc_buf_fini(&rules);
}

static void put_number(struct zc_buf *b, const struct zc_conf_key *k,
                       uint64_t n)
{
    zc_buf_printf(b, "%s = %llu\n", k->name, (unsigned long long)n);
}

static void put_bit(struct zc_buf *b, const struct zc_conf_key *k, unsigned set)
{
    bool on = set & (unsigned)k->min;
    put_line(b, k->name, on != (k->type == ZC_CONF_BIT_NOT) ? "yes" : "no");
}

/* TEXT may be NULL. */
static void put_if_any(struct zc_buf *b, const char *key, const char *text)
{
    if (text)
        put_line(b, key, text);
}

static void put_holds(struct zc_buf *b, const struct zc_conf_key *k,
                      const zc_holds *h)
{
    for (size_t i = 0; i < h->len; i++) {
        const struct zc_hold_rule *r = &h->v[i];
        if (r->settle != (k->type == ZC_CONF_SETTLE))
            continue;
        put_number(b, k, r->seconds);
        put_line(b, "of", r->pattern ? r->pattern : "all");
    }
}

/* What a field is, which holds one of several words: that word, which may be in
 * TEXT; NULL: K is of another kind. */
static const char *word_of(const struct zc_conf_key *k,
                           const struct zc_conf_mirror *m, char text[32])
{
    switch (k->type) {
    case ZC_CONF_SSH_DATA:
        return zc_direct_way_names[m->ssh.data];
    case ZC_CONF_FSYNC:
        return zc_fsync_name(m->push.fsync);
    case ZC_CONF_DELTA:
        return zc_delta_name(m->push.delta);
    case ZC_CONF_MOVER:
        return zc_mover_name(m->push.mover);
    case ZC_CONF_WATCH:
        return zc_conf_watch_name(m->watch);
    case ZC_CONF_COMPRESS:
        zc_compress_text(m->compress, text, 32);
        return text;
    case ZC_CONF_COMMAND: /* which one is for others to know */
        return m->on_change.command ? "yes" : "no";
    default:
        return NULL;
    }
}

/* What is more than one field, or may be said several times. */
static void put_parts(struct zc_buf *b, const struct zc_conf_key *k,
                      const struct zc_conf_mirror *m, const char *chmod)
{
    switch (k->type) {
    case ZC_CONF_SSH_OPTION:
        for (size_t i = 0; i < m->ssh.options.len; i++)
            put_line(b, k->name, m->ssh.options.v[i]);
        break;
    case ZC_CONF_TO:
        put_dests(b, m);
        break;
    case ZC_CONF_CHOWN:
        put_if_any(b, "chown user", m->push.chown_user);
        put_if_any(b, "chown group", m->push.chown_group);
        break;
    case ZC_CONF_CHMOD:
        put_if_any(b, k->name, chmod);
        break;
    case ZC_CONF_MOUNT:
        put_line(b, k->name, m->push.require.mount ? "yes" : "no");
        put_if_any(b, k->name, m->push.require.mount_path);
        break;
    case ZC_CONF_MARKER:
        put_if_any(b, k->name, m->push.require.file);
        break;
    case ZC_CONF_SETTLE:
    case ZC_CONF_PACE:
        put_holds(b, k, &m->holds);
        break;
    case ZC_CONF_PATTERN:
        put_rules(b, k->name, m->on_change.patterns);
        break;
    default: /* rules are put together, in their order */
        break;
    }
}

static void put_key(struct zc_buf *b, const struct zc_conf_key *k,
                    const struct zc_conf_mirror *m, const char *chmod)
{
    const void *at = (const char *)m + k->at;
    char text[32];
    const char *word = word_of(k, m, text);
    if (word) {
        put_line(b, k->name, word);
        return;
    }
    switch (k->type) {
    case ZC_CONF_PATH:
    case ZC_CONF_TEXT:
    case ZC_CONF_IDMAP:
        put_if_any(b, k->name, *(char *const *)at ? *(char *const *)at : k->def);
        break;
    case ZC_CONF_BOOL:
        put_line(b, k->name, *(const bool *)at ? "yes" : "no");
        break;
    case ZC_CONF_BIT:
    case ZC_CONF_BIT_NOT:
    case ZC_CONF_KEEP:
        put_bit(b, k, *(const unsigned *)at);
        break;
    case ZC_CONF_OFTEN:
    case ZC_CONF_NUMBER:
        put_number(b, k, *(const unsigned *)at);
        break;
    case ZC_CONF_COUNT:
    case ZC_CONF_SIZE:
    case ZC_CONF_RATE:
        put_number(b, k, *(const uint64_t *)at);
        break;
    case ZC_CONF_WINDOW:
        zc_buf_printf(b, "%s = %d\n", k->name, m->push.window_s);
        break;
    default:
        put_parts(b, k, m, chmod);
        break;
    }
}

int zc_conf_describe(const struct zc_conf *c, struct zc_conf_mirror *m,
                     const char *chmod)
{
    struct zc_buf b = ZC_BUF_INIT;
    put_line(&b, "mirror", m->name);
    for (size_t i = 0; i < zc_conf_n_keys; i++)
        if (zc_conf_keys[i].section == ZC_CONF_MIRROR)
            put_key(&b, &zc_conf_keys[i], m, chmod);
    put_rules(&b, "rule", m->filter);
    put_security(&b, c, m);
    zc_buf_u8(&b, '\0');
    if (b.failed) {
        zc_buf_fini(&b);
        return -1;
    }
    m->text = (char *)b.data;
    return 0;
}
