// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zcsync.conf; see conf.h.
 *
 *     bytes -> conf_ini     sections, keys and values, by line
 *           -> conf_table   which section, which key
 *           -> conf_value   what the value means
 *     when a section ends: is all there that it must have?
 *     when the file ends: whose keys are for which share (conf_keys), where
 *         are the destinations of mirrors (conf_mirror), and do they leave each
 *         other in peace (conf_fights)?
 */
#include "daemon/conf.h"

#include "base/io.h"
#include "daemon/conf_ini.h"
#include "daemon/conf_value.h"
#include "daemon/handshakes.h"
#include "mirror/status.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

/* What is known of a mirror until the file ends. */
struct pending {
    char *chmod; /* as it was written, or NULL */
};

/* And of a share. */
struct pending_share {
    struct {
        unsigned line;
        char *text; /* as it was written, or NULL */
    } peers, readers;
};

struct builder {
    struct zc_conf *c;
    enum zc_conf_section kind; /* ZC_CONF_SECTIONS: not in one yet */
    const char *name;          /* of the section; the struct owns it */
    unsigned line;             /* of its first line */
    unsigned seen[ZC_CONF_KEYS_MAX]; /* the lines of its keys; 0: not there */
    unsigned daemon_line, listen_line;
    ZC_VEC(struct pending) pending; /* one for each mirror */
    ZC_VEC(struct pending_share) pending_shares; /* likewise */
};

#define refuse(b, err, line, ...) \
    zc_conf_bad((err), (b)->c->file, (line), __VA_ARGS__)

/* Puts the place before the sentence in ERR: of a file that is named here, too,
 * it is the configuration that is wrong. */
static int refuse_as(const struct builder *b, unsigned line,
                     const char *key, struct zc_err *err)
{
    if (err->code == ZC_EXIT_MEMORY)
        return -1;
    err->code = ZC_EXIT_USAGE;
    return zc_err_prefix(err, "%s:%u: %s", b->c->file, line, key);
}

/* The name as it stands in the file: "[share www]", "[daemon]". */
static void section_title(const struct builder *b, char *out, size_t size)
{
    bool named = zc_conf_section_named(b->kind);
    snprintf(out, size, "[%s%s%.100s]", zc_conf_section_name(b->kind),
             named ? " " : "", named ? b->name : "");
}

/* What is about `on change`, without that, was meant for it. */
static int check_on_change(struct builder *b, struct zc_err *err)
{
    static const char on_change[] = "on change ";
    unsigned line = 0;
    const char *name = NULL;
    for (size_t i = 0; i < zc_conf_n_keys; i++) {
        const struct zc_conf_key *k = &zc_conf_keys[i];
        if (!b->seen[i])
            continue;
        if (k->type == ZC_CONF_COMMAND)
            return 0;
        if (strncmp(k->name, on_change, sizeof on_change - 1) == 0) {
            line = b->seen[i];
            name = k->name;
        }
    }
    return name ? refuse(b, err, line, "'%s' is for 'on change', which is not "
                                       "there", name)
                : 0;
}

static int end_section(struct builder *b, struct zc_err *err)
{
    char title[128];
    for (size_t i = 0; i < zc_conf_n_keys; i++) {
        const struct zc_conf_key *k = &zc_conf_keys[i];
        if (k->section != b->kind || !k->required || b->seen[i])
            continue;
        section_title(b, title, sizeof title);
        return refuse(b, err, b->line, "%s has no key '%s'", title, k->name);
    }
    return check_on_change(b, err);
}

/* Peers are found as HOST::SHARE is; mirrors are called MIRROR@PEER. */
static bool name_ok(enum zc_conf_section kind, const char *name)
{
    struct zc_endpoint e;
    char text[ZC_STATUS_NAME + 8];
    size_t n = strlen(name);
    if (!zc_share_name_ok(name, n))
        return false;
    if (kind == ZC_CONF_MIRROR)
        return !strchr(name, '@');
    if (kind != ZC_CONF_PEER)
        return true;
    if ((size_t)snprintf(text, sizeof text, "%s::x", name) >= sizeof text ||
        zc_endpoint_parse(text, &e, NULL))
        return false;
    bool ok = e.kind == ZC_AT_DAEMON && strcmp(e.host, name) == 0;
    zc_endpoint_fini(&e);
    return ok;
}

/* The line where KIND NAME begins already, or 0. */
static unsigned defined_at(const struct builder *b, enum zc_conf_section kind,
                           const char *name)
{
#define FIND(list)                                      \
    for (size_t i = 0; i < b->c->list.len; i++)         \
        if (strcmp(b->c->list.v[i].name, name) == 0)    \
            return b->c->list.v[i].line;
    switch (kind) {
    case ZC_CONF_PEER:
        FIND(peers)
        return 0;
    case ZC_CONF_SHARE:
        FIND(shares)
        return 0;
    case ZC_CONF_MIRROR:
        FIND(mirrors)
        return 0;
    case ZC_CONF_WEB:
        return b->c->web.line;
    default:
        return b->daemon_line;
    }
#undef FIND
}

static const struct zc_conf_on_change on_change_default = {
    .interval_s = ZC_HOOK_INTERVAL_S,
    .timeout_s = ZC_HOOK_TIMEOUT_S,
};

static int add_mirror(struct builder *b, struct zc_conf_mirror m)
{
    zc_options_init(&m.push);
    m.push.del = true;
    m.push.fsync = ZC_FSYNC_BEHIND;
    m.push.timeout_s = ZC_LASTING_TIMEOUT_S;
    m.contimeout_s = ZC_LASTING_CONTIMEOUT_S;
    m.compare_s = ZC_COMPARE_UNSAID;
    m.drain_s = 5;
    m.on_change = on_change_default;
    m.verify_repair = true;
    return zc_vec_push(&b->pending, (struct pending){0}) ||
           zc_vec_push(&b->c->mirrors, m);
}

/* Makes the struct that the section fills in. */
static int add_object(struct builder *b, const char *name, struct zc_err *err)
{
    char *copy = zc_conf_section_named(b->kind) ? strdup(name) : NULL;
    int rc = zc_conf_section_named(b->kind) && !copy;
    b->name = copy;
    if (rc)
        ;
    else if (b->kind == ZC_CONF_PEER)
        rc = zc_vec_push(&b->c->peers, ((struct zc_conf_peer){
                                           .name = copy, .line = b->line}));
    else if (b->kind == ZC_CONF_SHARE)
        rc = zc_vec_push(&b->pending_shares, (struct pending_share){0}) ||
             zc_vec_push(&b->c->shares, ((struct zc_conf_share){.name = copy,
                                                            .partial_s =
                                                                ZC_PARTIAL_AGE_S,
                                                            .on_change =
                                                                on_change_default,
                                                            .line = b->line}));
    else if (b->kind == ZC_CONF_MIRROR)
        rc = add_mirror(
            b, (struct zc_conf_mirror){.name = copy, .line = b->line});
    else if (b->kind == ZC_CONF_WEB)
        b->c->web.line = b->line;
    else
        b->daemon_line = b->line;
    if (!rc)
        return 0;
    free(copy);
    return zc_err_nomem(err);
}

static int begin_section(void *arg, const char *kind, const char *name,
                         unsigned line, struct zc_err *err)
{
    struct builder *b = arg;
    const char *near;
    if (end_section(b, err))
        return -1;
    enum zc_conf_section s = zc_conf_find_section(kind, &near);
    if (s == ZC_CONF_SECTIONS)
        return refuse(b, err, line, "there is no section [%.100s]%s%s%s", kind,
                      near ? "; is [" : "", near ? near : "",
                      near ? "] meant?" : "");
    if (!zc_conf_section_named(s) && *name)
        return refuse(b, err, line, "[%s] takes no name", kind);
    if (zc_conf_section_named(s) && !*name)
        return refuse(b, err, line, "[%s] needs a name: [%s NAME]", kind, kind);
    if (zc_conf_section_named(s) && !name_ok(s, name))
        return refuse(b, err, line, "'%.300s' cannot be the name of a %s", name,
                      kind);
    unsigned first = defined_at(b, s, name);
    if (first)
        return refuse(b, err, line, "[%s%s%.300s] is there already, in line %u",
                      kind, *name ? " " : "", name, first);
    b->kind = s;
    b->line = line;
    memset(b->seen, 0, sizeof b->seen);
    return add_object(b, name, err);
}

static void *current_object(struct builder *b)
{
    struct zc_conf *c = b->c;
    switch (b->kind) {
    case ZC_CONF_PEER:
        return &c->peers.v[c->peers.len - 1];
    case ZC_CONF_SHARE:
        return &c->shares.v[c->shares.len - 1];
    case ZC_CONF_MIRROR:
        return &c->mirrors.v[c->mirrors.len - 1];
    default:
        return c;
    }
}

/* What is needed again when the file ends. */
static int remember(struct builder *b, const struct zc_conf_key *k,
                    const char *value, unsigned line)
{
    char **text = NULL;
    if (k->type == ZC_CONF_LISTEN) {
        b->listen_line = line;
    } else if (k->type == ZC_CONF_WEB_LISTEN) {
        b->c->web.listen_line = line;
    } else if (k->type == ZC_CONF_TO) {
        b->c->mirrors.v[b->c->mirrors.len - 1].to_line = line;
    } else if (k->type == ZC_CONF_CHMOD) {
        text = &b->pending.v[b->pending.len - 1].chmod;
    } else if (k->type == ZC_CONF_PEERS) {
        struct pending_share *p =
            &b->pending_shares.v[b->pending_shares.len - 1];
        bool reads = k->at == offsetof(struct zc_conf_share, read_keys);
        *(reads ? &p->readers.line : &p->peers.line) = line;
        text = reads ? &p->readers.text : &p->peers.text;
    }
    return !text || (*text = strdup(value)) ? 0 : -1;
}

static int unknown_key(struct builder *b, const char *name, unsigned line,
                       const char *near, struct zc_err *err)
{
    const char *why = zc_conf_no_key(b->kind, name);
    if (why)
        return refuse(b, err, line, "[%s NAME] has no key '%s': %s",
                      zc_conf_section_name(b->kind), name, why);
    return refuse(b, err, line, "[%s%s] has no key '%s'%s%s%s",
                  zc_conf_section_name(b->kind),
                  zc_conf_section_named(b->kind) ? " NAME" : "", name,
                  near ? "; is '" : "", near ? near : "",
                  near ? "' meant?" : "");
}

static int take_key(void *arg, const char *name, const char *value,
                    unsigned line, struct zc_err *err)
{
    struct builder *b = arg;
    const char *near;
    const struct zc_conf_key *k = zc_conf_find_key(b->kind, name, &near);
    if (!k)
        return unknown_key(b, name, line, near, err);
    unsigned *seen = &b->seen[k - zc_conf_keys];
    if (*seen && !zc_conf_key_repeats(k))
        return refuse(b, err, line, "'%s' is there already, in line %u", name,
                      *seen);
    if (!*value)
        return refuse(b, err, line, "'%s' has no value", name);
    *seen = line;
    if (remember(b, k, value, line))
        return zc_err_nomem(err);
    if (zc_conf_take(k, current_object(b), value, err))
        return refuse_as(b, line, name, err);
    return 0;
}

/* Backups that are there already are not deleted. */
static int add_backup_rule(struct zc_conf_mirror *m, struct zc_err *err)
{
    zc_auto_free char *rule = NULL;
    if (zc_options_backups(&m->push, &rule, err))
        return -1;
    if (!rule)
        return 0;
    if (!m->filter && !(m->filter = zc_filter_new()))
        return zc_err_nomem(err);
    return zc_filter_add(m->filter, rule, err);
}

static int finish_mirror(struct builder *b, size_t i, struct zc_err *err)
{
    struct zc_conf_mirror *m = &b->c->mirrors.v[i];
    const struct pending *p = &b->pending.v[i];
    if (zc_conf_resolve(b->c, m, err))
        return refuse_as(b, m->to_line, "to", err);
    m->push.usermap = m->usermap;
    m->push.skip_compress = m->skip_compress;
    m->push.groupmap = m->groupmap;
    m->push.backup_dir = m->backup_dir;
    m->push.suffix = m->suffix;
    if (add_backup_rule(m, err))
        return refuse_as(b, m->line, "backup", err);
    zc_options_settle(&m->push);
    if (m->filter && m->push.del_excluded)
        zc_filter_unprotect(m->filter);
    m->push.src = m->path;
    m->push.filter = m->filter;
    m->push.chmod = m->chmod;
    m->push.share = m->push.path = "";
    return zc_conf_describe(b->c, m, p->chmod) ? zc_err_nomem(err) : 0;
}

static int finish_share(struct builder *b, size_t i, struct zc_err *err)
{
    const struct pending_share *p = &b->pending_shares.v[i];
    struct zc_conf_share *s = &b->c->shares.v[i];
    if (p->peers.text &&
        zc_conf_share_peers(b->c, &s->keys, p->peers.text, err))
        return refuse_as(b, p->peers.line, "peers", err);
    if (p->readers.text &&
        zc_conf_share_peers(b->c, &s->read_keys, p->readers.text, err))
        return refuse_as(b, p->readers.line, "readers", err);
    return zc_conf_check_share(s, err) ? refuse_as(b, s->line, "share", err)
                                       : 0;
}

static int finish(struct builder *b, struct zc_err *err)
{
    struct zc_conf *c = b->c;
    if (end_section(b, err))
        return -1;
    for (size_t i = 0; i < c->shares.len; i++)
        if (finish_share(b, i, err))
            return -1;
    if (zc_conf_check_listen(c, err))
        return refuse_as(b, b->listen_line, "listen", err);
    if (zc_conf_check_web(c, err))
        return refuse_as(b, c->web.listen_line, "listen", err);
    for (size_t i = 0; i < c->mirrors.len; i++)
        if (finish_mirror(b, i, err))
            return -1;
    unsigned line;
    if (zc_conf_check_fights(c, &line, err))
        return refuse_as(b, line, "to", err);
    if (!c->control && !(c->control = strdup(ZC_CONTROL_DEFAULT)))
        return zc_err_nomem(err);
    const char *state = getenv("STATE_DIRECTORY"); /* systemd.exec(5) */
    if (!state || *state != '/' || strchr(state, ':'))
        state = ZC_STATE_DEFAULT;
    if (!c->state && !(c->state = strdup(state)))
        return zc_err_nomem(err);
    return 0;
}

struct zc_conf *zc_conf_parse(const char *file, const char *bytes, size_t n,
                              struct zc_err *err)
{
    struct zc_err ours;
    if (!err)
        err = &ours;
    struct builder b = {.c = calloc(1, sizeof *b.c), .kind = ZC_CONF_SECTIONS};
    struct zc_conf_ini ini = {file, begin_section, take_key, &b};
    if (!b.c || !(b.c->file = strdup(file))) {
        free(b.c);
        zc_err_nomem(err);
        return NULL;
    }
    b.c->timeout_s = ZC_LASTING_TIMEOUT_S;
    b.c->max_connections = 64;
    b.c->max_unauthenticated = ZC_HANDSHAKES_MAX_DEFAULT;
    b.c->max_unauthenticated_per_address = ZC_HANDSHAKES_PER_ADDRESS_DEFAULT;
    b.c->ktls = true;
    if (zc_conf_ini_read(&ini, bytes, n, err) || finish(&b, err)) {
        zc_conf_free(b.c);
        b.c = NULL;
    }
    for (size_t i = 0; i < b.pending.len; i++)
        free(b.pending.v[i].chmod);
    for (size_t i = 0; i < b.pending_shares.len; i++) {
        free(b.pending_shares.v[i].peers.text);
        free(b.pending_shares.v[i].readers.text);
    }
    zc_vec_fini(&b.pending);
    zc_vec_fini(&b.pending_shares);
    return b.c;
}

struct zc_conf *zc_conf_load(const char *file, struct zc_err *err)
{
    struct zc_conf *c = NULL;
    zc_auto_free char *bytes = malloc(ZC_CONF_FILE_MAX + 1);
    if (!bytes) {
        zc_err_nomem(err);
        return NULL;
    }
    zc_auto_close int fd = open(file, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    /* One byte too many tells that it is too large. */
    ssize_t n = fd < 0 ? -1 : zc_io_read(fd, bytes, ZC_CONF_FILE_MAX + 1);
    if (n < 0)
        zc_err_set(err, ZC_EXIT_USAGE, errno, "%s", file);
    else
        c = zc_conf_parse(file, bytes, (size_t)n, err);
    return c;
}

static void on_change_fini(struct zc_conf_on_change *c)
{
    free(c->command);
    free(c->user);
    zc_words_fini(&c->words);
    zc_filter_free(c->patterns);
}

static void mirror_fini(struct zc_conf_mirror *m)
{
    for (size_t i = 0; i < m->to.len; i++) {
        free(m->to.v[i].text);
        zc_endpoint_fini(&m->to.v[i].at);
    }
    zc_vec_fini(&m->to);
    free(m->ssh.identity);
    free(m->ssh.config);
    free(m->ssh.command);
    for (size_t i = 0; i < m->ssh.options.len; i++)
        free(m->ssh.options.v[i]);
    zc_vec_fini(&m->ssh.options);
    zc_filter_free(m->filter);
    zc_chmod_free(m->chmod);
    free(m->chown);
    free(m->usermap);
    free(m->skip_compress);
    free(m->backup_dir);
    free(m->suffix);
    free(m->groupmap);
    on_change_fini(&m->on_change);
    zc_holds_fini(&m->holds);
    zc_require_fini(&m->push.require);
    free(m->name);
    free(m->path);
    free(m->text);
}

void zc_conf_free(struct zc_conf *c)
{
    if (!c)
        return;
    for (size_t i = 0; i < c->peers.len; i++) {
        free(c->peers.v[i].name);
        free(c->peers.v[i].host);
        free(c->peers.v[i].port);
        zc_vec_fini(&c->peers.v[i].keys);
    }
    for (size_t i = 0; i < c->shares.len; i++) {
        free(c->shares.v[i].name);
        on_change_fini(&c->shares.v[i].on_change);
        free(c->shares.v[i].path);
        zc_require_fini(&c->shares.v[i].require);
        zc_vec_fini(&c->shares.v[i].keys);
        zc_vec_fini(&c->shares.v[i].read_keys);
        zc_vec_fini(&c->shares.v[i].users);
    }
    for (size_t i = 0; i < c->mirrors.len; i++)
        mirror_fini(&c->mirrors.v[i]);
    zc_vec_fini(&c->peers);
    zc_vec_fini(&c->shares);
    zc_vec_fini(&c->mirrors);
    free(c->listen);
    free(c->control);
    free(c->control_group);
    free(c->state);
    free(c->identity);
    free(c->web.listen);
    free(c->web.token_file);
    free(c->web.names);
    free(c->file);
    free(c);
}
