// SPDX-License-Identifier: GPL-2.0-or-later
/* What values of a [mirror] mean that no other section has; see conf_value.h. */
#include "daemon/conf_value.h"

#include "base/size.h"
#include "fs/idrules.h"
#include "mirror/status.h"
#include "net/compress.h"

#include <string.h>

#define SHOWN "%.300s" /* so that the reason fits behind it */

#define bad(err, ...) zc_err_set((err), ZC_EXIT_USAGE, 0, __VA_ARGS__)

static const char *const watch_names[] = {
    [ZC_WATCH_AUTO] = "auto",
    [ZC_WATCH_INOTIFY] = "inotify",
    [ZC_WATCH_FANOTIFY] = "fanotify",
};

const char *zc_conf_watch_name(enum zc_watch_kind kind)
{
    return kind < ZC_ARRAY_LEN(watch_names) ? watch_names[kind] : "unknown";
}

/* The bit of K in *SET. */
static int take_bit(const struct zc_conf_key *k, const char *value,
                    unsigned *set, struct zc_err *err)
{
    bool yes;
    if (zc_conf_take_bool(value, &yes, err))
        return -1;
    bool on = yes != (k->type == ZC_CONF_BIT_NOT);
    *set = on ? *set | (unsigned)k->min : *set & ~(unsigned)k->min;
    return 0;
}

static int take_keep(const struct zc_conf_key *k, const char *value,
                     struct zc_options *o, struct zc_err *err)
{
    if (take_bit(k, value, &o->keep, err))
        return -1;
    if (k->min == ZC_KEEP_OWNER || k->min == ZC_KEEP_GROUP)
        o->owners_asked |= (o->keep & (unsigned)k->min) != 0;
    return 0;
}

/* Which of N NAMES is VALUE; -1: none. */
static int find_word(const char *value, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(value, names[i]) == 0)
            return (int)i;
    return -1;
}

static int take_watch(const char *value, enum zc_watch_kind *out,
                      struct zc_err *err)
{
    int i = find_word(value, watch_names, ZC_ARRAY_LEN(watch_names));
    if (i < 0)
        return bad(err, "'" SHOWN "' is none of auto, inotify, fanotify",
                   value);
    *out = (enum zc_watch_kind)i;
    return 0;
}

static int take_ssh_data(const char *value, enum zc_direct_way *out,
                         struct zc_err *err)
{
    int i = find_word(value, zc_direct_way_names, ZC_DIRECT_WAYS);
    if (i < 0)
        return bad(err, "'" SHOWN "' is none of auto, direct, tunnel", value);
    *out = (enum zc_direct_way)i;
    return 0;
}

/* Cuts VALUE at its commas. */
static int take_to(const char *value, struct zc_conf_mirror *m,
                   struct zc_err *err)
{
    for (const char *at = value;; at++) {
        at += strspn(at, " \t");
        size_t n = strcspn(at, ","), len = n;
        while (len && (at[len - 1] == ' ' || at[len - 1] == '\t'))
            len--;
        if (len == 0)
            return bad(err, "there is nothing %s a comma",
                       at[n] ? "before" : "after");
        if (m->to.len == ZC_STATUS_PEERS_MAX)
            return bad(err, "there are more than %d destinations",
                       ZC_STATUS_PEERS_MAX);
        struct zc_conf_dest d = {.text = strndup(at, len)};
        if (!d.text || zc_vec_push(&m->to, d)) {
            free(d.text);
            return zc_err_nomem(err);
        }
        at += n;
        if (!*at)
            return 0;
    }
}

/* A daemon has no standard input to read rules from, and no directory that
 * relative names could mean. */
static int check_rule_file(const char *path, struct zc_err *err)
{
    if (*path != '/')
        return bad(err, "'" SHOWN "' is not an absolute path", path);
    return 0;
}

/* The file that a rule merges: "merge FILE", ".,MODIFIERS FILE"; else NULL. */
static const char *merged_file(const char *rule)
{
    static const char name[] = "merge";
    size_t n = *rule == '.' ? 1 : sizeof name - 1;
    if (*rule != '.' && strncmp(rule, name, n) != 0)
        return NULL;
    n += strcspn(rule + n, " _");
    return rule[n] ? rule + n + 1 : NULL;
}

static int take_rule(const struct zc_conf_key *k, const char *value,
                     struct zc_filter **f, struct zc_err *err)
{
    if (!*f && !(*f = zc_filter_new()))
        return zc_err_nomem(err);
    const char *file = k->type == ZC_CONF_FILTER    ? merged_file(value)
                       : k->type > ZC_CONF_FILTER ? value
                                                  : NULL;
    if (file && check_rule_file(file, err))
        return -1;
    switch (k->type) {
    case ZC_CONF_EXCLUDE:
        return zc_filter_add_exclude(*f, value, err);
    case ZC_CONF_INCLUDE:
        return zc_filter_add_include(*f, value, err);
    case ZC_CONF_EXCLUDE_FROM:
        return zc_filter_add_file(*f, value, false, false, err);
    case ZC_CONF_INCLUDE_FROM:
        return zc_filter_add_file(*f, value, true, false, err);
    default:
        return zc_filter_add(*f, value, err);
    }
}

/* What KEY is for is known when it is used, to ssh(1) perhaps. */
static int take_ssh_option(const char *value, struct zc_conf_mirror *m,
                           struct zc_err *err)
{
    size_t n = strcspn(value, "= \t");
    if (!n || !value[n])
        return bad(err, "'" SHOWN "' is not KEY=VALUE", value);
    char *copy = strdup(value);
    if (copy && !zc_vec_push(&m->ssh.options, copy))
        return 0;
    free(copy);
    return zc_err_nomem(err);
}

/* One of the words that a field can hold, which the parsers of the command line
 * know; whatever K is for else is a rule. */
static int take_word(const struct zc_conf_key *k, struct zc_conf_mirror *m,
                     const char *value, struct zc_err *err)
{
    switch (k->type) {
    case ZC_CONF_MOVER:
        if (zc_mover_parse(value, &m->push.mover))
            return bad(err, "'" SHOWN "' is none of " ZC_MOVER_NAMES, value);
        return 0;
    case ZC_CONF_FSYNC:
        if (zc_fsync_parse(value, &m->push.fsync))
            return bad(err, "'" SHOWN "' is none of none, batch, "
                            "file, behind", value);
        return 0;
    case ZC_CONF_DELTA:
        if (zc_delta_parse(value, &m->push.delta))
            return bad(err, "'" SHOWN "' is none of auto, aligned, off", value);
        return 0;
    case ZC_CONF_COMPRESS:
        if (zc_compress_parse(value, &m->compress))
            return bad(err, "'" SHOWN "' is none of auto, zstd, zstd:LEVEL "
                            "(%d to %d), off", value, ZC_COMPRESS_LEVEL_MIN,
                       ZC_COMPRESS_LEVEL_MAX);
        return 0;
    case ZC_CONF_WATCH:
        return take_watch(value, &m->watch, err);
    case ZC_CONF_SSH_DATA:
        return take_ssh_data(value, &m->ssh.data, err);
    default:
        return take_rule(k, value, &m->filter, err);
    }
}

int zc_conf_take_for_mirror(const struct zc_conf_key *k,
                            struct zc_conf_mirror *m, const char *value,
                            struct zc_err *err)
{
    void *at = (char *)m + k->at;
    switch (k->type) {
    case ZC_CONF_BIT:
    case ZC_CONF_BIT_NOT:
        return take_bit(k, value, at, err);
    case ZC_CONF_KEEP:
        return take_keep(k, value, &m->push, err);
    case ZC_CONF_IDMAP:
        return zc_idrules_check(value, err)
                   ? -1
                   : zc_conf_take_text(at, value, err);
    case ZC_CONF_WINDOW:
        if (zc_options_window(&m->push, value))
            return bad(err, "'" SHOWN "' is not a number of seconds, nor -1",
                       value);
        return 0;
    case ZC_CONF_OFTEN:
        if (zc_interval_parse(value, at))
            return bad(err, "'" SHOWN "' is none of never, hourly, daily, "
                            "weekly, nor a time such as 6h or 90m", value);
        return 0;
    case ZC_CONF_SIZE:
        if (zc_size_parse(value, 1, at))
            return bad(err, "'" SHOWN "' is not a size such as 1000, 1.5M or "
                            "100KB-1", value);
        return 0;
    case ZC_CONF_RATE:
        if (zc_size_parse(value, ZC_KIB, at))
            return bad(err, "'" SHOWN "' is not a rate such as 800, 1.5M or "
                            "100KB", value);
        return 0;
    case ZC_CONF_TO:
        return take_to(value, m, err);
    case ZC_CONF_SETTLE:
    case ZC_CONF_PACE:
        return zc_holds_add(&m->holds, k->type == ZC_CONF_SETTLE, value, err);
    case ZC_CONF_SSH_OPTION:
        return take_ssh_option(value, m, err);
    case ZC_CONF_CHOWN:
        return zc_options_chown(&m->push, &m->chown, value, err);
    case ZC_CONF_CHMOD:
        return zc_chmod_add(&m->chmod, value, err);
    default:
        return take_word(k, m, value, err);
    }
}
