// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * The list of filter rules and the question they answer; see filter.h. Reading
 * rules from text is in filter_parse.c, wildcards are in wildmatch.c.
 *
 * Every entry of a tree is asked about, against every rule until one matches,
 * so a rule is sorted into the cheapest way of matching when it is added:
 *
 *     core            NAME_IS        the last name
 *     *.o             NAME_ENDS
 *     lib*            NAME_STARTS
 *     [a-z]?.c        NAME_WILD
 *     /etc/passwd     PATH_IS        the whole path
 *     foo/bar         PATH_ENDS      at an element's start
 *     foo/b*          TAIL_WILD      as many elements as the pattern has
 *     /b*, **.o       PATH_WILD      the whole path, or from any element
 */
#include "tree/filter.h"
#include "tree/filter_rule.h"

#include <string.h>

struct zc_filter *zc_filter_new(void)
{
    struct zc_filter *f = calloc(1, sizeof *f);
    if (f)
        f->refs = 1;
    return f;
}

struct zc_filter *zc_filter_ref(const struct zc_filter *f)
{
    struct zc_filter *counted = (struct zc_filter *)f; /* not what is in it */
    if (f)
        atomic_fetch_add(&counted->refs, 1);
    return counted;
}

static void rule_unref(struct zc_filter_rule *r)
{
    if (atomic_fetch_sub(&r->refs, 1) > 1)
        return;
    free(r->pattern);
    zc_wild_free(r->wild);
    free(r);
}

void zc_filter_clear(struct zc_filter *f)
{
    for (size_t i = 0; i < f->rules.len; i++)
        rule_unref(f->rules.v[i]);
    f->rules.len = 0;
    f->merges = 0;
}

void zc_filter_free(struct zc_filter *f)
{
    if (!f || atomic_fetch_sub(&f->refs, 1) > 1)
        return;
    zc_filter_clear(f);
    zc_vec_fini(&f->rules);
    free(f);
}

bool zc_filter_empty(const struct zc_filter *f)
{
    return f->rules.len == 0;
}

/* Building */

static bool ends_in(const char *s, size_t n, const char *end, size_t len)
{
    return n >= len && memcmp(s + n - len, end, len) == 0;
}

static size_t count_slashes(const char *s)
{
    size_t n = 0;
    for (; (s = strchr(s, '/')); s++)
        n++;
    return n;
}

/* Sets how a rule with wildcards is matched. Where "**" stands is judged by the
 * text alone, even behind a backslash, as rsync does. */
static int classify_wild(struct zc_filter_rule *r, size_t slashes)
{
    const char *pat = r->pattern;
    const char *stars = strstr(pat, "**");
    if (!slashes && !stars) {
        if (*pat == '*' && !strpbrk(pat + 1, "*?[\\")) {
            r->how = ZC_MATCH_NAME_ENDS;
            r->text = pat + 1;
            r->text_len = r->len - 1;
            return 0;
        }
        if (strcspn(pat, "*?[\\") == r->len - 1 && pat[r->len - 1] == '*') {
            r->how = ZC_MATCH_NAME_STARTS;
            r->text_len = r->len - 1;
            return 0;
        }
        r->how = ZC_MATCH_NAME_WILD;
    } else if (*pat == '/') {
        r->how = ZC_MATCH_PATH_WILD;
    } else if (stars) {
        /* "**" at the start may take the slash that is not there in front of
         * a path, so that a pattern of it, a slash and a name matches that
         * name at the root too. */
        r->how = ZC_MATCH_PATH_WILD;
        r->flags = stars == pat ? ZC_WILD_LEAD_SLASH : ZC_WILD_ANY_ELEMENT;
    } else {
        r->how = ZC_MATCH_TAIL_WILD;
        r->elements = slashes + 1;
    }
    r->dir_slash = stars && ends_in(pat, r->len, "***", 3);
    size_t anchor = *pat == '/';
    r->wild = zc_wild_new(pat + anchor, r->len - anchor);
    return r->wild ? 0 : -1;
}

static int classify(struct zc_filter_rule *r)
{
    size_t slashes = count_slashes(r->pattern);
    r->text = r->pattern;
    r->text_len = r->len;
    if (strpbrk(r->pattern, "*?["))
        return classify_wild(r, slashes);
    if (!slashes) {
        r->how = ZC_MATCH_NAME_IS;
    } else if (*r->pattern == '/') {
        r->how = ZC_MATCH_PATH_IS;
        r->text++;
        r->text_len--;
    } else {
        r->how = ZC_MATCH_PATH_ENDS;
    }
    return 0;
}

int zc_filter_share(struct zc_filter *f, struct zc_filter_rule *rule,
                    struct zc_err *err)
{
    if (f->rules.len >= ZC_FILTER_RULES_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "more than %d filter rules",
                          ZC_FILTER_RULES_MAX);
    if (zc_vec_push(&f->rules, rule))
        return zc_err_nomem(err);
    atomic_fetch_add(&rule->refs, 1);
    f->merges += rule->kind == ZC_FILTER_MERGE;
    return 0;
}

/* Appends RULE, which is not the caller's any more. */
static int append_new(struct zc_filter *f, struct zc_filter_rule rule,
                      struct zc_err *err)
{
    struct zc_filter_rule *r = malloc(sizeof *r);
    if (!r) {
        zc_wild_free(rule.wild);
        free(rule.pattern);
        return zc_err_nomem(err);
    }
    *r = rule;
    r->refs = 1;
    int rc = zc_filter_share(f, r, err);
    rule_unref(r);
    return rc;
}

int zc_filter_append(struct zc_filter *f, const char *pattern,
                     struct zc_filter_rule rule, struct zc_err *err)
{
    size_t n = strlen(pattern);
    if (n > ZC_FILTER_PATTERN_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "the pattern is longer than %d bytes",
                          ZC_FILTER_PATTERN_MAX);
    rule.dir_only = n > 1 && pattern[n - 1] == '/';
    rule.len = n - rule.dir_only;
    rule.pattern = strndup(pattern, rule.len);
    if (rule.pattern && !classify(&rule))
        return append_new(f, rule, err);
    zc_wild_free(rule.wild);
    free(rule.pattern);
    return zc_err_nomem(err);
}

int zc_filter_append_merge(struct zc_filter *f, const char *name,
                           struct zc_filter_rule rule, struct zc_err *err)
{
    struct zc_filter_rule end = {.kind = ZC_FILTER_MERGE_END};
    rule.kind = ZC_FILTER_MERGE;
    rule.len = strlen(name);
    rule.pattern = strdup(name);
    if (!rule.pattern)
        return zc_err_nomem(err);
    return append_new(f, rule, err) || append_new(f, end, err) ? -1 : 0;
}

void zc_filter_unprotect(struct zc_filter *f)
{
    for (size_t i = 0; i < f->rules.len; i++) {
        struct zc_filter_rule *r = f->rules.v[i];
        if (r->sides == ZC_SIDE_BOTH)
            r->sides = ZC_SIDE_SENDER;
        r->how_read.unprotect = true;
    }
}

bool zc_filter_has_merges(const struct zc_filter *f)
{
    return f && f->merges;
}

bool zc_filter_is_merge(const struct zc_filter *f, const char *name)
{
    for (size_t i = 0; f && f->merges && i < f->rules.len; i++)
        if (f->rules.v[i]->kind == ZC_FILTER_MERGE &&
            strcmp(f->rules.v[i]->pattern, name) == 0)
            return true;
    return false;
}

/* Asking */

struct subject {
    const char *path, *name; /* NAME is the last element of PATH */
    size_t path_len, name_len;
    bool is_dir;
};

static bool equal(const char *s, size_t n, const char *t, size_t len)
{
    return n == len && memcmp(s, t, n) == 0;
}

/* The last N elements of the path, or NULL when it has fewer. */
static const char *last_elements(const struct subject *s, size_t n)
{
    const char *at = s->name;
    while (--n) {
        if (at == s->path)
            return NULL;
        const char *slash = memrchr(s->path, '/', (size_t)(at - 1 - s->path));
        at = slash ? slash + 1 : s->path;
    }
    return at;
}

static bool matches_pattern(const struct zc_filter_rule *r,
                            const struct subject *s)
{
    switch (r->how) {
    case ZC_MATCH_NAME_IS:
        return equal(s->name, s->name_len, r->text, r->text_len);
    case ZC_MATCH_NAME_ENDS:
        return ends_in(s->name, s->name_len, r->text, r->text_len);
    case ZC_MATCH_NAME_STARTS:
        return s->name_len >= r->text_len &&
               memcmp(s->name, r->text, r->text_len) == 0;
    case ZC_MATCH_NAME_WILD:
        return zc_wild_match(r->wild, s->name, s->name_len, 0);
    case ZC_MATCH_PATH_IS:
        return equal(s->path, s->path_len, r->text, r->text_len);
    case ZC_MATCH_PATH_ENDS:
        return ends_in(s->path, s->path_len, r->text, r->text_len) &&
               (s->path_len == r->text_len ||
                s->path[s->path_len - r->text_len - 1] == '/');
    case ZC_MATCH_PATH_WILD: {
        unsigned tail = r->dir_slash && s->is_dir ? ZC_WILD_TRAIL_SLASH : 0;
        return zc_wild_match(r->wild, s->path, s->path_len, r->flags | tail);
    }
    case ZC_MATCH_TAIL_WILD: {
        const char *at = last_elements(s, r->elements);
        return at && zc_wild_match(r->wild, at,
                                   s->path_len - (size_t)(at - s->path), 0);
    }
    }
    return false;
}

/* True when, of the first N rules, the first for SIDE that matches PATH excludes
 * it. DOOMED: but for those that are perishable. (What is around a file's rules has
 * no side.) */
static bool excluded_by(const struct zc_filter *f, size_t n, const char *path,
                        bool is_dir, unsigned side, bool doomed)
{
    if (!n || !*path)
        return false;
    const char *slash = strrchr(path, '/');
    struct subject s = {
        .path = path,
        .name = slash ? slash + 1 : path,
        .is_dir = is_dir,
    };
    s.name_len = strlen(s.name);
    s.path_len = (size_t)(s.name - path) + s.name_len;
    for (size_t i = 0; i < n; i++) {
        const struct zc_filter_rule *r = f->rules.v[i];
        if (!(r->sides & side) || (doomed && r->perishable))
            continue;
        bool match = (is_dir || !r->dir_only) && matches_pattern(r, &s);
        if (match != r->negated)
            return !r->include;
    }
    return false;
}

static bool excluded(const struct zc_filter *f, const char *path, bool is_dir,
                     unsigned side, bool doomed)
{
    return excluded_by(f, f->rules.len, path, is_dir, side, doomed);
}

bool zc_filter_surely_hides(const struct zc_filter *f, const char *path,
                            bool is_dir)
{
    size_t n = 0;
    while (n < f->rules.len && f->rules.v[n]->kind != ZC_FILTER_MERGE)
        n++;
    return excluded_by(f, n, path, is_dir, ZC_SIDE_SENDER, false);
}

bool zc_filter_hides(const struct zc_filter *f, const char *path, bool is_dir)
{
    return excluded(f, path, is_dir, ZC_SIDE_SENDER, false);
}

bool zc_filter_hides_way(const struct zc_filter *f, const char *path)
{
    zc_auto_free char *way = strdup(path);
    for (char *slash = way; slash;) {
        slash = strchr(slash, '/');
        if (slash)
            *slash = '\0';
        if (zc_filter_hides(f, way, true))
            return true;
        if (slash)
            *slash++ = '/';
    }
    return !way;
}

bool zc_filter_protects(const struct zc_filter *f, const char *path,
                        bool is_dir)
{
    return excluded(f, path, is_dir, ZC_SIDE_RECEIVER, false);
}

bool zc_filter_protects_in_doomed(const struct zc_filter *f, const char *path,
                                  bool is_dir)
{
    return excluded(f, path, is_dir, ZC_SIDE_RECEIVER, true);
}

/* Asking about a directory that gets another path */

/* TEXT names something below DIR. */
static bool names_below(const struct zc_filter_rule *r, const char *dir)
{
    size_t n = strlen(dir);
    return r->text_len > n && memcmp(r->text, dir, n) == 0 &&
           r->text[n] == '/';
}

/* PATH ends in the N bytes at TEXT, at an element's start. */
static bool ends_at_element(const char *path, const char *text, size_t n)
{
    size_t len = strlen(path);
    return ends_in(path, len, text, n) &&
           (len == n || path[len - n - 1] == '/');
}

/* PATH_ENDS: a name below matches with some of its own elements and the last
 * ones of its directory, which are the first ones of the text. */
static bool ends_differ(const struct zc_filter_rule *r, const char *from,
                        const char *to)
{
    for (size_t i = 0; i < r->text_len; i++)
        if (r->text[i] == '/' && ends_at_element(from, r->text, i) !=
                                     ends_at_element(to, r->text, i))
            return true;
    return false;
}

static bool rule_differs(const struct zc_filter_rule *r, const char *from,
                         const char *to)
{
    switch (r->how) {
    case ZC_MATCH_NAME_IS:
    case ZC_MATCH_NAME_ENDS:
    case ZC_MATCH_NAME_STARTS:
    case ZC_MATCH_NAME_WILD:
        break;
    case ZC_MATCH_PATH_IS:
        return names_below(r, from) || names_below(r, to);
    case ZC_MATCH_PATH_ENDS:
        return ends_differ(r, from, to);
    case ZC_MATCH_PATH_WILD:
        return zc_wild_differ(r->wild, from, to, r->flags);
    case ZC_MATCH_TAIL_WILD:
        /* As many elements as the pattern has are those from any element that
         * are not more and not fewer: it has no "**". */
        return zc_wild_differ(r->wild, from, to, ZC_WILD_ANY_ELEMENT);
    }
    return false;
}

bool zc_filter_differs(const struct zc_filter *f, const char *from,
                       const char *to)
{
    for (size_t i = 0; i < f->rules.len; i++)
        if (f->rules.v[i]->kind != ZC_FILTER_RULE ||
            rule_differs(f->rules.v[i], from, to))
            return true;
    return false;
}
