// SPDX-License-Identifier: GPL-2.0-or-later
/* Who may look at the status page; see door.h. */
#include "web/door.h"

#include "base/io.h"
#include "fs/secret.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <sodium.h>
#include <string.h>
#include <strings.h>

#define HOST_MAX 255
static const char between[] = ", \t";

/* --- host --- */

static bool is_address(const char *host, size_t n)
{
    char text[INET6_ADDRSTRLEN];
    struct in6_addr to; /* has room for both kinds */
    bool v6 = n > 2 && host[0] == '[' && host[n - 1] == ']';
    if (v6) {
        host++;
        n -= 2;
    }
    if (n >= sizeof text)
        return false;
    memcpy(text, host, n);
    text[n] = '\0';
    return inet_pton(v6 ? AF_INET6 : AF_INET, text, &to) == 1;
}

static bool is_listed(const char *list, const char *host, size_t n)
{
    for (const char *p = list; p && *p;) {
        p += strspn(p, between);
        size_t len = strcspn(p, between);
        if (len && len == n && strncasecmp(p, host, n) == 0)
            return true;
        p += len;
    }
    return false;
}

bool zc_web_host_ok(const struct zc_web_door *d, const char *host)
{
    size_t n = host ? strnlen(host, HOST_MAX + 1) : 0;
    if (n == 0 || n > HOST_MAX)
        return false;
    /* ":PORT": which one does not matter, a tunnel has another than we. */
    size_t digits = n;
    while (digits && isdigit((unsigned char)host[digits - 1]))
        digits--;
    if (digits && host[digits - 1] == ':')
        n = digits - 1;
    if (is_address(host, n))
        return true;
    if (n > 1 && host[n - 1] == '.')
        n--;
    return is_listed("localhost", host, n) || is_listed(d->names, host, n);
}

bool zc_web_names_ok(const char *list)
{
    for (const char *p = list; *p; p++)
        if (!isalnum((unsigned char)*p) && !strchr("-._", *p) &&
            !strchr(between, *p))
            return false;
    return list[strspn(list, between)] != '\0';
}

/* --- authorization --- */

static void hash(uint8_t out[32], const char *token, size_t n)
{
    crypto_generichash(out, 32, (const unsigned char *)token, n, NULL, 0);
}

int zc_web_token_parse(struct zc_web_token *t, const char *name,
                       const char *text, size_t n, struct zc_err *err)
{
    size_t len = 0;
    while (len < n && text[len] != '\n' && text[len] != '\r') {
        if (!isgraph((unsigned char)text[len]))
            return zc_err_set(err, ZC_EXIT_USAGE, 0,
                              "%s: a token is letters, digits and signs, with "
                              "no space in it", name);
        len++;
    }
    if (len < ZC_WEB_TOKEN_MIN || len > ZC_WEB_TOKEN_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: the token in the first line has %zu characters, "
                          "and not %d to %d", name, len, ZC_WEB_TOKEN_MIN,
                          ZC_WEB_TOKEN_MAX);
    hash(t->hash, text, len);
    t->set = true;
    return 0;
}

int zc_web_token_load(struct zc_web_token *t, const char *path,
                      struct zc_err *err)
{
    char text[ZC_WEB_TOKEN_MAX + 2];
    static const struct zc_secret_words words = {"token", "token", ""};
    zc_auto_close int fd = zc_secret_open(path, &words, err);
    if (fd < 0)
        return -1;
    ssize_t n = zc_io_read(fd, text, sizeof text);
    if (n < 0)
        return zc_err_set(err, ZC_EXIT_START, errno, "cannot read %s", path);
    int r = zc_web_token_parse(t, path, text, (size_t)n, err);
    sodium_memzero(text, sizeof text);
    return r;
}

/* What follows WORD and spaces in VALUE; NULL: it begins otherwise. */
static const char *behind(const char *value, const char *word)
{
    size_t n = strlen(word);
    if (strncasecmp(value, word, n) != 0 || value[n] != ' ')
        return NULL;
    return value + n + strspn(value + n, " ");
}

static bool is_token(const struct zc_web_token *t, const char *text, size_t n)
{
    uint8_t h[sizeof t->hash];
    hash(h, text, n);
    bool same = sodium_memcmp(h, t->hash, sizeof h) == 0;
    sodium_memzero(h, sizeof h);
    return same;
}

/* "USER:TOKEN" in base64; which user does not matter. */
static bool basic_ok(const struct zc_web_token *t, const char *text)
{
    char plain[ZC_WEB_TOKEN_MAX + 128];
    size_t n = 0;
    bool good = false;
    if (sodium_base642bin((unsigned char *)plain, sizeof plain, text,
                          strlen(text), NULL, &n, NULL,
                          sodium_base64_VARIANT_ORIGINAL) == 0) {
        const char *colon = memchr(plain, ':', n);
        size_t from = colon ? (size_t)(colon + 1 - plain) : n;
        good = colon && is_token(t, plain + from, n - from);
    }
    sodium_memzero(plain, sizeof plain);
    return good;
}

bool zc_web_token_ok(const struct zc_web_door *d, const char *authorization)
{
    const char *text;
    if (!d->token.set)
        return true;
    if (!authorization)
        return false;
    if ((text = behind(authorization, "Bearer")))
        return is_token(&d->token, text, strlen(text));
    if ((text = behind(authorization, "Basic")))
        return basic_ok(&d->token, text);
    return false;
}
