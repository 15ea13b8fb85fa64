// SPDX-License-Identifier: GPL-2.0-or-later
/* Who becomes whom, as the user says it; see idrules.h. */
#include "fs/idrules.h"

#include "base/vec.h"

#include <fnmatch.h>
#include <string.h>

enum from { FROM_IDS, FROM_NAME, FROM_PATTERN };

struct rule {
    enum from from;
    uint32_t low, high; /* IDS */
    char *name;         /* else; on the heap */
    uint32_t to;
};

struct zc_idrules {
    ZC_VEC(struct rule) rules;
};

static int refuse(struct zc_err *err, const char *text, size_t n,
                  const char *why)
{
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "'%.*s': %s",
                      (int)ZC_MIN(n, (size_t)200), text, why);
}

/* The number at *AT, which moves behind it. */
static bool take_id(const char **at, const char *end, uint32_t *id)
{
    uint64_t v = 0;
    const char *from = *at;
    for (; *at < end && **at >= '0' && **at <= '9' && v < UINT32_MAX; (*at)++)
        v = v * 10 + (uint64_t)(**at - '0');
    *id = (uint32_t)v;
    return *at > from && v < UINT32_MAX;
}

/* LOW, or LOW-HIGH. */
static bool take_ids(const char *at, const char *end, struct rule *r)
{
    if (!take_id(&at, end, &r->low))
        return false;
    r->high = r->low;
    if (at < end && *at == '-') {
        at++;
        if (!take_id(&at, end, &r->high))
            return false;
    }
    return at == end;
}

/* FROM, up to END. */
static int take_from(const char *from, const char *end, struct rule *r,
                     struct zc_err *err)
{
    size_t n = (size_t)(end - from);
    if (n && *from >= '0' && *from <= '9') {
        r->from = FROM_IDS;
        return take_ids(from, end, r)
                   ? 0
                   : refuse(err, from, n, "neither a name nor numbers");
    }
    r->name = strndup(from, n);
    if (!r->name)
        return zc_err_nomem(err);
    r->from = strpbrk(r->name, "*?[") ? FROM_PATTERN : FROM_NAME;
    return 0;
}

/* TO, up to END. */
static int take_to(const char *to, const char *end, enum zc_id_kind kind,
                   zc_idrules_who_fn *who, struct rule *r, struct zc_err *err)
{
    zc_auto_free char *name = strndup(to, (size_t)(end - to));
    if (!name)
        return zc_err_nomem(err);
    if (who && who(kind, name, &r->to))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "the receiver knows no %s named %.200s",
                          kind == ZC_ID_USER ? "user" : "group", name);
    return 0;
}

/* One FROM:TO of N bytes. */
static int take_rule(const char *text, size_t n, enum zc_id_kind kind,
                     zc_idrules_who_fn *who, struct rule *r,
                     struct zc_err *err)
{
    const char *end = text + n, *colon = memchr(text, ':', n);
    if (!colon)
        return refuse(err, text, n, "there is no ':' in it");
    if (colon + 1 == end)
        return refuse(err, text, n, "there is nobody behind the ':'");
    return take_from(text, colon, r, err) ||
                   take_to(colon + 1, end, kind, who, r, err)
               ? -1
               : 0;
}

struct zc_idrules *zc_idrules_parse(const char *text, enum zc_id_kind kind,
                                    zc_idrules_who_fn *who,
                                    struct zc_err *err)
{
    struct zc_idrules *all = calloc(1, sizeof *all);
    int bad = all ? 0 : zc_err_nomem(err);
    for (const char *at = text; !bad; at++) {
        struct rule r = {0};
        size_t n = strcspn(at, ",");
        bad = take_rule(at, n, kind, who, &r, err);
        if (!bad && all->rules.len >= ZC_IDRULES_MAX)
            bad = zc_err_set(err, ZC_EXIT_USAGE, 0, "there are too many");
        if (!bad && zc_vec_push(&all->rules, r))
            bad = zc_err_nomem(err);
        if (bad)
            free(r.name);
        at += n;
        if (!*at)
            break;
    }
    if (!bad)
        return all;
    zc_idrules_free(all);
    return NULL;
}

int zc_idrules_check(const char *text, struct zc_err *err)
{
    struct zc_idrules *rules = zc_idrules_parse(text, ZC_ID_USER, NULL, err);
    zc_idrules_free(rules);
    return rules ? 0 : -1;
}

void zc_idrules_free(struct zc_idrules *all)
{
    if (!all)
        return;
    for (size_t i = 0; i < all->rules.len; i++)
        free(all->rules.v[i].name);
    zc_vec_fini(&all->rules);
    free(all);
}

static bool matches(const struct rule *r, const char *name, uint32_t id)
{
    switch (r->from) {
    case FROM_IDS:
        return id >= r->low && id <= r->high;
    case FROM_NAME:
        return strcmp(r->name, name) == 0;
    case FROM_PATTERN:
        return fnmatch(r->name, name, 0) == 0;
    }
    return false;
}

bool zc_idrules_find(const struct zc_idrules *all, const char *name,
                     uint32_t id, uint32_t *local)
{
    for (size_t i = 0; all && i < all->rules.len; i++) {
        if (!matches(&all->rules.v[i], name, id))
            continue;
        *local = all->rules.v[i].to;
        return true;
    }
    return false;
}

bool zc_idrules_ids(const struct zc_idrules *all, size_t i, bool *more,
                    uint32_t *from, uint32_t *local)
{
    *more = all && i < all->rules.len;
    if (!*more || all->rules.v[i].from != FROM_IDS)
        return false;
    *from = all->rules.v[i].low;
    *local = all->rules.v[i].to;
    return true;
}

bool zc_idrules_for_all(const struct zc_idrules *all, uint32_t *local)
{
    const struct rule *first = all && all->rules.len ? all->rules.v : NULL;
    if (!first || first->from != FROM_PATTERN ||
        first->name[strspn(first->name, "*")])
        return false;
    *local = first->to;
    return true;
}
