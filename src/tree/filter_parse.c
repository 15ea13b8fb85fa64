// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filter rules from text: options, merge files, the wire. Each is taken apart by
 * rule.h; what it says is done here.
 */
#include "tree/filter.h"
#include "tree/filter_rule.h"
#include "tree/lines.h"
#include "tree/rule.h"

#include "base/io.h"
#include "base/relpath.h"
#include "fs/userpath.h"

#include <fcntl.h>
#include <string.h>

/* Merge files in merge files: more is a file that merges itself. */
#define MERGE_DEPTH_MAX 16

/* Where a rule comes from, which says how to read it. */
struct source {
    struct zc_filter *f;
    enum {
        FULL,     /* --filter, files of rules, the wire */
        PREFIXED, /* --exclude, --include: "- ", "+ " and "!" only */
        BARE,     /* merge files with '-' or '+': all of it is pattern */
    } syntax;
    bool include; /* what a pattern without a prefix means */
    bool from_peer;
    struct zc_filter_how how; /* by the rule that named the file */
    const struct zc_filter_place *place; /* a directory's own; NULL: not so */
    bool *cleared;
    unsigned depth;
};

static int add_rule(const struct source *from, const char *rule,
                    struct zc_err *err);

static int add_line(void *arg, const char *line, size_t n, struct zc_err *err)
{
    (void)n;
    return add_rule(arg, line, err);
}

static bool is_blank(char c)
{
    return c && strchr(" \t\n\v\f\r", c);
}

/* The end of the word at AT; of a whole rule, which has a blank in it. */
static char *word_end(char *at, bool whole)
{
    char *end = at;
    while (*end && !is_blank(*end))
        end++;
    if (!whole || *end != ' ' || memchr(at, '_', (size_t)(end - at)) ||
        strncmp(at, "!", (size_t)(end - at)) == 0)
        return end;
    for (end++; *end && !is_blank(*end);)
        end++;
    return end;
}

static int add_words(const struct source *from, char *at, struct zc_err *err)
{
    for (;;) {
        while (is_blank(*at))
            at++;
        if (!*at)
            return 0;
        char *end = word_end(at, from->syntax == FULL);
        bool last = !*end;
        *end = '\0';
        if (add_rule(from, at, err))
            return -1;
        at = last ? end : end + 1;
    }
}

static int add_text(const struct source *from, char *text, size_t n,
                    struct zc_err *err)
{
    if (memchr(text, '\0', n))
        return zc_err_set(err, ZC_EXIT_USAGE, 0, "there is a NUL byte in it");
    if (from->how.words)
        return add_words(from, text, err);
    struct source inner = *from;
    return zc_lines_split(text, n, add_line, &inner, err);
}

#define FILE_MAX (256 * 1024)

/* All of FD, with a NUL behind it. */
static char *read_all(int fd, size_t *n, struct zc_err *err)
{
    char *text = malloc(FILE_MAX + 1);
    ssize_t got = text ? zc_io_pread(fd, text, FILE_MAX + 1, 0) : -1;
    if (got >= 0 && got <= FILE_MAX) {
        text[got] = '\0';
        *n = (size_t)got;
        return text;
    }
    if (!text)
        zc_err_nomem(err);
    else if (got < 0)
        zc_err_set(err, ZC_EXIT_FILEIO, errno, "could not read it");
    else
        zc_err_set(err, ZC_EXIT_USAGE, 0, "it has more than %d bytes",
                   FILE_MAX);
    free(text);
    return NULL;
}

static int add_fd(const struct source *from, int fd, struct zc_err *err)
{
    size_t n;
    zc_auto_free char *text = read_all(fd, &n, err);
    return text ? add_text(from, text, n, err) : -1;
}

/* The file NAME that a rule of FROM merges, by INNER. */
static int merge_file(const struct source *from, const struct source *inner,
                      const char *name, struct zc_err *err)
{
    struct source source = *inner;
    if (!from->place && !inner->how.words)
        return zc_lines_read(name, false, add_line, &source, err);
    err->text[0] = '\0';
    zc_auto_close int fd = from->place
                               ? zc_filter_open_at(from->place, name)
                               : zc_user_open(name, O_RDONLY, err);
    if (fd >= 0 && add_fd(inner, fd, err) == 0)
        return 0;
    if (fd >= 0)
        return zc_err_prefix(err, "%s", name);
    return err->text[0] ? -1
                        : zc_err_set(err, ZC_EXIT_FILEIO, errno,
                                     "could not open %s", name);
}

/* What the rules in a file are by default: as the rule says that names it, or as
 * those are that stand beside it. */
static struct zc_filter_how inner_how(const struct source *from,
                                      const struct zc_rule_said *p)
{
    struct zc_filter_how how = p->how;
    how.sides = p->sides;
    how.perishable = p->perishable || from->how.perishable;
    how.unprotect |= from->how.unprotect;
    return how;
}

static struct source source_of(struct zc_filter *f,
                               const struct zc_filter_how *how)
{
    return (struct source){.f = f,
                           .syntax = how->bare ? BARE : FULL,
                           .include = how->include,
                           .how = *how};
}

static int merge(const struct source *from, const struct zc_rule_said *p,
                 const char *rule, struct zc_err *err)
{
    if (from->depth >= MERGE_DEPTH_MAX)
        return zc_rule_refuse(err, rule, "merge files are nested too deep");
    if (from->place && !zc_name_ok(p->arg, strlen(p->arg)))
        return zc_rule_refuse(err, rule, "in a directory's own file it has to "
                                         "name a file beside it");
    struct zc_filter_how how = inner_how(from, p);
    struct source inner = source_of(from->f, &how);
    inner.place = from->place;
    inner.cleared = from->cleared;
    inner.depth = from->depth + 1;
    return merge_file(from, &inner, p->arg, err);
}

static bool is_known(const struct source *from, const char *name)
{
    return zc_filter_is_merge(from->f, name) ||
           (from->place && (zc_filter_is_merge(from->place->known, name) ||
                            zc_filter_is_merge(from->place->also, name)));
}

/* ":": P's file is read in each directory. */
static int merge_in_dirs(const struct source *from, const struct zc_rule_said *p,
                         const char *rule, struct zc_err *err)
{
    struct zc_filter_rule r = {.how_read = inner_how(from, p),
                               .above = *p->arg == '/'};
    const char *name = p->arg + r.above;
    if (!zc_name_ok(name, strlen(name)))
        return zc_rule_refuse(err, rule, "what is read in each directory has "
                                         "to be a name without a directory");
    if (from->place && !from->place->nesting)
        return zc_rule_refuse(err, rule,
                              "a mirror's rules name all files of rules");
    return is_known(from, name) ? 0
                                : zc_filter_append_merge(from->f, name, r, err);
}

/* "-C": as on the command line of cvs(1), from its list, ~/.cvsignore and
 * CVSIGNORE. */
static int add_cvs(const struct source *from, const struct zc_rule_said *p,
                   struct zc_err *err)
{
    const char *home = getenv("HOME"), *more = getenv("CVSIGNORE");
    struct zc_filter_how how = {
        .bare = true, .words = true, .cvs = true, .perishable = p->perishable,
        .sides = p->sides, .unprotect = from->how.unprotect};
    struct source inner = source_of(from->f, &how), list = inner;
    list.how.perishable = true;
    zc_auto_free char *words = strdup(zc_filter_cvs_words);
    zc_auto_free char *user = more ? strdup(more) : strdup("");
    zc_auto_free char *path = home && *home == '/'
                                  ? zc_relpath_join(home, ".cvsignore")
                                  : strdup("");
    if (!words || !user || !path)
        return zc_err_nomem(err);
    if (add_words(&list, words, err) ||
        (*path && access(path, F_OK) == 0 &&
         merge_file(&inner, &inner, path, err)))
        return -1;
    return add_words(&inner, user, err);
}

/* A pattern of P's directory as one of the whole tree: what is anchored gets the
 * path, and no wildcard in the path is one. */
static char *anchored(const char *path, const char *pattern)
{
    struct zc_buf b = ZC_BUF_INIT;
    bool wild = strpbrk(pattern, "*?[") || strpbrk(path, "*?[");
    zc_buf_u8(&b, '/');
    for (; *path; path++) {
        if (wild && strchr("*?[\\", *path))
            zc_buf_u8(&b, '\\');
        zc_buf_u8(&b, (uint8_t)*path);
    }
    for (const char *at = b.len > 1 ? pattern : pattern + 1; *at; at++) {
        /* Without wildcards a backslash is one in a pattern. */
        if (wild && *at == '\\' && !strpbrk(pattern, "*?["))
            zc_buf_u8(&b, '\\');
        zc_buf_u8(&b, (uint8_t)*at);
    }
    zc_buf_u8(&b, '\0');
    if (!b.failed)
        return (char *)b.data;
    zc_buf_fini(&b);
    return NULL;
}

/* The first element of PATTERN matches that of PATH. */
static bool matches_element(const char *pattern, const char *path)
{
    size_t n = strcspn(pattern, "/"), len = strcspn(path, "/");
    struct zc_wild *w = zc_wild_new(pattern, n);
    bool it = w && zc_wild_match(w, path, len, 0);
    zc_wild_free(w);
    return it;
}

/* An anchored PATTERN of a directory above the root, to which REST leads, as one
 * of the tree; NULL: it is about nothing in it. */
static const char *below_root(const char *pattern, const char *rest)
{
    for (pattern++; *rest; rest += *rest == '/') {
        if (!matches_element(pattern, rest))
            return NULL;
        pattern += strcspn(pattern, "/");
        rest += strcspn(rest, "/");
        if (!*pattern || !pattern[1])
            return NULL;
        pattern += *rest == '/';
    }
    return pattern;
}

static int append(const struct source *from, const char *rule,
                  const struct zc_rule_said *p, struct zc_err *err)
{
    const struct zc_filter_place *place = from->place;
    const char *pattern = p->arg;
    zc_auto_free char *own = NULL;
    if (place && place->rest && *pattern == '/') {
        if (strstr(pattern, "**"))
            return zc_rule_refuse(err, rule, "above SRC, a pattern with a "
                                             "slash at its beginning can have "
                                             "no \"**\"");
        if (!(pattern = below_root(pattern, place->rest)))
            return 0;
    } else if (place && *pattern == '/') {
        pattern = own = anchored(place->path, pattern);
        if (!own)
            return zc_err_nomem(err);
    }
    struct zc_filter_rule r = {
        .include = p->include,
        .negated = p->negated,
        .perishable = p->perishable || from->how.perishable,
        .sides = p->sides ? p->sides : (uint8_t)ZC_SIDE_BOTH,
    };
    if (from->how.unprotect && r.sides == ZC_SIDE_BOTH)
        r.sides = ZC_SIDE_SENDER;
    if (zc_filter_append(from->f, pattern, r, err))
        return zc_err_prefix(err, "filter rule \"" ZC_RULE_SHOWN "\"", rule);
    return 0;
}

static int clear(const struct source *from)
{
    zc_filter_clear(from->f);
    if (from->cleared)
        *from->cleared = true;
    return 0;
}

/* What RULE says, in the syntax of its source. */
static int parse(const struct source *from, const char *rule,
                 struct zc_rule_said *p, struct zc_err *err)
{
    p->kind = '-';
    p->include = from->include;
    p->arg = rule;
    if (from->syntax == FULL)
        return zc_rule_read(p, rule, from->from_peer, err);
    if (from->syntax == PREFIXED)
        zc_rule_read_prefixed(p, rule);
    else if (from->how.cvs && strcmp(rule, "!") == 0)
        p->kind = '!';
    return 0;
}

/* Something is there that a rule of this kind needs, and nothing else. */
static int check(const struct source *from, const char *rule,
                 const struct zc_rule_said *p, struct zc_err *err)
{
    if (from->from_peer && (p->kind == '!' || p->kind == '.' || p->cvs_words))
        return zc_rule_refuse(err, rule, "a peer cannot send it");
    if (p->kind == '!')
        return 0;
    if (p->cvs_words && *p->arg)
        return zc_rule_refuse(err, rule, "nothing may follow it");
    if (!*p->arg && !p->cvs_words)
        return zc_rule_refuse(err, rule,
                              strchr(".:", p->kind) ? "it names no file"
                                                    : "it has no pattern");
    if (from->how.sides && p->sides)
        return zc_rule_refuse(err, rule, "the rule that merges its file names "
                                         "a side already");
    return 0;
}

/* The file itself is not sent. */
static int exclude_self(const struct source *from, const struct zc_rule_said *p,
                        struct zc_err *err)
{
    const char *slash = strrchr(p->arg, '/');
    struct zc_filter_rule self = {.sides = ZC_SIDE_BOTH};
    return zc_filter_append(from->f, slash ? slash + 1 : p->arg, self, err);
}

/* Reads RULE and does what it says. */
static int add_rule(const struct source *from, const char *rule,
                    struct zc_err *err)
{
    struct zc_rule_said p = {0};
    if (parse(from, rule, &p, err))
        return -1;
    if (p.how.cvs && !*p.arg)
        p.arg = ".cvsignore";
    if (check(from, rule, &p, err))
        return -1;
    if (p.kind == '!')
        return clear(from);
    if (!p.sides)
        p.sides = from->how.sides;
    if (p.cvs_words)
        return add_cvs(from, &p, err);
    if (p.exclude_self && exclude_self(from, &p, err))
        return -1;
    if (p.kind == '.')
        return merge(from, &p, rule, err);
    if (p.kind == ':')
        return merge_in_dirs(from, &p, rule, err);
    return append(from, rule, &p, err);
}

int zc_filter_add_text(struct zc_filter *f, const struct zc_filter_place *p,
                       char *text, size_t n, const struct zc_filter_how *how,
                       bool *cleared, struct zc_err *err)
{
    struct source from = source_of(f, how);
    from.place = p;
    from.cleared = cleared;
    return add_text(&from, text, n, err);
}

int zc_filter_add_at(struct zc_filter *f, const struct zc_filter_place *p,
                     int fd, const struct zc_filter_how *how, bool *cleared,
                     struct zc_err *err)
{
    struct source from = source_of(f, how);
    from.place = p;
    from.cleared = cleared;
    return add_fd(&from, fd, err);
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

int zc_filter_add_wire(struct zc_filter *f, const char *rule, size_t n,
                       struct zc_err *err)
{
    struct source from = {.f = f, .syntax = FULL, .from_peer = true};
    if (n > ZC_FILTER_RULE_MAX)
        return zc_err_set(err, ZC_EXIT_STREAM, 0,
                          "a filter rule is longer than %d bytes",
                          ZC_FILTER_RULE_MAX);
    return add_rule(&from, rule, err);
}

static int decode_into(struct zc_filter *f, const uint8_t *bytes, size_t n,
                       struct zc_err *err)
{
    while (n) {
        const uint8_t *end = memchr(bytes, '\0', n);
        if (!end)
            return zc_err_set(err, ZC_EXIT_STREAM, 0,
                              "the last filter rule has no end");
        size_t len = (size_t)(end - bytes);
        if (zc_filter_add_wire(f, (const char *)bytes, len, err))
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
