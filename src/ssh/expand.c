// SPDX-License-Identifier: GPL-2.0-or-later
/* `~`, `${NAME}` and %-tokens in values of ssh_config; see config.h. */
#include "ssh/config.h"

#include "base/buf.h"

#include <pwd.h>
#include <stdio.h>
#include <string.h>

/* The home of USER, N bytes; of the local user when N is 0. False: there is
 * no such user. */
static bool put_home(struct zc_buf *b, const char *user, size_t n)
{
    struct zc_ssh_me me;
    char name[256], room[16384];
    struct passwd pw, *found = NULL;
    if (!n) {
        zc_ssh_me(&me);
        zc_buf_put_str(b, me.home);
        return true;
    }
    if (n >= sizeof name)
        return false;
    memcpy(name, user, n);
    name[n] = '\0';
    if (getpwnam_r(name, &pw, room, sizeof room, &found) || !found)
        return false;
    zc_buf_put_str(b, pw.pw_dir);
    return true;
}

static void put_this_host(struct zc_buf *b, bool short_name)
{
    char name[256] = "localhost";
    gethostname(name, sizeof name - 1);
    zc_buf_put(b, name, short_name ? strcspn(name, ".") : strlen(name));
}

static bool put_token(struct zc_buf *b, const struct zc_ssh_config *c, char t)
{
    struct zc_ssh_me me;
    const char *hostname = c->hostname ? c->hostname : c->host;
    zc_ssh_me(&me);
    switch (t) {
    case '%':
        zc_buf_put_str(b, "%");
        break;
    case 'd':
        zc_buf_put_str(b, me.home);
        break;
    case 'h':
        zc_buf_put_str(b, hostname);
        break;
    case 'i':
        zc_buf_printf(b, "%u", (unsigned)getuid());
        break;
    case 'j':
        zc_buf_put_str(b, c->proxy_jump ? c->proxy_jump : "");
        break;
    case 'k':
        zc_buf_put_str(b, c->host_key_alias ? c->host_key_alias : c->host);
        break;
    case 'L':
    case 'l':
        put_this_host(b, t == 'L');
        break;
    case 'n':
        zc_buf_put_str(b, c->host);
        break;
    case 'p':
        zc_buf_printf(b, "%u", c->port);
        break;
    case 'r':
        zc_buf_put_str(b, c->user ? c->user : me.user);
        break;
    case 'u':
        zc_buf_put_str(b, me.user);
        break;
    default:
        return false;
    }
    return true;
}

/* ${NAME} at P; the length of it, or 0: it is none, or not set. */
static size_t put_variable(struct zc_buf *b, const char *p)
{
    char name[128];
    const char *end = strchr(p, '}');
    if (!end || (size_t)(end - p - 2) >= sizeof name)
        return 0;
    memcpy(name, p + 2, (size_t)(end - p - 2));
    name[end - p - 2] = '\0';
    const char *value = getenv(name);
    if (!value)
        return 0;
    zc_buf_put_str(b, value);
    return (size_t)(end - p) + 1;
}

static int put_all(struct zc_buf *b, const struct zc_ssh_config *c,
                   const char *text, bool file, struct zc_err *err)
{
    const char *p = text;
    if (file && *p == '~') {
        size_t n = strcspn(p, "/");
        if (!put_home(b, p + 1, n - 1))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "ssh configuration of %s: there is no user %.*s",
                              c->host, (int)ZC_MIN(n - 1, 100U), p + 1);
        p += n;
    }
    while (*p) {
        size_t n = strcspn(p, file ? "%$" : "%");
        zc_buf_put(b, p, n);
        p += n;
        if (*p == '%' && p[1] && put_token(b, c, p[1])) {
            p += 2;
        } else if (*p == '$' && p[1] == '{' && (n = put_variable(b, p))) {
            p += n;
        } else if (*p == '$' && p[1] != '{') {
            zc_buf_put(b, p++, 1);
        } else if (*p) {
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "ssh configuration of %s: nothing is known "
                              "to stand for \"%.20s\" in \"%.200s\"",
                              c->host, p, text);
        }
    }
    return 0;
}

char *zc_ssh_expand(const struct zc_ssh_config *c, const char *text, bool file,
                    struct zc_err *err)
{
    struct zc_buf b = ZC_BUF_INIT;
    int r = put_all(&b, c, text, file, err);
    zc_buf_put(&b, "", 1);
    if (r == 0 && b.failed)
        r = zc_err_nomem(err);
    if (r) {
        zc_buf_fini(&b);
        return NULL;
    }
    return (char *)b.data;
}
