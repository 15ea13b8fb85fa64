// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Is the host the one that it claims to be? As ssh(1) decides it, but for two
 * things: a key that differs from the one that is known is refused whatever
 * StrictHostKeyChecking says, and so is, where nobody can be asked, a host that
 * is known by keys of other kinds: it may be that somebody in between has left
 * those out.
 */
#include "ssh/hostkey.h"

#include "ssh/known_hosts.h"

#include <stdio.h>
#include <string.h>

struct known {
    const struct zc_ssh_config *c;
    const struct zc_ssh_options *o;
    char name[ZC_KNOWN_HOST_NAME]; /* as the host is called in the files */
    char bare[ZC_KNOWN_HOST_NAME]; /* without its port; "": the same */
    struct zc_ssh_words paths;     /* the user's files first */
    const uint8_t *key;
    size_t key_len;
    char type[ZC_SSH_KEY_TYPE_MAX], print[ZC_SSH_PRINT_SIZE];
};

static int add_paths(struct known *k, const struct zc_ssh_words *files,
                     struct zc_err *err)
{
    for (size_t i = 0; i < files->len; i++) {
        if (!strcmp(files->v[i], "none"))
            continue;
        char *path = zc_ssh_expand(k->c, files->v[i], true, err);
        if (!path)
            return -1;
        if (zc_vec_push(&k->paths, path)) {
            free(path);
            return zc_err_nomem(err);
        }
    }
    return 0;
}

static int known_init(struct known *k, const struct zc_ssh_config *c,
                      const struct zc_ssh_options *o, struct zc_err *err)
{
    *k = (struct known){.c = c, .o = o};
    if (c->host_key_alias) {
        zc_known_host_name(c->host_key_alias, 0, k->name);
    } else {
        zc_known_host_name(c->hostname, c->port, k->name);
        if (c->port != 22)
            zc_known_host_name(c->hostname, 0, k->bare);
    }
    return add_paths(k, &c->user_known_hosts, err) ||
                   add_paths(k, &c->global_known_hosts, err)
               ? -1
               : 0;
}

static int look(const struct known *k, const char *name,
                struct zc_known_hosts_look *l, struct zc_err *err)
{
    struct zc_buf bytes = ZC_BUF_INIT;
    int r = 0;
    *l = (struct zc_known_hosts_look){
        .name = name, .key = k->key, .key_len = k->key_len};
    for (size_t i = 0; i < k->paths.len && !r; i++) {
        r = zc_known_hosts_load(k->paths.v[i], &bytes, err);
        if (!r)
            zc_known_hosts_scan(l, k->paths.v[i], (const char *)bytes.data,
                                bytes.len);
    }
    zc_buf_fini(&bytes);
    return r;
}

/* --- what is asked for --- */

/* Those of the kinds that are KNOWN, or the others. */
static void put_methods(const struct zc_known_hosts_look *l, bool known,
                        struct zc_buf *b)
{
    static const struct {
        const char *type, *methods;
    } all[] = {
        {"ssh-ed25519", "ssh-ed25519"},
        {"ecdsa-sha2-nistp256", "ecdsa-sha2-nistp256"},
        {"ecdsa-sha2-nistp384", "ecdsa-sha2-nistp384"},
        {"ecdsa-sha2-nistp521", "ecdsa-sha2-nistp521"},
        {"ssh-rsa", "rsa-sha2-512,rsa-sha2-256,ssh-rsa"},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(all); i++) {
        bool is = false;
        for (unsigned j = 0; j < l->type_count; j++)
            is = is || !strcmp(l->types[j], all[i].type);
        if (is == known)
            zc_buf_printf(b, "%s%s", b->len ? "," : "", all[i].methods);
    }
}

int zc_ssh_hostkey_prefer(struct zc_ssh_link *l, const struct zc_ssh_config *c,
                          struct zc_err *err)
{
    struct known k;
    struct zc_known_hosts_look found = {0};
    struct zc_buf b = ZC_BUF_INIT;
    int r = known_init(&k, c, NULL, err);
    if (!r)
        r = look(&k, k.name, &found, err);
    if (!r && !found.type_count && *k.bare)
        r = look(&k, k.bare, &found, err);
    put_methods(&found, true, &b);
    put_methods(&found, false, &b);
    zc_buf_put(&b, "", 1);
    if (!r && b.failed)
        r = zc_err_nomem(err);
    struct zc_ssh_choice choice = {LIBSSH2_METHOD_HOSTKEY, (char *)b.data,
                                   c->host_key_algorithms,
                                   "kind of host key", "HostKeyAlgorithms"};
    if (!r)
        r = zc_ssh_link_prefer(l, &choice, err);
    zc_buf_fini(&b);
    zc_ssh_words_fini(&k.paths);
    return r;
}

/* --- what is shown --- */

static int refuse_changed(const struct known *k,
                          const struct zc_known_host_at *at,
                          struct zc_err *err)
{
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "%s has shown another key (%s %s) than the one in %s:%u: "
                      "either somebody is in between, or it was set up anew "
                      "('ssh-keygen -R %s' forgets the old key)",
                      k->c->host, k->type, k->print, at->file, at->line,
                      k->name);
}

/* Of a host whose KEY is not known; OTHER: but one of another kind is. */
static int refuse_new(const struct known *k,
                      const struct zc_known_host_at *other, const char *why,
                      struct zc_err *err)
{
    if (other->file)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s has shown a key of another kind (%s %s) than "
                          "the one in %s:%u, and %s", k->c->host, k->type,
                          k->print, other->file, other->line, why);
    return zc_err_set(err, ZC_EXIT_START, 0,
                      "the key of %s (%s %s) is not known, and %s (ssh(1) or "
                      "--accept-new can make it known)", k->c->host, k->type,
                      k->print, why);
}

/* Notes the key; that it could not be noted keeps nobody from a host. */
static void remember(const struct known *k)
{
    struct zc_err e;
    if (!k->c->user_known_hosts.len || !k->paths.len)
        return;
    if (zc_known_hosts_add(k->paths.v[0], k->name, k->key, k->key_len,
                           k->c->hash_known_hosts, &e)) {
        zc_err_prefix(&e, "could not note the key of %s", k->c->host);
        if (k->o->say)
            k->o->say(k->o->arg, ZC_LOG_WARN, e.text);
    } else if (k->o->say) {
        zc_err_set(&e, ZC_EXIT_OK, 0, "the key of %s (%s %s) is in %s now",
                   k->c->host, k->type, k->print, k->paths.v[0]);
        k->o->say(k->o->arg, ZC_LOG_INFO, e.text);
    }
}

static int ask(const struct known *k, const struct zc_known_host_at *other,
               struct zc_err *err)
{
    struct zc_buf q = ZC_BUF_INIT;
    if (!k->o->ask || k->c->batch)
        return refuse_new(k, other, "there is nobody to ask", err);
    zc_buf_printf(&q, "The key of %s (%s) is not known:\n  %s %s\n",
                  k->c->host, k->name, k->type, k->print);
    if (other->file)
        zc_buf_printf(&q, "There is one of another kind in %s:%u.\n",
                      other->file, other->line);
    zc_buf_put_str(&q, "Is it the right one (yes, no, or the fingerprint)? ");
    zc_buf_put(&q, "", 1);
    if (q.failed)
        return zc_err_nomem(err);
    char *answer = k->o->ask(k->o->arg, ZC_SSH_YES_NO, (char *)q.data);
    zc_buf_fini(&q);
    if (!answer)
        return refuse_new(k, other, "there is nobody to ask", err);
    bool yes = !strcmp(answer, "yes") || !strcmp(answer, k->print);
    free(answer);
    if (!yes)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "the key of %s (%s %s) was not accepted", k->c->host,
                          k->type, k->print);
    remember(k);
    return 0;
}

static int unknown(const struct known *k, const struct zc_known_host_at *other,
                   struct zc_err *err)
{
    switch (k->c->strict) {
    case ZC_SSH_STRICT_YES:
        return refuse_new(k, other, "StrictHostKeyChecking is on", err);
    case ZC_SSH_STRICT_ASK:
        return ask(k, other, err);
    case ZC_SSH_STRICT_ACCEPT_NEW:
        if (other->file)
            return refuse_new(k, other, "so the host is not a new one", err);
        break;
    case ZC_SSH_STRICT_NO:
        break;
    }
    remember(k);
    return 0;
}

static int judge(const struct known *k, struct zc_err *err)
{
    struct zc_known_hosts_look l, bare = {0};
    if (look(k, k->name, &l, err))
        return -1;
    if (*k->bare && look(k, k->bare, &bare, err))
        return -1;
    const struct zc_known_host_at *revoked =
        l.revoked.file ? &l.revoked : &bare.revoked;
    if (revoked->file)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s has shown a key (%s %s) that %s:%u revokes",
                          k->c->host, k->type, k->print, revoked->file,
                          revoked->line);
    if (l.same.file)
        return 0;
    if (l.changed.file)
        return refuse_changed(k, &l.changed, err);
    /* As ssh(1): a host that is known without its port is that host. */
    if (bare.same.file && !l.other.file)
        return 0;
    if (l.authority.file)
        return zc_err_set(err, ZC_EXIT_START, 0,
                          "%s is known by a certificate authority only (%s:%u),"
                          " whose signatures cannot be checked here: a line "
                          "with its own key is needed, too", k->c->host,
                          l.authority.file, l.authority.line);
    return unknown(k, &l.other, err);
}

int zc_ssh_hostkey_check(struct zc_ssh_link *l, const struct zc_ssh_config *c,
                         const struct zc_ssh_options *o, struct zc_err *err)
{
    struct known k;
    int type;
    int r = known_init(&k, c, o, err);
    k.key = (const uint8_t *)libssh2_session_hostkey(l->session, &k.key_len,
                                                     &type);
    if (r == 0 && (!k.key || !zc_ssh_key_type(k.key, k.key_len, k.type)))
        r = zc_err_set(err, ZC_EXIT_START, 0,
                       "%s has shown a key of a kind that is not known here",
                       c->host);
    if (r == 0) {
        zc_ssh_key_print(k.key, k.key_len, k.print);
        r = judge(&k, err);
    }
    zc_ssh_words_fini(&k.paths);
    return r;
}
