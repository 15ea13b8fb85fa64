// SPDX-License-Identifier: GPL-2.0-or-later
/* What could not be done, cause by cause; see troubles.h. */
#include "cli/troubles.h"

#include "base/err.h"
#include "base/log.h"
#include "base/text.h"

#include <stdio.h>
#include <string.h>

#define LINES_PER_GROUP 20
#define GROUPS_MAX 256 /* a peer that makes up reasons fills no memory */

void zc_troubles_fini(struct zc_troubles *t)
{
    for (size_t i = 0; i < t->groups.len; i++) {
        free(t->groups.v[i].what);
        free(t->groups.v[i].first);
    }
    zc_vec_fini(&t->groups);
}

static struct zc_trouble_group *find_group(struct zc_troubles *t,
                                           enum zc_trouble kind,
                                           const char *what, int eno)
{
    for (size_t i = 0; i < t->groups.len; i++) {
        struct zc_trouble_group *g = &t->groups.v[i];
        if (g->kind == kind && g->eno == eno && strcmp(g->what, what) == 0)
            return g;
    }
    if (t->groups.len == GROUPS_MAX)
        return &t->groups.v[GROUPS_MAX - 1];
    struct zc_trouble_group g = {
        .kind = kind, .eno = eno, .what = strdup(what)};
    if (!g.what || zc_vec_push(&t->groups, g)) {
        free(g.what);
        return NULL;
    }
    return &t->groups.v[t->groups.len - 1];
}

const char *zc_trouble_reason(char out[ZC_TROUBLE_REASON], int eno)
{
    char why[128];
    out[0] = '\0';
    if (eno)
        snprintf(out, ZC_TROUBLE_REASON, ": %s",
                 zc_err_reason(eno, why, sizeof why));
    return out;
}

void zc_trouble_log(enum zc_trouble kind, const char *what, const char *path,
                    int eno)
{
    char why[ZC_TROUBLE_REASON];
    if (kind == ZC_TROUBLE_VANISHED && eno == ENOENT)
        zc_log(ZC_LOG_ERROR, "%s: vanished before it could be sent", path);
    else
        zc_log(ZC_LOG_ERROR, "%s: could not %s%s", path, what,
               zc_trouble_reason(why, eno));
}

/* What a user or a file system cannot do for one entry it cannot do for all:
 * one line for the lot. Other trouble is told entry by entry. */
static bool is_gathered(enum zc_trouble kind, int eno)
{
    return kind == ZC_TROUBLE_META ||
           (kind == ZC_TROUBLE_DEST &&
            (eno == EPERM || eno == EOPNOTSUPP || eno == ENOSYS));
}

bool zc_troubles_add(struct zc_troubles *t, enum zc_trouble kind,
                     const char *what, const char *path, int eno)
{
    struct zc_trouble_group *g = find_group(t, kind, what, eno);
    if (g)
        g->count++;
    if (!is_gathered(kind, eno) || !g || !path)
        return !g || g->count <= LINES_PER_GROUP;
    if (!g->first)
        g->first = strdup(path);
    return false;
}

void zc_troubles_log(const struct zc_troubles *t)
{
    for (size_t i = 0; i < t->groups.len; i++) {
        const struct zc_trouble_group *g = &t->groups.v[i];
        const char *first = g->first ? g->first : "(out of memory)";
        char why[ZC_TROUBLE_REASON], n[ZC_TEXT_MAX];
        zc_trouble_reason(why, g->eno);
        bool gathered = is_gathered(g->kind, g->eno);
        if (gathered && g->count > 1)
            zc_log(ZC_LOG_ERROR,
                   "could not %s %s %s entries, the first: %s%s", g->what,
                   g->kind == ZC_TROUBLE_META ? "of" : "for",
                   zc_text_count(n, g->count, ZC_TEXT_COMMAS), first, why);
        else if (gathered)
            zc_trouble_log(g->kind, g->what, first, g->eno);
        else if (g->count > LINES_PER_GROUP)
            zc_log(ZC_LOG_ERROR, "... and %s more: could not %s%s",
                   zc_text_count(n, g->count - LINES_PER_GROUP,
                                 ZC_TEXT_COMMAS),
                   g->what, why);
    }
}
