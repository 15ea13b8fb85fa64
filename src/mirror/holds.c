// SPDX-License-Identifier: GPL-2.0-or-later
/* Names that are held back; see holds.h. */
#include "mirror/holds.h"

#include "base/clock.h"
#include "base/size.h"
#include "session/changes.h"

#include <string.h>

#define SECONDS_MAX 86400

#define bad(err, ...) zc_err_set((err), ZC_EXIT_USAGE, 0, __VA_ARGS__)

static int parse_time(const char *text, size_t n, unsigned *seconds)
{
    zc_auto_free char *word = strndup(text, n);
    return !word || zc_interval_parse(word, seconds) || !*seconds ||
                   *seconds > SECONDS_MAX
               ? -1
               : 0;
}

static int parse_pattern(const char *pattern, struct zc_hold_rule *r,
                         struct zc_err *err)
{
    /* What would make it a rule of another kind. */
    if (!strncmp(pattern, "+ ", 2) || !strncmp(pattern, "- ", 2) ||
        !strcmp(pattern, "!"))
        return bad(err, "'%.300s' is not a pattern", pattern);
    r->pattern = strdup(pattern);
    r->filter = zc_filter_new();
    if (!r->pattern || !r->filter)
        return zc_err_nomem(err);
    return zc_filter_add_exclude(r->filter, pattern, err);
}

static void rule_fini(struct zc_hold_rule *r)
{
    free(r->pattern);
    zc_filter_free(r->filter);
}

int zc_holds_add(zc_holds *h, bool settle, const char *text,
                 struct zc_err *err)
{
    struct zc_hold_rule r = {.settle = settle};
    size_t n = strcspn(text, " \t");
    const char *pattern = text + n + strspn(text + n, " \t");
    if (parse_time(text, n, &r.seconds))
        return bad(err, "'%.*s' is not a time such as 2s or 5m, up to a day",
                   (int)ZC_MIN(n, (size_t)300), text);
    if ((*pattern && parse_pattern(pattern, &r, err))) {
        rule_fini(&r);
        return -1;
    }
    if (zc_vec_push(h, r) == 0)
        return 0;
    rule_fini(&r);
    return zc_err_nomem(err);
}

void zc_holds_fini(zc_holds *h)
{
    for (size_t i = 0; i < h->len; i++)
        rule_fini(&h->v[i]);
    zc_vec_fini(h);
}

struct zc_hold zc_holds_of(const zc_holds *h, const char *path)
{
    struct zc_hold hold = {0};
    for (size_t i = 0; i < h->len; i++) {
        const struct zc_hold_rule *r = &h->v[i];
        int64_t *ns = r->settle ? &hold.settle_ns : &hold.interval_ns;
        if (!*ns && zc_changes_match(r->filter, path))
            *ns = r->seconds * ZC_NSEC_PER_SEC;
    }
    return hold;
}
