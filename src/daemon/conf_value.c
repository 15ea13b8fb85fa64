// SPDX-License-Identifier: GPL-2.0-or-later
/* What values of zcsync.conf mean; see conf_value.h. */
#include "daemon/conf_value.h"

#include "base/size.h"
#include "fs/idmap.h"
#include "net/address.h"
#include "web/web.h"

#include <limits.h>
#include <stdio.h>
#include <string.h>

#define SHOWN "%.300s" /* so that the reason fits behind it */

#define bad(err, ...) zc_err_set((err), ZC_EXIT_USAGE, 0, __VA_ARGS__)

int zc_conf_take_text(char **out, const char *value, struct zc_err *err)
{
    *out = strdup(value);
    return *out ? 0 : zc_err_nomem(err);
}

int zc_conf_take_bool(const char *value, bool *out, struct zc_err *err)
{
    *out = strcmp(value, "yes") == 0;
    if (*out || strcmp(value, "no") == 0)
        return 0;
    return bad(err, "'" SHOWN "' is neither yes nor no", value);
}

static int take_number(const char *value, uint64_t min, uint64_t max,
                       uint64_t *out, struct zc_err *err)
{
    if (strspn(value, "0123456789") != strlen(value))
        return bad(err, "'" SHOWN "' is not a whole number", value);
    errno = 0;
    unsigned long long n = strtoull(value, NULL, 10);
    if (errno || n < min || n > max)
        return bad(err, SHOWN " is not from %llu to %llu", value,
                   (unsigned long long)min, (unsigned long long)max);
    *out = n;
    return 0;
}

int zc_conf_take_path(const char *value, size_t max, char **out,
                      struct zc_err *err)
{
    if (*value != '/')
        return bad(err, "'" SHOWN "' is not an absolute path", value);
    if (strlen(value) > max)
        return bad(err, "'%.100s...' is longer than %zu bytes", value, max);
    char *path = malloc(strlen(value) + 1), *end = path;
    if (!path)
        return zc_err_nomem(err);
    for (const char *name = value; *name;) {
        name += strspn(name, "/");
        size_t n = strcspn(name, "/");
        if (n == 2 && memcmp(name, "..", 2) == 0) {
            free(path);
            return bad(err, "'" SHOWN "' has '..' in it", value);
        }
        if (n && !(n == 1 && *name == '.')) {
            *end++ = '/';
            memcpy(end, name, n);
            end += n;
        }
        name += n;
    }
    if (end == path)
        *end++ = '/';
    *end = '\0';
    *out = path;
    return 0;
}

static int take_listen(const char *value, char **out, struct zc_err *err)
{
    zc_auto_free char *host = NULL, *port = NULL;
    if (strcmp(value, "none") != 0 && zc_addr_split(value, &host, &port, err))
        return -1;
    return zc_conf_take_text(out, value, err);
}

static int take_web_listen(const char *value, char **out, struct zc_err *err)
{
    zc_auto_free char *host = NULL, *port = NULL;
    bool none = strcmp(value, "none") == 0;
    if (!none && *value == '/')
        return bad(err, "'" SHOWN "' is a path: browsers take an address",
                   value);
    if (!none && zc_addr_split_with(value, ZC_WEB_PORT, &host, &port, err))
        return -1;
    if (!none && !zc_web_available())
        return bad(err, "this zcsync was built without the status page");
    return zc_conf_take_text(out, value, err);
}

static int take_host_names(const char *value, char **out, struct zc_err *err)
{
    if (!zc_web_names_ok(value))
        return bad(err, "'" SHOWN "' are no names of hosts: write NAME, "
                        "NAME..., without ports", value);
    return zc_conf_take_text(out, value, err);
}

/* The parser of destinations does it: zcsync://ADDRESS/x. */
static int take_address(const char *value, struct zc_conf_peer *p,
                        struct zc_err *err)
{
    struct zc_endpoint e;
    char text[600];
    int n = snprintf(text, sizeof text, "zcsync://%s/x", value);
    if ((size_t)n >= sizeof text || strchr(value, '/') ||
        zc_endpoint_parse(text, &e, err))
        return bad(err, "'" SHOWN "' is neither HOST nor HOST:PORT (with IPv6 "
                        "addresses in brackets)", value);
    p->host = e.host;
    p->port = e.port;
    e.host = e.port = NULL;
    zc_endpoint_fini(&e);
    return 0;
}

static int take_key(const char *value, struct zc_conf_peer *p,
                    struct zc_err *err)
{
    struct zc_conf_key_of k;
    if (!zc_key_parse(value, strlen(value), k.key))
        return bad(err, "'" SHOWN "' is not a public key: 44 characters of "
                        "base64, as 'zcsync key show' prints them", value);
    if (p->keys.len == ZC_CONF_PEER_KEYS_MAX)
        return bad(err, "a peer has no more than %d of them",
                   ZC_CONF_PEER_KEYS_MAX);
    return zc_vec_push(&p->keys, k) ? zc_err_nomem(err) : 0;
}

/* "30 days", "12 hours", "2w". */
static bool is_days(const char *value, unsigned *seconds)
{
    static const char *const units[] = {"hour", "day", "week"};
    char text[24];
    size_t n = strspn(value, "0123456789");
    const char *unit = value + n + strspn(value + n, " \t");
    bool ok = n && n < sizeof text - 2;
    snprintf(text, sizeof text, "%s", ok ? "" : value);
    for (size_t i = 0; ok && i < ZC_ARRAY_LEN(units); i++) {
        size_t len = strlen(units[i]);
        if (!strncmp(unit, units[i], len) &&
            (!unit[len] || !strcmp(unit + len, "s")))
            snprintf(text, sizeof text, "%.*s%c", (int)n, value, *units[i]);
    }
    if (ok && !*text && unit == value + n && *unit)
        snprintf(text, sizeof text, "%s", value);
    *seconds = 0;
    return ok && !zc_interval_parse(text, seconds) && *seconds;
}

/* Those, or "no". */
static int take_days(const char *value, unsigned *seconds, struct zc_err *err)
{
    if (is_days(value, seconds) || strcmp(value, "no") == 0)
        return 0;
    return bad(err, "'" SHOWN "' is neither 'no' nor a time such as 30 days or "
                    "12 hours, up to a year", value);
}

static int take_partial(const char *value, unsigned *seconds,
                        struct zc_err *err)
{
    if (is_days(value, seconds) || strcmp(value, "no") == 0)
        return 0;
    *seconds = ZC_PARTIAL_AGE_S;
    if (strcmp(value, "yes") == 0)
        return 0;
    return bad(err, "'" SHOWN "' is neither yes nor no, nor a time such as 30 "
                    "days or 12 hours, up to a year", value);
}

static int take_bytes(const char *value, uint64_t *bytes, struct zc_err *err)
{
    if (!zc_size_parse(value, 1, bytes) && *bytes)
        return 0;
    return bad(err, "'" SHOWN "' is not a size such as 500M or 10G", value);
}

static int take_command(const char *value, struct zc_conf_on_change *c,
                        struct zc_err *err)
{
    if (zc_words_split(&c->words, value, err))
        return -1;
    if (!c->words.len || !*c->words.v[0])
        return bad(err, "'" SHOWN "' names no command", value);
    return zc_conf_take_text(&c->command, value, err);
}

static int take_user(const char *value, char **out, struct zc_err *err)
{
    uint32_t uid;
    if (strspn(value, "0123456789") == strlen(value) ||
        zc_id_lookup(ZC_ID_USER, value, &uid))
        return bad(err, "there is no user " SHOWN " here", value);
    return zc_conf_take_text(out, value, err);
}

/* What of a filter is for its own time only has no meaning here. */
static int take_pattern(const char *value, struct zc_filter **f,
                        struct zc_err *err)
{
    if (!*f && !(*f = zc_filter_new()))
        return zc_err_nomem(err);
    return zc_filter_add_exclude(*f, value, err);
}

int zc_conf_take(const struct zc_conf_key *k, void *object, const char *value,
                 struct zc_err *err)
{
    void *at = (char *)object + k->at;
    uint64_t n = 0;
    switch (k->type) {
    case ZC_CONF_TEXT:
        return zc_conf_take_text(at, value, err);
    case ZC_CONF_PATH:
        return zc_conf_take_path(
            value, k->max ? (size_t)k->max : PATH_MAX - 1, at, err);
    case ZC_CONF_BOOL:
        return zc_conf_take_bool(value, at, err);
    case ZC_CONF_NUMBER:
    case ZC_CONF_UNTOLD:
        if (take_number(value, k->min, k->max, &n, err))
            return -1;
        *(unsigned *)at = (unsigned)n;
        return 0;
    case ZC_CONF_COMMAND:
        return take_command(value, at, err);
    case ZC_CONF_USER:
        return take_user(value, at, err);
    case ZC_CONF_PATTERN:
        return take_pattern(value, at, err);
    case ZC_CONF_COUNT:
        return take_number(value, k->min, k->max, at, err);
    case ZC_CONF_DAYS:
        return take_days(value, at, err);
    case ZC_CONF_PARTIAL:
        return take_partial(value, at, err);
    case ZC_CONF_BYTES:
        return take_bytes(value, at, err);
    case ZC_CONF_ROOM:
        return zc_min_free_parse(value, at)
                   ? bad(err, "'" SHOWN "' is neither a size such as 500M or "
                              "10G nor a part of the whole such as 1%% or "
                              "2.5%%", value)
                   : 0;
    case ZC_CONF_LISTEN:
        return take_listen(value, at, err);
    case ZC_CONF_WEB_LISTEN:
        return take_web_listen(value, at, err);
    case ZC_CONF_HOST_NAMES:
        return take_host_names(value, at, err);
    case ZC_CONF_SECURITY:
        *(bool *)at = strcmp(value, "plain") == 0;
        return *(bool *)at ? 0 : bad(err, "'" SHOWN "' is not plain, the only "
                                          "value there is", value);
    case ZC_CONF_ADDRESS:
        return take_address(value, object, err);
    case ZC_CONF_KEY:
        return take_key(value, object, err);
    case ZC_CONF_MOUNT:
        return zc_require_take_mount(at, value, err);
    case ZC_CONF_MARKER:
        return zc_require_take_file(at, value, err);
    case ZC_CONF_PEERS:
        return 0; /* zc_conf_share_peers, when all peers are known */
    case ZC_CONF_USERS:
        return zc_conf_share_users(object, value, err);
    default:
        return zc_conf_take_for_mirror(k, object, value, err);
    }
}
