// SPDX-License-Identifier: GPL-2.0-or-later
/* What lines of known_hosts say about a host; see known_hosts.h. */
#include "ssh/known_hosts.h"

#include "ssh/pattern.h"

#include <openssl/evp.h>
#include <openssl/hmac.h>
#include <sodium.h>
#include <stdio.h>
#include <string.h>

#define SHA1_SIZE 20
#define KEY_MAX (ZC_KNOWN_HOST_LINE / 4 * 3)

struct text {
    const char *p;
    size_t n;
};

/* The next word of L, taken off it; empty at the end. */
static struct text word(struct text *l)
{
    while (l->n && (*l->p == ' ' || *l->p == '\t'))
        l->p++, l->n--;
    struct text w = {l->p, 0};
    while (w.n < l->n && w.p[w.n] != ' ' && w.p[w.n] != '\t')
        w.n++;
    l->p += w.n;
    l->n -= w.n;
    return w;
}

static bool is(struct text w, const char *what)
{
    return w.n == strlen(what) && !memcmp(w.p, what, w.n);
}

static bool base64(struct text w, uint8_t *out, size_t room, size_t *n)
{
    return sodium_base642bin(out, room, w.p, w.n, NULL, n, NULL,
                             sodium_base64_VARIANT_ORIGINAL) == 0;
}

/* HOSTS is |1|SALT|HASH: is it NAME's? */
static bool hashed_is(struct text hosts, const char *name)
{
    static const char magic[] = "|1|";
    size_t skip = sizeof magic - 1, salt_len, hash_len;
    uint8_t salt[SHA1_SIZE], hash[SHA1_SIZE], ours[EVP_MAX_MD_SIZE];
    unsigned n = 0;
    if (hosts.n < skip || memcmp(hosts.p, magic, skip))
        return false;
    struct text s = {hosts.p + skip, hosts.n - skip};
    const char *bar = memchr(s.p, '|', s.n);
    if (!bar)
        return false;
    struct text h = {bar + 1, (size_t)(s.p + s.n - (bar + 1))};
    s.n = (size_t)(bar - s.p);
    return base64(s, salt, sizeof salt, &salt_len) &&
           base64(h, hash, sizeof hash, &hash_len) && salt_len == SHA1_SIZE &&
           hash_len == SHA1_SIZE &&
           HMAC(EVP_sha1(), salt, SHA1_SIZE, (const unsigned char *)name,
                strlen(name), ours, &n) &&
           n == SHA1_SIZE && !memcmp(hash, ours, SHA1_SIZE);
}

static bool hosts_are(struct text hosts, const char *name)
{
    if (hosts.n && *hosts.p == '|')
        return hashed_is(hosts, name);
    return zc_ssh_pattern_list(hosts.p, hosts.n, name, true);
}

bool zc_ssh_key_type(const uint8_t *key, size_t n,
                     char type[ZC_SSH_KEY_TYPE_MAX])
{
    if (n < 4 || key[0] || key[1] || key[2])
        return false;
    size_t len = key[3];
    if (!len || len >= ZC_SSH_KEY_TYPE_MAX || len > n - 4)
        return false;
    for (size_t i = 0; i < len; i++)
        if (key[4 + i] <= ' ' || key[4 + i] > '~')
            return false;
    memcpy(type, key + 4, len);
    type[len] = '\0';
    return true;
}

void zc_ssh_key_print(const uint8_t *key, size_t n,
                      char print[ZC_SSH_PRINT_SIZE])
{
    uint8_t hash[crypto_hash_sha256_BYTES];
    int at = snprintf(print, ZC_SSH_PRINT_SIZE, "SHA256:");
    crypto_hash_sha256(hash, key, n);
    sodium_bin2base64(print + at, ZC_SSH_PRINT_SIZE - (size_t)at, hash,
                      sizeof hash, sodium_base64_VARIANT_ORIGINAL_NO_PADDING);
}

void zc_known_host_name(const char *host, unsigned port,
                        char name[ZC_KNOWN_HOST_NAME])
{
    if (port == 0 || port == 22)
        snprintf(name, ZC_KNOWN_HOST_NAME, "%s", host);
    else
        snprintf(name, ZC_KNOWN_HOST_NAME, "[%s]:%u", host, port);
    for (char *p = name; *p; p++)
        if (*p >= 'A' && *p <= 'Z')
            *p |= 0x20;
}

static void note(struct zc_known_host_at *at, const char *file, unsigned line)
{
    if (!at->file)
        *at = (struct zc_known_host_at){file, line};
}

static void note_type(struct zc_known_hosts_look *l, const char *type)
{
    for (unsigned i = 0; i < l->type_count; i++)
        if (!strcmp(l->types[i], type))
            return;
    if (l->type_count < ZC_KNOWN_HOST_TYPES)
        memcpy(l->types[l->type_count++], type, strlen(type) + 1);
}

/* A line without a marker, whose key of type TYPE is SAME as the host's. */
static void plain(struct zc_known_hosts_look *l, const char *file,
                  unsigned line, const char *type, bool same)
{
    char asked[ZC_SSH_KEY_TYPE_MAX];
    note_type(l, type);
    if (same)
        note(&l->same, file, line);
    else if (l->key && zc_ssh_key_type(l->key, l->key_len, asked) &&
             !strcmp(type, asked))
        note(&l->changed, file, line);
    else
        note(&l->other, file, line);
}

static void look_at(struct zc_known_hosts_look *l, const char *file,
                    unsigned line, struct text t)
{
    uint8_t key[KEY_MAX];
    char type[ZC_SSH_KEY_TYPE_MAX];
    size_t n;
    struct text hosts = word(&t), marker = {"", 0};
    if (hosts.n && *hosts.p == '@') {
        marker = hosts;
        hosts = word(&t);
    }
    struct text kind = word(&t), code = word(&t);
    if (!hosts.n || *hosts.p == '#' || !hosts_are(hosts, l->name) ||
        !base64(code, key, sizeof key, &n) || !zc_ssh_key_type(key, n, type) ||
        !is(kind, type))
        return;
    bool same = l->key && n == l->key_len && !memcmp(key, l->key, n);
    if (!marker.n)
        plain(l, file, line, type, same);
    else if (is(marker, "@cert-authority"))
        note(&l->authority, file, line);
    else if (is(marker, "@revoked") && same)
        note(&l->revoked, file, line);
}

void zc_known_hosts_scan(struct zc_known_hosts_look *l, const char *file,
                         const char *bytes, size_t n)
{
    const char *at = bytes, *end = bytes + n;
    for (unsigned line = 1; at < end; line++) {
        const char *nl = memchr(at, '\n', (size_t)(end - at));
        const char *to = nl ? nl : end;
        struct text t = {at, (size_t)(to - at)};
        if (t.n && t.p[t.n - 1] == '\r')
            t.n--;
        if (t.n <= ZC_KNOWN_HOST_LINE)
            look_at(l, file, line, t);
        at = to + 1;
    }
}
