// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filter rules from text: options, merge files, the wire. The syntax is that of
 * rsync(1), "FILTER RULES IN DEPTH" and after; see filter.h for what is left
 * out.
 *
 *     RULE[,][MODIFIERS] [PATTERN or FILE]     one space or '_' in between
 */
#include "tree/filter.h"
#include "tree/filter_rule.h"
#include "tree/lines.h"

#include <string.h>

/* Merge files in merge files: more is a file that merges itself. */
#define MERGE_DEPTH_MAX 16

/* How much of a rule an error shows, so that the reason fits behind it. */
#define SHOWN "%.300s"

/* Where a rule comes from, which says how to read it. */
struct source {
    struct zc_filter *f;
    enum {
        FULL,     /* --filter, merge files, the wire */
        PREFIXED, /* --exclude, --include: "- ", "+ " and "!" only */
        BARE,     /* merge files with '-' or '+': all of it is pattern */
    } syntax;
    bool include; /* what a pattern without a prefix means */
    bool from_peer;
    uint8_t sides; /* given by the merge rule; 0: none were */
    unsigned depth;
};

/* A rule as it is being read. */
struct parsed {
    char kind; /* + - . ! */
    bool include, negated;
    bool side_in_name; /* H, S, P, R */
    bool bare, exclude_self;
    uint8_t sides; /* 0: not given */
    const char *arg;
};

static int refuse(struct zc_err *err, const char *rule, const char *why)
{
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "filter rule \"" SHOWN "\": %s",
                      rule, why);
}

/* The length of the rule's name, and its one-letter form in *KIND; 0 when it
 * is none. A long name must end where a name can end. */
static size_t read_name(const char *rule, char *kind)
{
    static const struct {
        const char *name;
        char kind;
    } names[] = {
        {"exclude", '-'},   {"include", '+'}, {"merge", '.'},
        {"dir-merge", ':'}, {"hide", 'H'},    {"show", 'S'},
        {"protect", 'P'},   {"risk", 'R'},    {"clear", '!'},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(names); i++) {
        size_t n = strlen(names[i].name);
        if (strncmp(rule, names[i].name, n) == 0 && strchr(" _,", rule[n])) {
            *kind = names[i].kind;
            return n;
        }
    }
    *kind = *rule;
    return *rule && strchr("-+.:HSPR!", *rule) ? 1 : 0;
}

static int set_kind(struct parsed *p, char kind, const char *rule,
                    struct zc_err *err)
{
    p->kind = kind;
    switch (kind) {
    case ':':
        return refuse(err, rule,
                      "per-directory merge files are not supported");
    case 'S':
    case 'H':
        p->sides = ZC_SIDE_SENDER;
        break;
    case 'R':
    case 'P':
        p->sides = ZC_SIDE_RECEIVER;
        break;
    default:
        break;
    }
    p->side_in_name = p->sides != 0;
    p->include = strchr("+SR", kind) != NULL;
    return 0;
}

/* One modifier. NULL, or why it cannot be. */
static const char *set_modifier(struct parsed *p, char modifier)
{
    bool merge = p->kind == '.';
    switch (modifier) {
    case '!':
        p->negated = true;
        return merge ? "a merge file cannot be negated" : NULL;
    case 's':
    case 'r':
        p->sides |= modifier == 's' ? ZC_SIDE_SENDER : ZC_SIDE_RECEIVER;
        return p->side_in_name ? "it names its side twice" : NULL;
    case '-':
    case '+':
        if (!merge || p->bare)
            break;
        p->bare = true;
        p->include = modifier == '+';
        return NULL;
    case 'e':
        if (!merge)
            break;
        p->exclude_self = true;
        return NULL;
    case '/':
        return "the modifier '/' (match absolute paths) is not supported";
    case 'C':
        return "the modifier 'C' (CVS rules) is not supported";
    case 'p':
        return "the modifier 'p' (perishable) is not supported";
    case 'x':
        return "the modifier 'x' (xattr names) is not supported";
    case 'n':
    case 'w':
        if (merge)
            return modifier == 'n' ? "the modifier 'n' is not supported"
                                   : "the modifier 'w' is not supported";
        break;
    default:
        break;
    }
    return "it has a modifier that rsync does not know either";
}

static int parse_full(struct parsed *p, const char *rule, struct zc_err *err)
{
    char kind;
    size_t at = read_name(rule, &kind);
    if (!at)
        return refuse(err, rule, "it starts with no rule that is known");
    if (set_kind(p, kind, rule, err))
        return -1;
    at += rule[at] == ',';
    if (kind == '!') {
        if (rule[at])
            return refuse(err, rule, "nothing may follow a clear");
        return 0;
    }
    for (; rule[at] && rule[at] != ' ' && rule[at] != '_'; at++) {
        const char *why = set_modifier(p, rule[at]);
        if (why)
            return refuse(err, rule, why);
    }
    p->arg = rule + at + (rule[at] != '\0');
    return 0;
}

static void parse_prefixed(struct parsed *p, const char *rule)
{
    p->arg = rule;
    if (strcmp(rule, "!") == 0) {
        p->kind = '!';
    } else if ((*rule == '-' || *rule == '+') && rule[1] == ' ') {
        p->include = *rule == '+';
        p->arg += 2;
    }
}

static int add_rule(const struct source *from, const char *rule,
                    struct zc_err *err);

static int add_line(void *arg, const char *line, size_t n, struct zc_err *err)
{
    (void)n;
    return add_rule(arg, line, err);
}

static int merge(const struct source *from, const struct parsed *p,
                 const char *rule, struct zc_err *err)
{
    if (from->depth >= MERGE_DEPTH_MAX)
        return refuse(err, rule, "merge files are nested too deep");
    if (p->exclude_self) {
        const char *slash = strrchr(p->arg, '/');
        struct zc_filter_rule self = {.sides = ZC_SIDE_BOTH};
        if (zc_filter_append(from->f, slash ? slash + 1 : p->arg, self, err))
            return -1;
    }
    struct source inner = {
        .f = from->f,
        .syntax = p->bare ? BARE : FULL,
        .include = p->include,
        .sides = p->sides,
        .depth = from->depth + 1,
    };
    return zc_lines_read(p->arg, false, add_line, &inner, err);
}

/* Reads RULE and does what it says. */
static int add_rule(const struct source *from, const char *rule,
                    struct zc_err *err)
{
    struct parsed p = {.kind = '-', .include = from->include};
    if (from->syntax == FULL) {
        if (parse_full(&p, rule, err))
            return -1;
    } else if (from->syntax == PREFIXED) {
        parse_prefixed(&p, rule);
    } else {
        p.arg = rule;
    }

    if (from->from_peer && (p.kind == '!' || p.kind == '.'))
        return refuse(err, rule, "a peer cannot send it");
    if (p.kind == '!') {
        zc_filter_clear(from->f);
        return 0;
    }
    if (!*p.arg)
        return refuse(err, rule,
                      p.kind == '.' ? "it names no file" : "it has no pattern");
    if (from->sides && p.sides)
        return refuse(err, rule,
                      "the rule that merges its file names a side already");
    if (!p.sides)
        p.sides = from->sides;
    if (p.kind == '.')
        return merge(from, &p, rule, err);

    struct zc_filter_rule r = {
        .include = p.include,
        .negated = p.negated,
        .sides = p.sides ? p.sides : (uint8_t)ZC_SIDE_BOTH,
    };
    if (zc_filter_append(from->f, p.arg, r, err))
        return zc_err_prefix(err, "filter rule \"" SHOWN "\"", rule);
    return 0;
}

int zc_filter_add(struct zc_filter *f, const char *rule, struct zc_err *err)
{
    struct source from = {.f = f, .syntax = FULL};
    return *rule ? add_rule(&from, rule, err) : 0;
}

int zc_filter_add_exclude(struct zc_filter *f, const char *pattern,
                          struct zc_err *err)
{
    struct source from = {.f = f, .syntax = PREFIXED};
    return *pattern ? add_rule(&from, pattern, err) : 0;
}

int zc_filter_add_include(struct zc_filter *f, const char *pattern,
                          struct zc_err *err)
{
    struct source from = {.f = f, .syntax = PREFIXED, .include = true};
    return *pattern ? add_rule(&from, pattern, err) : 0;
}

int zc_filter_add_file(struct zc_filter *f, const char *path, bool include,
                       bool nul_ended, struct zc_err *err)
{
    struct source from = {.f = f, .syntax = PREFIXED, .include = include};
    return zc_lines_read(path, nul_ended, add_line, &from, err);
}

static int decode_into(struct zc_filter *f, const uint8_t *bytes, size_t n,
                       struct zc_err *err)
{
    struct source from = {.f = f, .syntax = FULL, .from_peer = true};
    while (n) {
        const uint8_t *end = memchr(bytes, '\0', n);
        if (!end)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "the last filter rule has no end");
        size_t len = (size_t)(end - bytes);
        if (len > ZC_FILTER_RULE_MAX)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "a filter rule is longer than %d bytes",
                              ZC_FILTER_RULE_MAX);
        if (add_rule(&from, (const char *)bytes, err))
            return -1;
        bytes = end + 1;
        n -= len + 1;
    }
    return 0;
}

struct zc_filter *zc_filter_decode(const uint8_t *bytes, size_t n,
                                   struct zc_err *err)
{
    struct zc_filter *f = zc_filter_new();
    if (!f) {
        zc_err_nomem(err);
        return NULL;
    }
    if (decode_into(f, bytes, n, err)) {
        /* What would be a slip of the user is nonsense from a peer. */
        if (err && err->code == ZC_EXIT_USAGE)
            err->code = ZC_EXIT_STREAM;
        zc_filter_free(f);
        return NULL;
    }
    return f;
}
