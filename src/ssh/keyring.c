// SPDX-License-Identifier: GPL-2.0-or-later
/* Where keys are; see keyring.h. */
#include "ssh/keyring.h"

#include "ssh/cert.h"

#include <stdio.h>
#include <string.h>

struct opening {
    struct zc_ssh_keyring *ring;
    const struct zc_ssh_config *c;
    const struct zc_ssh_options *o;
    void (*tried)(void *arg, const char *what, const char *name);
    void *arg;
    struct zc_err *err;
};

static bool same(const uint8_t *a, size_t a_len, const uint8_t *b, size_t b_len)
{
    return a && b && a_len == b_len && !memcmp(a, b, a_len);
}

const uint8_t *zc_ssh_identity_public(const struct zc_ssh_identity *i,
                                      size_t *n)
{
    if (i->key)
        return zc_ssh_key_public(i->key, n);
    *n = i->open.len;
    return i->open.data;
}

const struct zc_ssh_agent_key *
zc_ssh_keyring_in_agent(const struct zc_ssh_keyring *ring, const uint8_t *key,
                        size_t n)
{
    for (size_t i = 0; i < ring->agent.keys.len; i++) {
        const struct zc_ssh_agent_key *k = &ring->agent.keys.v[i];
        if (same(k->blob, k->len, key, n))
            return k;
    }
    return NULL;
}

const struct zc_ssh_identity *
zc_ssh_keyring_in_files(const struct zc_ssh_keyring *ring, const uint8_t *key,
                        size_t n, bool private)
{
    for (size_t i = 0; i < ring->files.len; i++) {
        size_t len;
        const struct zc_ssh_identity *f = &ring->files.v[i];
        const uint8_t *open = zc_ssh_identity_public(f, &len);
        if ((f->key || !private) && same(open, len, key, n))
            return f;
    }
    return NULL;
}

bool zc_ssh_keyring_has_cert(const struct zc_ssh_keyring *ring,
                             const uint8_t *cert, size_t n)
{
    for (size_t i = 0; i < ring->certs.len; i++) {
        const struct zc_buf *b = &ring->certs.v[i].open;
        if (same(b->data, b->len, cert, n))
            return true;
    }
    return false;
}

/* --- files --- */

static void identity_fini(struct zc_ssh_identity *i)
{
    zc_ssh_key_free(i->key);
    zc_buf_fini(&i->open);
    zc_buf_fini(&i->plain);
    free(i->name);
}

/* With the public key in PATH, or in PATH and END. */
static int read_public(const char *path, const char *end, struct zc_buf *out)
{
    struct zc_buf name = ZC_BUF_INIT;
    zc_buf_printf(&name, "%s%s", path, end);
    zc_buf_put(&name, "", 1);
    int r = name.failed ? -1 : zc_ssh_key_read_public((char *)name.data, out);
    zc_buf_fini(&name);
    return r;
}

/* Why PATH could not be read. One of the usual ones need not be there. */
static void not_read(struct opening *op, const char *text,
                     const struct zc_err *e)
{
    bool missing = e->eno == ENOENT;
    if (!missing && op->o->say)
        op->o->say(op->o->arg, ZC_LOG_WARN, e->text);
    if (!missing || strncmp(text, "~/.ssh/id_", 10) != 0)
        op->tried(op->arg, e->text, "");
}

static int no_memory(struct opening *op, struct zc_ssh_identity *i)
{
    identity_fini(i);
    return zc_err_nomem(op->err);
}

/* The certificate in the file NAME (taken over); MUST: the user has named it. */
static int add_cert(struct opening *op, char *name, bool must)
{
    struct zc_ssh_identity i = {.name = name};
    if (!name)
        return zc_err_nomem(op->err);
    if (zc_ssh_key_read_public(name, &i.open) ||
        zc_ssh_cert_key(i.open.data, i.open.len, &i.plain)) {
        if (must)
            op->tried(op->arg, name, " (no certificate that can be read)");
    } else if (!zc_ssh_keyring_has_cert(op->ring, i.open.data, i.open.len)) {
        return zc_vec_push(&op->ring->certs, i) ? no_memory(op, &i) : 0;
    }
    identity_fini(&i);
    return 0;
}

/* What ssh(1) looks for beside an identity file. */
static int add_cert_of(struct opening *op, const char *path)
{
    struct zc_buf b = ZC_BUF_INIT;
    size_t n = strlen(path), pub = sizeof ".pub" - 1;
    bool cut = n > pub && !strcmp(path + n - pub, ".pub");
    zc_buf_printf(&b, "%.*s-cert.pub", (int)(cut ? n - pub : n), path);
    zc_buf_put(&b, "", 1);
    if (b.failed) {
        zc_buf_fini(&b);
        return zc_err_nomem(op->err);
    }
    return add_cert(op, (char *)b.data, false);
}

/* A private key; else a public one, whose other half the agent may have. */
static int add_file(struct opening *op, const char *text)
{
    struct zc_err e = {0};
    struct zc_ssh_identity i = {.name = zc_ssh_expand(op->c, text, true,
                                                      op->err)};
    if (!i.name)
        return -1;
    i.key = zc_ssh_key_load(i.name, &e);
    if (!i.key && read_public(i.name, "", &i.open) &&
        (e.eno != ENOENT || read_public(i.name, ".pub", &i.open))) {
        not_read(op, text, &e);
        identity_fini(&i);
        return 0;
    }
    if (zc_vec_push(&op->ring->files, i))
        return no_memory(op, &i);
    return add_cert_of(op, i.name);
}

static int add_files(struct opening *op)
{
    const struct zc_ssh_words *w = &op->c->certificate_files;
    for (size_t i = 0; i < w->len; i++)
        if (strcasecmp(w->v[i], "none") != 0 &&
            add_cert(op, zc_ssh_expand(op->c, w->v[i], true, op->err), true))
            return -1;
    w = &op->c->identity_files;
    for (size_t i = 0; i < w->len; i++)
        if (strcasecmp(w->v[i], "none") != 0 && add_file(op, w->v[i]))
            return -1;
    return 0;
}

/* --- the agent --- */

static int open_agent(struct opening *op)
{
    const char *where = op->c->identity_agent;
    const char *socket = getenv("SSH_AUTH_SOCK");
    zc_auto_free char *path = NULL;
    if (where && !strcmp(where, "none"))
        return 0;
    if (where && *where == '$' && where[1] != '{') {
        socket = getenv(where + 1);
    } else if (where && strcmp(where, "SSH_AUTH_SOCK") != 0) {
        path = zc_ssh_expand(op->c, where, true, op->err);
        if (!path)
            return -1;
        socket = path;
    }
    if (!socket || !*socket)
        return 0;
    if (zc_ssh_agent_open(&op->ring->agent, socket, op->o->stop))
        op->tried(op->arg, "the agent at ", socket);
    return 0;
}

int zc_ssh_keyring_open(struct zc_ssh_keyring *ring,
                        const struct zc_ssh_config *c,
                        const struct zc_ssh_options *o,
                        void (*tried)(void *arg, const char *what,
                                      const char *name),
                        void *arg, struct zc_err *err)
{
    struct opening op = {ring, c, o, tried, arg, err};
    *ring = (struct zc_ssh_keyring){.agent.fd = -1};
    return add_files(&op) || open_agent(&op) ? -1 : 0;
}

void zc_ssh_keyring_fini(struct zc_ssh_keyring *ring)
{
    for (size_t i = 0; i < ring->files.len; i++)
        identity_fini(&ring->files.v[i]);
    for (size_t i = 0; i < ring->certs.len; i++)
        identity_fini(&ring->certs.v[i]);
    zc_vec_fini(&ring->files);
    zc_vec_fini(&ring->certs);
    zc_ssh_agent_fini(&ring->agent);
}
