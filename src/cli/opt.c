// SPDX-License-Identifier: GPL-2.0-or-later
/* Parsing and printing option tables; see opt.h. */
#include "cli/opt.h"

#include "base/near.h"

#include <string.h>

/* One run over a command line. */
struct parse {
    const struct zc_opt_table *t;
    int argc, at;
    char **argv;
    zc_opt_take_fn *take;
    void *arg;
    struct zc_err *err;
};

static int usage(struct parse *p, const char *fmt, const char *spelled)
{
    char text[ZC_ERR_TEXT_MAX / 2];
    snprintf(text, sizeof text, fmt, spelled);
    bool own = p->t->program;
    return zc_err_set(p->err, ZC_EXIT_USAGE, 0, "%s (see '%s%s --help')", text,
                      own ? "" : "zcsync ",
                      own ? p->t->program : p->t->command);
}

/* Row number I of all that T has, or NULL. */
static const struct zc_opt *row_at(const struct zc_opt_table *t, size_t i)
{
    if (i < t->n_rows)
        return &t->rows[i];
    i -= t->n_rows;
    for (const struct zc_opt_part *p = t->parts; p && p->rows; p++) {
        if (i < p->n)
            return &p->rows[i];
        i -= p->n;
    }
    return NULL;
}

/* NAME has N bytes; a single letter may stand for the long name. */
static bool is_named(const char *name, size_t n, const char *row, char letter)
{
    if (row && strlen(row) == n && memcmp(row, name, n) == 0)
        return true;
    return n == 1 && letter && name[0] == letter;
}

static const struct zc_opt *find_long(const struct zc_opt_table *t,
                                      const char *name, size_t n)
{
    const struct zc_opt *row;
    for (size_t i = 0; (row = row_at(t, i)); i++)
        if (is_named(name, n, row->name, 0))
            return row;
    return NULL;
}

static const struct zc_opt *find_negated(const struct zc_opt_table *t,
                                         const char *name, size_t n)
{
    if (n <= 3 || memcmp(name, "no-", 3) != 0)
        return NULL;
    const struct zc_opt *row;
    for (size_t i = 0; (row = row_at(t, i)); i++)
        if (row->negatable &&
            is_named(name + 3, n - 3, row->name, row->letter))
            return row;
    return NULL;
}

static const struct zc_opt *find_letter(const struct zc_opt_table *t, char c)
{
    const struct zc_opt *row;
    for (size_t i = 0; (row = row_at(t, i)); i++)
        if (row->letter == c)
            return row;
    return NULL;
}

/* An option of the table that NAME (N bytes after the dashes) may have been
 * meant for: its end, or some letters of it, are wrong. *NO: it is the --no-
 * form. NULL: none. */
static const char *find_near(const struct zc_opt_table *t, const char *name,
                             size_t n, bool *no)
{
    char word[64];
    snprintf(word, sizeof word, "%.*s", (int)n, name);
    *no = strncmp(word, "no-", 3) == 0;
    struct zc_near near = {.name = *no ? word + 3 : word};
    const char *begins = NULL;
    size_t len = strlen(near.name), found = 0;
    const struct zc_opt *row;
    for (size_t i = 0; (row = row_at(t, i)); i++) {
        if (!row->name || row->not_for & t->as || (*no && !row->negatable))
            continue;
        zc_near_consider(&near, row->name);
        if (len > 1 && strncmp(near.name, row->name, len) == 0) {
            begins = row->name;
            found++;
        }
    }
    return near.is ? near.is : found == 1 ? begins : NULL;
}

static int unknown(struct parse *p, const char *spelled, const char *name,
                   size_t n, bool is_long)
{
    char text[200];
    bool no = false;
    const char *near = is_long ? find_near(p->t, name, n, &no) : NULL;
    if (!near)
        return usage(p, "unknown option %s", spelled);
    snprintf(text, sizeof text, "unknown option %s; is --%s%s meant?", spelled,
             no ? "no-" : "", near);
    return usage(p, "%s", text);
}

static const struct zc_opt_refused *
find_refused(const struct zc_opt_refused *r, const char *name, size_t n,
             bool is_long, bool negated)
{
    for (; r && (r->letter || r->name); r++) {
        bool hit = is_long ? is_named(name, n, r->name, 0)
                           : is_named(name, n, NULL, r->letter);
        if (!hit && negated)
            hit = is_named(name + 3, n - 3, r->name, r->letter);
        if (hit)
            return r;
    }
    return NULL;
}

/* Nobody's option: known from rsync, or not known at all? SPELLED is what the
 * user wrote, NAME (N bytes) what follows the dashes. */
static int refuse(struct parse *p, const char *spelled, const char *name,
                  size_t n, bool is_long)
{
    bool negated = is_long && n > 3 && memcmp(name, "no-", 3) == 0;
    const struct zc_opt_refused *r =
        find_refused(p->t->refused, name, n, is_long, negated);
    if (r)
        return zc_err_set(p->err, ZC_EXIT_USAGE, 0,
                          "option %s is not supported: %s", spelled,
                          negated ? "it is so anyway" : r->why);
    if (negated && find_long(p->t, name + 3, n - 3))
        return usage(p, "option %s: this one has no --no- form", spelled);
    return unknown(p, spelled, name, n, is_long);
}

static int hand_over(struct parse *p, const struct zc_opt *opt,
                     const char *spelled, const char *value, bool on)
{
    if (opt->not_for & p->t->as)
        return zc_err_set(p->err, ZC_EXIT_USAGE, 0,
                          "option %s has no meaning for 'zcsync %s'%s%s",
                          spelled, p->t->command, opt->why_not ? ": " : "",
                          opt->why_not ? opt->why_not : "");
    return p->take(p->arg, opt, spelled, value, on, p->err);
}

/* "--name", "--name=value", "--no-name". */
static int take_long(struct parse *p, const char *word)
{
    const char *name = word + 2, *equals = strchr(name, '=');
    size_t n = equals ? (size_t)(equals - name) : strlen(name);
    char spelled[64];
    snprintf(spelled, sizeof spelled, "--%.*s",
             (int)ZC_MIN(n, sizeof spelled - 3), name);

    const struct zc_opt *opt = find_long(p->t, name, n);
    bool on = opt != NULL;
    if (!opt)
        opt = find_negated(p->t, name, n);
    if (!opt)
        return refuse(p, spelled, name, n, true);
    if (!on || !opt->value)
        return equals ? usage(p, "option %s takes no value", spelled)
                      : hand_over(p, opt, spelled, NULL, on);
    if (equals)
        return hand_over(p, opt, spelled, equals + 1, true);
    if (opt->optional)
        return hand_over(p, opt, spelled, NULL, true);
    if (p->at == p->argc)
        return usage(p, "option %s needs a value", spelled);
    return hand_over(p, opt, spelled, p->argv[p->at++], true);
}

/* "-ain", "-fVALUE". */
static int take_cluster(struct parse *p, const char *word)
{
    for (const char *c = word + 1; *c; c++) {
        char spelled[] = {'-', *c, '\0'};
        const struct zc_opt *opt = find_letter(p->t, *c);
        if (!opt)
            return refuse(p, spelled, c, 1, false);
        if (!opt->value || opt->optional) {
            if (hand_over(p, opt, spelled, NULL, true))
                return -1;
            continue;
        }
        if (c[1])
            return hand_over(p, opt, spelled, c + 1, true);
        if (p->at == p->argc)
            return usage(p, "option %s needs a value", spelled);
        return hand_over(p, opt, spelled, p->argv[p->at++], true);
    }
    return 0;
}

int zc_opt_parse(const struct zc_opt_table *t, int argc, char **argv,
                 zc_opt_take_fn *take_fn, void *arg, zc_operands *operands,
                 struct zc_err *err)
{
    struct parse p = {t, argc, 0, argv, take_fn, arg, err};
    bool only_operands = false;
    while (p.at < argc) {
        char *word = argv[p.at++];
        int r = 0;
        if (only_operands || word[0] != '-' || !word[1])
            r = zc_vec_push(operands, word) ? zc_err_nomem(err) : 0;
        else if (strcmp(word, "--") == 0)
            only_operands = true;
        else if (word[1] == '-')
            r = take_long(&p, word);
        else
            r = take_cluster(&p, word);
        if (r)
            return -1;
    }
    return 0;
}

#define HELP_COLUMN 29

/* "  -x, --[no-]name=VALUE"; the number of columns. */
static int print_option(const struct zc_opt *opt, FILE *to)
{
    int at = fprintf(to, opt->letter ? "  -%c" : "    ", opt->letter);
    if (opt->name)
        at += fprintf(to, "%s--%s%s", opt->letter ? ", " : "  ",
                      opt->negatable ? "[no-]" : "", opt->name);
    else if (opt->negatable)
        at += fprintf(to, ", --no-%c", opt->letter);
    if (opt->value)
        at += fprintf(to, "%s%s%s%s", opt->optional ? "[" : "",
                      opt->name ? "=" : " ", opt->value,
                      opt->optional ? "]" : "");
    return at;
}

void zc_opt_print(const struct zc_opt_table *t, FILE *to)
{
    const struct zc_opt *opt;
    for (size_t i = 0; (opt = row_at(t, i)); i++) {
        if (opt->not_for & t->as)
            continue;
        if (!opt->letter && !opt->name) {
            fprintf(to, "\n%s\n", opt->help);
            continue;
        }
        int at = print_option(opt, to);
        if (at + 2 > HELP_COLUMN) {
            fputc('\n', to);
            at = 0;
        }
        for (const char *line = opt->help; line;) {
            const char *end = strchrnul(line, '\n');
            fprintf(to, "%*s%.*s\n", HELP_COLUMN - at, "", (int)(end - line),
                    line);
            line = *end ? end + 1 : NULL;
            at = 0;
        }
    }
}

int zc_opt_number(const char *spelled, const char *value, uint64_t max,
                  uint64_t *out, struct zc_err *err)
{
    char *end;
    errno = 0;
    unsigned long long n = strtoull(value, &end, 10);
    /* strtoull takes signs and blanks, too */
    if (!*value || strspn(value, "0123456789") != strlen(value))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: '%s' is not a whole number", spelled, value);
    if (*end || errno || n > max)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: %s is more than the limit of %llu", spelled,
                          value, (unsigned long long)max);
    *out = n;
    return 0;
}

int zc_opt_fill(void *arg, const struct zc_opt *opt, const char *spelled,
                const char *value, bool on, struct zc_err *err)
{
    void *field = (char *)arg + opt->data;
    uint64_t n = 0;
    switch (opt->id) {
    case ZC_OPT_FLAG:
        *(bool *)field = on;
        break;
    case ZC_OPT_TEXT:
        *(const char **)field = value;
        break;
    case ZC_OPT_SECONDS:
        if (value && zc_opt_number(spelled, value, 366 * 86400, &n, err))
            return -1;
        *(unsigned *)field = (unsigned)n;
        break;
    case ZC_OPT_COUNT:
        *(unsigned *)field = on ? *(unsigned *)field + 1 : 0;
        break;
    }
    return 0;
}
