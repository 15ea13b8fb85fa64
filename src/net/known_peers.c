// SPDX-License-Identifier: GPL-2.0-or-later
/* Names and lines of known_peers, in memory; see known_peers.h. */
#include "net/known_peers.h"

#include "net/address.h"

#include <stdio.h>
#include <string.h>

#define HOST_MAX 255
#define SHOWN 100 /* bytes of a word that a message repeats */

/* --- names --- */

/* What may stand in a file, a message and a terminal, and is one word. */
static bool host_ok(const char *host, size_t n)
{
    if (n == 0 || n > HOST_MAX || *host == '-' || *host == '#')
        return false;
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)host[i];
        if (c <= 0x20 || c == 0x7f || strchr("/[]@", c))
            return false;
    }
    return !memchr(host, ':', n) || zc_addr_is_v6(host, n);
}

/* A number from 1 to 65535; 0: it is none. */
static unsigned port_number(const char *s, size_t n)
{
    unsigned v = 0;
    if (n == 0 || n > 5)
        return 0;
    for (size_t i = 0; i < n; i++) {
        if (s[i] < '0' || s[i] > '9')
            return 0;
        v = 10 * v + (unsigned)(s[i] - '0');
    }
    return v <= UINT16_MAX ? v : 0;
}

/* Host names do not know upper case; zones (the names of interfaces) do. */
static void put_name(const char *host, size_t n, unsigned port,
                     char out[ZC_KNOWN_PEER_NAME])
{
    bool plain = port == port_number(ZC_DEFAULT_PORT, strlen(ZC_DEFAULT_PORT));
    if (plain)
        snprintf(out, ZC_KNOWN_PEER_NAME, "%.*s", (int)n, host);
    else
        snprintf(out, ZC_KNOWN_PEER_NAME, "[%.*s]:%u", (int)n, host, port);
    for (char *c = out; *c && *c != '%'; c++)
        if (*c >= 'A' && *c <= 'Z')
            *c = (char)(*c - 'A' + 'a');
}

/* Finds host and port in TEXT: "[HOST]:PORT", "[V6]", "HOST:PORT", HOST. */
static bool cut_name(const char *text, size_t n, const char **host,
                     size_t *host_n, const char **port, size_t *port_n)
{
    const char *end = text + n, *close, *colon;
    *host = text;
    *host_n = n;
    *port = ZC_DEFAULT_PORT;
    *port_n = strlen(ZC_DEFAULT_PORT);
    if (n && *text == '[') {
        close = memchr(text, ']', n);
        if (!close)
            return false;
        *host = text + 1;
        *host_n = (size_t)(close - *host);
        if (close + 1 == end) /* without a port brackets are for IPv6 */
            return zc_addr_is_v6(*host, *host_n);
        *port = close + 2;
        *port_n = (size_t)(end - close - 1) - 1;
        return close[1] == ':';
    }
    colon = memchr(text, ':', n);
    if (colon && !memchr(colon + 1, ':', (size_t)(end - colon - 1))) {
        *host_n = (size_t)(colon - text);
        *port = colon + 1;
        *port_n = (size_t)(end - *port);
    }
    return true;
}

int zc_known_peer_name(const char *text, size_t n,
                       char name[ZC_KNOWN_PEER_NAME], struct zc_err *err)
{
    const char *host, *port;
    size_t host_n, port_n;
    unsigned number;
    if (!cut_name(text, n, &host, &host_n, &port, &port_n) ||
        !host_ok(host, host_n) || !(number = port_number(port, port_n)))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "'%.*s%s' is not the name of a host: write HOST or "
                          "[HOST]:PORT",
                          (int)ZC_MIN(n, (size_t)SHOWN), text,
                          n > SHOWN ? "..." : "");
    put_name(host, host_n, number, name);
    return 0;
}

int zc_known_peer_name_at(const char *host, const char *port,
                          char name[ZC_KNOWN_PEER_NAME], struct zc_err *err)
{
    size_t n = strlen(host);
    unsigned number = port_number(port, strlen(port));
    if (!host_ok(host, n) || !number)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "'%.*s' port %.20s is not a host that can be known",
                          SHOWN, host, port);
    put_name(host, n, number, name);
    return 0;
}

/* --- lines --- */

struct reader {
    struct zc_known_peers *k;
    unsigned line;
    struct zc_err *err;
};

#define refuse(r, fmt, ...)                                                   \
    zc_err_set((r)->err, ZC_EXIT_USAGE, 0, "%s:%u: " fmt, (r)->k->file,       \
               (r)->line, ##__VA_ARGS__)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* The word at *P, which ends at a blank or END; its bytes. */
static size_t word(const char **p, const char *end, const char **start)
{
    while (*p < end && is_blank(**p))
        ++*p;
    *start = *p;
    while (*p < end && !is_blank(**p))
        ++*p;
    return (size_t)(*p - *start);
}

static int check_bytes(struct reader *r, const char *from, const char *to)
{
    for (; from < to; from++) {
        unsigned char c = (unsigned char)*from;
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return refuse(r, "there is a control character (0x%02x) in the "
                             "line", c);
    }
    return 0;
}

static int take_line(struct reader *r, const char *from, const char *to)
{
    const char *name, *key, *more;
    char text[ZC_KNOWN_PEER_NAME];
    struct zc_known_peer p = {.line = r->line};
    struct zc_err why;
    if (to > from && to[-1] == '\r')
        to--;
    if (check_bytes(r, from, to))
        return -1;
    size_t name_n = word(&from, to, &name);
    if (name_n == 0 || *name == '#')
        return 0;
    size_t key_n = word(&from, to, &key);
    if (key_n == 0)
        return refuse(r, "there is no key after the name");
    if (word(&from, to, &more))
        return refuse(r, "something follows the key");
    if (zc_known_peer_name(name, name_n, text, &why))
        return refuse(r, "%s", why.text);
    if (!zc_key_parse(key, key_n, p.key))
        return refuse(r, "'%.*s' is not a public key: 44 characters of base64",
                      (int)ZC_MIN(key_n, (size_t)SHOWN), key);
    const struct zc_known_peer *first = zc_known_peers_find(r->k, text);
    if (first)
        return refuse(r, "%s is there already, in line %u", text, first->line);
    p.name = strdup(text);
    if (!p.name || zc_vec_push(&r->k->v, p)) {
        free(p.name);
        return zc_err_nomem(r->err);
    }
    return 0;
}

struct zc_known_peers *zc_known_peers_parse(const char *file,
                                            const char *bytes, size_t n,
                                            struct zc_err *err)
{
    struct reader r = {.k = calloc(1, sizeof *r.k), .err = err};
    const char *at = bytes, *end = n ? bytes + n : bytes;
    if (!r.k || !(r.k->file = strdup(file))) {
        zc_known_peers_free(r.k);
        zc_err_nomem(err);
        return NULL;
    }
    if (n > ZC_KNOWN_PEERS_MAX) {
        zc_err_set(err, ZC_EXIT_USAGE, 0, "%s: the file is larger than 1 MiB",
                   file);
        at = NULL;
    }
    while (at && at < end) {
        const char *to = memchr(at, '\n', (size_t)(end - at));
        r.line++;
        if (take_line(&r, at, to ? to : end))
            at = NULL;
        else
            at = to ? to + 1 : end;
    }
    if (at || n == 0)
        return r.k;
    zc_known_peers_free(r.k);
    return NULL;
}

const struct zc_known_peer *zc_known_peers_find(const struct zc_known_peers *k,
                                                const char *name)
{
    for (size_t i = 0; i < k->v.len; i++)
        if (strcmp(k->v.v[i].name, name) == 0)
            return &k->v.v[i];
    return NULL;
}

void zc_known_peers_free(struct zc_known_peers *k)
{
    if (!k)
        return;
    for (size_t i = 0; i < k->v.len; i++)
        free(k->v.v[i].name);
    zc_vec_fini(&k->v);
    free(k->file);
    free(k);
}
