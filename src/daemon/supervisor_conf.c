// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The daemon's configuration, taken and exchanged.
 *
 * A reload is about what begins after it: new connections meet the new identity,
 * shares and keys. A session that is open goes on as it began, unless its share
 * is gone, its peer's key has been taken out, or it is sealed with a key that is
 * not this daemon's any more: then it is told to end.
 */
#include "daemon/supervisor_state.h"

#include "base/log.h"

#include <string.h>

/* The private key that CONF names, in *ID; NULL when it names none. */
static int load_identity(const struct zc_conf *conf, struct zc_identity **id,
                         struct zc_err *err)
{
    *id = conf->identity ? zc_identity_load(conf->identity, err) : NULL;
    return conf->identity && !*id ? -1 : 0;
}

/* The token that CONF names, in *T. */
static int load_token(const struct zc_conf *conf, struct zc_web_token *t,
                      struct zc_err *err)
{
    *t = (struct zc_web_token){0};
    return zc_conf_web_wanted(conf) && conf->web.token_file
               ? zc_web_token_load(t, conf->web.token_file, err)
               : 0;
}

static int list_shares(const struct zc_conf *conf, zc_shares *shares,
                       struct zc_err *err)
{
    for (size_t i = 0; i < conf->shares.len; i++) {
        const struct zc_conf_share *c = &conf->shares.v[i];
        const struct zc_share share = {
            .name = c->name,
            .path = c->path,
            .read_only = c->read_only,
            .require = &c->require,
            .keys = zc_conf_keys_of(&c->keys).v,
            .n_keys = c->keys.len,
            .read_keys = zc_conf_keys_of(&c->read_keys).v,
            .n_read_keys = c->read_keys.len,
            .readable = c->readable,
            .fake = c->fake_super,
            .users = c->users.v,
            .n_users = c->users.len,
            .any_user = c->any_user,
            .trust = c->trust,
            .partials = {c->partial_s, c->partial_size, !c->partial_s},
            .keep_s = c->keep_s,
            .keep_size = c->keep_size,
            .min_free = c->min_free,
            .on_change = c->on_change.command,
            .change_patterns = c->on_change.patterns,
        };
        if (access(c->path, F_OK))
            zc_log(ZC_LOG_WARN, "share %s: %s: %s", c->name, c->path,
                   strerror(errno));
        if (zc_vec_push(shares, share))
            return zc_err_nomem(err);
    }
    return 0;
}

/* --- taken --- */

static int on_feed(void *arg, uint64_t *number)
{
    struct supervisor *s = arg;
    return zc_hooks_feed(s->hooks, false, number);
}

/* In a child. */
static void on_mark(void *arg, const char *share, uint64_t number)
{
    struct supervisor *s = arg;
    zc_hooks_mark(s->hooks, false, share, number);
}

/* In a child of zc_receivers. */
static void on_forked(void *arg)
{
    struct supervisor *s = arg;
    zc_mirrors_forget(s->mirrors);
    zc_hooks_forget(s->hooks);
}

static void on_ended(void *arg, const struct zc_receiver_process *c)
{
    struct supervisor *s = arg;
    if (s->pushers)
        zc_pushers_ended(s->pushers, c);
}

int zc_super_take_conf(struct supervisor *s, struct zc_conf *conf,
                       struct zc_err *err)
{
    struct zc_identity *id = NULL;
    zc_shares shares = {0};
    struct zc_web_token token;
    if (load_identity(conf, &id, err) || load_token(conf, &token, err) ||
        list_shares(conf, &shares, err))
        goto failed;
    const struct zc_receivers_conf r = {
        .receive = {.shares = shares.v,
                    .n_shares = shares.len,
                    .timeout_s = conf->timeout_s},
        .security = {.identity = id,
                     .plain = !zc_conf_sealed_only(conf),
                     .no_ktls = !conf->ktls},
        .identity = id,
        .max = conf->max_connections,
        .max_unauthenticated = conf->max_unauthenticated,
        .max_unauthenticated_per_address =
            conf->max_unauthenticated_per_address,
        .forked = on_forked,
        .ended = on_ended,
        .feed = on_feed,
        .mark = on_mark,
        .arg = s,
    };
    if (zc_receivers_configure(&s->receivers, &r, err))
        goto failed;
    zc_vec_fini(&s->shares);
    s->identity = id;
    s->token = token;
    s->shares = shares;
    s->conf = conf;
    return 0;
failed:
    zc_identity_free(id);
    zc_vec_fini(&shares);
    return -1;
}

/* --- the control socket --- */

static int on_ask(void *arg, uint64_t client,
                  const struct zc_control_request *r, struct zc_err *err)
{
    struct supervisor *s = arg;
    return zc_waits_add(s->waits, client, r, err);
}

static void on_cancel(void *arg, uint64_t client)
{
    struct supervisor *s = arg;
    zc_waits_cancel(s->waits, client);
}

int zc_super_open_control(struct supervisor *s, const char *path,
                          const char *group, int fd, struct zc_err *err)
{
    const struct zc_control_events events = {zc_super_on_status, on_ask,
                                             on_cancel, s};
    s->control = zc_control_new(path, group, fd, &events, err);
    if (!s->control)
        return -1;
    free(s->control_path);
    free(s->control_group);
    s->control_path = fd >= 0 ? NULL : strdup(path);
    s->control_group = group ? strdup(group) : NULL;
    if ((fd < 0 && !s->control_path) || (group && !s->control_group))
        return zc_err_nomem(err);
    return 0;
}

static bool same(const char *a, const char *b)
{
    return a == b || (a && b && strcmp(a, b) == 0);
}

/* The control socket where and whose the configuration wants it, or as it was
 * with a sentence. */
static int move_control(struct supervisor *s, struct zc_err *err)
{
    const struct zc_conf *c = s->conf;
    struct zc_err ignored;
    if (!s->control_path || (same(s->control_path, c->control) &&
                             same(s->control_group, c->control_group)))
        return 0;
    zc_auto_free char *path = strdup(s->control_path);
    zc_auto_free char *group = s->control_group ? strdup(s->control_group)
                                                : NULL;
    if (!path)
        return zc_err_nomem(err);
    zc_control_free(s->control);
    s->control = NULL;
    if (zc_super_open_control(s, c->control, c->control_group, -1, err) == 0)
        return 0;
    return zc_super_open_control(s, path, group, -1, &ignored) ? -2 : -1;
}

/* --- reload --- */

int zc_super_reload(struct supervisor *s, struct zc_err *fatal)
{
    struct zc_err err = {0};
    zc_notify_reloading(&s->notify);
    struct zc_conf *conf = zc_conf_load(s->file, &err), *old = s->conf;
    struct zc_identity *old_identity = s->identity;
    if (!conf || zc_super_take_conf(s, conf, &err)) {
        zc_log(ZC_LOG_ERROR, "%s; going on as before", err.text);
        zc_conf_free(conf);
        zc_notify_ready(&s->notify);
        return 0;
    }
    if (zc_listeners_configure(&s->listeners, conf, &err))
        zc_log(ZC_LOG_ERROR, "%s; listening as before", err.text);
    int r = move_control(s, &err);
    if (r == -1)
        zc_log(ZC_LOG_ERROR, "%s; it stays where it was", err.text);
    zc_hooks_configure(s->hooks, conf);
    zc_mirrors_configure(s->mirrors, conf, s->identity);
    zc_conf_free(old);
    zc_identity_free(old_identity);
    /* Behind these: the process that it forks is to have no key. */
    if (r != -2)
        zc_webpage_configure(s->page, conf, &s->token);
    if (r == -2) {
        *fatal = err;
        return -1;
    }
    s->reloads++;
    zc_log(ZC_LOG_INFO, "%s has been read again", s->file);
    zc_notify_ready(&s->notify);
    return 0;
}
