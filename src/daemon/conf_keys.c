// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may do what with which key, when all of the file is known; see
 * conf_value.h. The sentences do not say where. */
#include "daemon/conf_value.h"

#include "fs/idmap.h"
#include "net/address.h"
#include "web/web.h"

#include <arpa/inet.h>
#include <string.h>

#define SHOWN "%.300s" /* so that the reason fits behind it */

#define bad(err, ...) zc_err_set((err), ZC_EXIT_USAGE, 0, __VA_ARGS__)

const struct zc_conf_peer *zc_conf_find_peer(const struct zc_conf *c,
                                             const char *name)
{
    for (size_t i = 0; i < c->peers.len; i++)
        if (strcmp(c->peers.v[i].name, name) == 0)
            return &c->peers.v[i];
    return NULL;
}

/* --- who may push into a share, and pull from it --- */

/* The next name in the list at *AT, on the heap; *AT is NULL after the last. */
static char *next_name(const char **at)
{
    const char *from = *at + strspn(*at, " \t");
    size_t n = strcspn(from, ","), len = n;
    while (len && (from[len - 1] == ' ' || from[len - 1] == '\t'))
        len--;
    *at = from[n] ? from + n + 1 : NULL;
    return strndup(from, len);
}

/* One host may have two names. */
static int add_keys(zc_conf_key_list *keys, const struct zc_conf_peer *p,
                    struct zc_err *err)
{
    for (size_t i = 0; i < p->keys.len; i++)
        if (!zc_keys_have(zc_conf_keys_of(keys), p->keys.v[i].key) &&
            zc_vec_push(keys, p->keys.v[i]))
            return zc_err_nomem(err);
    return 0;
}

int zc_conf_share_peers(const struct zc_conf *c, zc_conf_key_list *keys,
                        const char *peers, struct zc_err *err)
{
    const struct zc_conf_peer *keyed = NULL;
    for (const char *at = peers; at;) {
        zc_auto_free char *name = next_name(&at);
        if (!name)
            return zc_err_nomem(err);
        if (!*name)
            return bad(err, "there is a comma too many");
        const struct zc_conf_peer *p = zc_conf_find_peer(c, name);
        if (!p)
            return bad(err, "there is no [peer " SHOWN "]", name);
        if (!p->keys.len)
            return bad(err, "[peer %.100s] has no 'public key', so it cannot "
                            "be told from others", p->name);
        if (add_keys(keys, p, err))
            return -1;
        keyed = p;
    }
    if (!c->identity)
        return bad(err, "[peer %.100s] has a public key, but this daemon has "
                        "none of its own: [daemon] needs the key 'identity'",
                   keyed->name);
    return 0;
}

int zc_conf_share_users(struct zc_conf_share *s, const char *users,
                        struct zc_err *err)
{
    static const char between[] = ", \t";
    if (strcmp(users, "any") == 0) {
        s->any_user = true;
        return 0;
    }
    for (const char *at = users + strspn(users, between); *at;
         at += strspn(at, between)) {
        size_t n = strcspn(at, between);
        uint32_t uid;
        zc_auto_free char *name = strndup(at, n);
        if (!name)
            return zc_err_nomem(err);
        if (strcmp(name, "any") == 0)
            return bad(err, "'any' stands alone");
        if (zc_id_lookup(ZC_ID_USER, name, &uid))
            return bad(err, "there is no user " SHOWN " here", name);
        if (zc_vec_push(&s->users, uid))
            return zc_err_nomem(err);
        at += n;
    }
    return s->users.len ? 0 : bad(err, "it names nobody");
}

int zc_conf_check_share(const struct zc_conf_share *s, struct zc_err *err)
{
    const char *key = s->users.len || s->any_user ? "plain users"
                      : s->trust                  ? "trust"
                                                  : NULL;
    if (!key || !zc_conf_share_keyed(s))
        return 0;
    return bad(err, "'%s' is for shares without 'peers' or 'readers': whoever "
                    "has none of their keys is not let in at all", key);
}

/* --- where others can connect --- */

/* Whether only this machine can reach HOST, as far as that is known without
 * asking anybody. */
static bool may_be_loopback(const char *host)
{
    struct in_addr v4;
    struct in6_addr v6;
    if (!host)
        return true;
    if (inet_pton(AF_INET, host, &v4) == 1)
        return ntohl(v4.s_addr) >> 24 == 127;
    if (inet_pton(AF_INET6, host, &v6) == 1)
        return IN6_IS_ADDR_LOOPBACK(&v6);
    return !zc_addr_is_v6(host, strlen(host)); /* a name, or with a zone */
}

static const struct zc_conf_share *keyless_share(const struct zc_conf *c)
{
    for (size_t i = 0; i < c->shares.len; i++)
        if (!zc_conf_share_keyed(&c->shares.v[i]))
            return &c->shares.v[i];
    return NULL;
}

bool zc_conf_sealed_only(const struct zc_conf *c)
{
    return c->identity && !keyless_share(c);
}

int zc_conf_check_reach(const struct zc_conf *c, const char *address,
                        struct zc_err *err)
{
    const struct zc_conf_share *s = keyless_share(c);
    if (c->plain || zc_conf_sealed_only(c))
        return 0;
    if (!c->identity)
        return bad(err, "other hosts can reach " SHOWN ", and nothing is "
                        "encrypted: give this daemon an 'identity' and each "
                        "share 'peers' with keys, or write 'security = plain' "
                        "to allow that", address);
    return bad(err, "other hosts can reach " SHOWN ", and [share %.100s] is "
                    "open to all of them, unencrypted: give it 'peers' with "
                    "keys, or write 'security = plain' to allow that",
               address, s->name);
}

int zc_conf_check_listen(const struct zc_conf *c, struct zc_err *err)
{
    zc_auto_free char *host = NULL, *port = NULL;
    if (!c->listen || strcmp(c->listen, "none") == 0)
        return 0;
    if (zc_addr_split(c->listen, &host, &port, err))
        return -1;
    return may_be_loopback(host) ? 0 : zc_conf_check_reach(c, c->listen, err);
}

int zc_conf_check_web(const struct zc_conf *c, struct zc_err *err)
{
    zc_auto_free char *host = NULL, *port = NULL;
    if (!zc_conf_web_wanted(c))
        return 0;
    if (zc_addr_split_with(c->web.listen, ZC_WEB_PORT, &host, &port, err))
        return -1;
    if (may_be_loopback(host) || c->web.token_file)
        return 0;
    return bad(err, "other hosts can reach " SHOWN ": a 'token file' is needed",
               c->web.listen);
}
