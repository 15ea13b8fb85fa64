// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Wildcard matching in bounded time.
 *
 * A pattern is compiled to a row of tokens, each of which takes one byte (a
 * literal, `?`, a class) or any number of them (`*`, `**`). Matching walks the
 * text once and keeps the set of all places in the pattern that the text so far
 * can have reached, one bit a place:
 *
 *     pattern   a   *   .   c          text "a.b.c" after "a.b."
 *     place     0   1   2   3   4      reached: 1 2 3
 *
 * Standing before a star is also standing after it, since it may take nothing.
 * The text matches when the last place is reached at its end. No choice is ever
 * taken back, so many stars cannot make it slow.
 */
#include "tree/wildmatch.h"

#include "base/vec.h"

#include <string.h>

enum op {
    OP_BYTE,
    OP_ANY,   /* ? */
    OP_CLASS, /* [...] */
    OP_STAR,  /* *, not over slashes */
    OP_STARS, /* ** */
    OP_NEVER, /* what a broken pattern ends in */
};

struct token {
    uint8_t op;
    uint8_t byte;   /* OP_BYTE */
    uint16_t class; /* OP_CLASS: index into classes */
};

struct class {
    uint64_t has[4]; /* a bit a byte */
};

struct zc_wild {
    ZC_VEC(struct token) tokens;
    ZC_VEC(struct class) classes;
    size_t tail_len; /* literal bytes that every match ends in */
    char *tail;
};

#define WORDS_MAX (ZC_WILD_PATTERN_MAX / 64 + 1)

/* Classes */

static void class_add(struct class *c, unsigned byte)
{
    c->has[byte / 64] |= (uint64_t)1 << (byte % 64);
}

static bool class_has(const struct class *c, unsigned byte)
{
    return c->has[byte / 64] >> (byte % 64) & 1;
}

static void class_add_range(struct class *c, unsigned first, unsigned last)
{
    for (unsigned byte = first; byte <= last; byte++)
        class_add(c, byte);
}

/* Adds what "[:NAME:]" stands for; false when there is no such name. */
static bool class_add_named(struct class *c, const char *name, size_t n)
{
    static const struct {
        const char *name;
        uint8_t ranges[8]; /* first, last, first, last, ...; ends in 0 */
    } known[] = {
        {"alnum", {'0', '9', 'A', 'Z', 'a', 'z'}},
        {"alpha", {'A', 'Z', 'a', 'z'}},
        {"blank", {' ', ' ', '\t', '\t'}},
        {"cntrl", {1, 31, 127, 127}},
        {"digit", {'0', '9'}},
        {"graph", {'!', '~'}},
        {"lower", {'a', 'z'}},
        {"print", {' ', '~'}},
        {"punct", {'!', '/', ':', '@', '[', '`', '{', '~'}},
        {"space", {'\t', '\r', ' ', ' '}},
        {"upper", {'A', 'Z'}},
        {"xdigit", {'0', '9', 'A', 'F', 'a', 'f'}},
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(known); i++) {
        if (strlen(known[i].name) != n || memcmp(known[i].name, name, n) != 0)
            continue;
        const uint8_t *r = known[i].ranges;
        for (size_t k = 0; k < sizeof known[i].ranges && r[k]; k += 2)
            class_add_range(c, r[k], r[k + 1]);
        return true;
    }
    return false;
}

/* Reads the class at PAT[*AT], just behind its '[', and leaves *AT behind its
 * ']'. False when it is broken. */
static bool class_parse(struct class *c, const char *pat, size_t n, size_t *at)
{
    const unsigned char *p = (const unsigned char *)pat;
    size_t i = *at;
    bool negated = i < n && (p[i] == '!' || p[i] == '^');
    i += negated;
    int last = -1; /* the byte that a range may start with */
    for (size_t first = i; i < n && (p[i] != ']' || i == first);) {
        if (p[i] == '-' && last >= 0 && i + 1 < n && p[i + 1] != ']') {
            i++;
            if (p[i] == '\\' && ++i >= n)
                return false;
            class_add_range(c, (unsigned)last, p[i++]);
            last = -1;
            continue;
        }
        if (p[i] == '[' && i + 1 < n && p[i + 1] == ':') {
            const char *name = pat + i + 2;
            const char *end = memchr(name, ']', n - i - 2);
            if (!end)
                return false;
            if (end > name && end[-1] == ':') {
                if (!class_add_named(c, name, (size_t)(end - name) - 1))
                    return false;
                i = (size_t)(end - pat) + 1;
                last = -1;
                continue;
            }
        } else if (p[i] == '\\' && ++i >= n) {
            return false;
        }
        last = p[i++];
        class_add(c, (unsigned)last);
    }
    if (i >= n)
        return false;
    for (size_t k = 0; negated && k < ZC_ARRAY_LEN(c->has); k++)
        c->has[k] = ~c->has[k];
    c->has['/' / 64] &= ~((uint64_t)1 << ('/' % 64));
    *at = i + 1;
    return true;
}

/* Patterns */

static int put(struct zc_wild *w, enum op op, unsigned byte, size_t class)
{
    struct token t = {(uint8_t)op, (uint8_t)byte, (uint16_t)class};
    return zc_vec_push(&w->tokens, t);
}

static int put_class(struct zc_wild *w, const char *pat, size_t n, size_t *at)
{
    struct class c = {{0}};
    if (!class_parse(&c, pat, n, at)) {
        *at = n;
        return put(w, OP_NEVER, 0, 0);
    }
    if (zc_vec_push(&w->classes, c))
        return -1;
    return put(w, OP_CLASS, 0, w->classes.len - 1);
}

static int put_next(struct zc_wild *w, const char *pat, size_t n, size_t *at)
{
    switch (pat[*at]) {
    case '?':
        ++*at;
        return put(w, OP_ANY, 0, 0);
    case '*': {
        size_t first = *at;
        while (*at < n && pat[*at] == '*')
            ++*at;
        return put(w, *at - first > 1 ? OP_STARS : OP_STAR, 0, 0);
    }
    case '[':
        ++*at;
        return put_class(w, pat, n, at);
    case '\\':
        if (++*at >= n)
            return put(w, OP_NEVER, 0, 0);
        /* fallthrough */
    default:
        return put(w, OP_BYTE, (unsigned char)pat[(*at)++], 0);
    }
}

/* Notes the literal end of the pattern: most texts fail on it at once. */
static int find_tail(struct zc_wild *w)
{
    size_t n = w->tokens.len;
    const struct token *end = w->tokens.v + n;
    while (w->tail_len < n && end[-1 - (ssize_t)w->tail_len].op == OP_BYTE)
        w->tail_len++;
    w->tail = malloc(w->tail_len + 1);
    if (!w->tail)
        return -1;
    for (size_t i = 0; i < w->tail_len; i++)
        w->tail[i] = (char)end[(ssize_t)i - (ssize_t)w->tail_len].byte;
    return 0;
}

struct zc_wild *zc_wild_new(const char *pattern, size_t n)
{
    if (n > ZC_WILD_PATTERN_MAX) {
        errno = EINVAL;
        return NULL;
    }
    struct zc_wild *w = calloc(1, sizeof *w);
    int rc = w ? 0 : -1;
    for (size_t at = 0; rc == 0 && at < n;)
        rc = put_next(w, pattern, n, &at);
    if (rc || find_tail(w)) {
        zc_wild_free(w);
        errno = ENOMEM;
        return NULL;
    }
    return w;
}

void zc_wild_free(struct zc_wild *w)
{
    if (!w)
        return;
    zc_vec_fini(&w->tokens);
    zc_vec_fini(&w->classes);
    free(w->tail);
    free(w);
}

/* Matching */

/* Marks place I as reached, and the one behind it where a star stands at I. */
static void reach(const struct zc_wild *w, uint64_t *set, size_t i)
{
    set[i / 64] |= (uint64_t)1 << (i % 64);
    if (i < w->tokens.len &&
        (w->tokens.v[i].op == OP_STAR || w->tokens.v[i].op == OP_STARS))
        set[(i + 1) / 64] |= (uint64_t)1 << ((i + 1) % 64);
}

static void step_from(const struct zc_wild *w, size_t i, unsigned char byte,
                      uint64_t *next)
{
    const struct token *t = &w->tokens.v[i];
    switch ((enum op)t->op) {
    case OP_BYTE:
        if (t->byte == byte)
            reach(w, next, i + 1);
        break;
    case OP_ANY:
        if (byte != '/')
            reach(w, next, i + 1);
        break;
    case OP_CLASS:
        if (class_has(&w->classes.v[t->class], byte))
            reach(w, next, i + 1);
        break;
    case OP_STAR:
        if (byte != '/')
            reach(w, next, i);
        break;
    case OP_STARS:
        reach(w, next, i);
        break;
    case OP_NEVER:
        break;
    }
}

struct matching {
    uint64_t sets[2][WORDS_MAX];
    unsigned now; /* which of the sets is current */
    size_t words; /* in use in each */
};

/* Takes one byte. False when no place is left that it could lead to. */
static bool step(const struct zc_wild *w, struct matching *m, char byte,
                 unsigned flags)
{
    uint64_t *now = m->sets[m->now], *next = m->sets[!m->now];
    memset(next, 0, m->words * sizeof *next);
    for (size_t k = 0; k < m->words; k++) {
        for (uint64_t left = now[k]; left; left &= left - 1) {
            size_t i = k * 64 + (size_t)__builtin_ctzll(left);
            if (i < w->tokens.len)
                step_from(w, i, (unsigned char)byte, next);
        }
    }
    if (byte == '/' && flags & ZC_WILD_ANY_ELEMENT)
        reach(w, next, 0);
    m->now = !m->now;
    if (flags & ZC_WILD_ANY_ELEMENT)
        return true;
    uint64_t any = 0;
    for (size_t k = 0; k < m->words; k++)
        any |= next[k];
    return any != 0;
}

/* Takes the N bytes at TEXT from the start; false as for step. M is big, so it
 * is the caller's. */
static bool run(const struct zc_wild *w, struct matching *m, const char *text,
                size_t n, unsigned flags)
{
    m->now = 0;
    m->words = (w->tokens.len + 1 + 63) / 64;
    memset(m->sets[0], 0, m->words * sizeof m->sets[0][0]);
    reach(w, m->sets[0], 0);
    if (flags & ZC_WILD_LEAD_SLASH && !step(w, m, '/', flags))
        return false;
    for (size_t i = 0; i < n; i++)
        if (!step(w, m, text[i], flags))
            return false;
    return !(flags & ZC_WILD_TRAIL_SLASH) || step(w, m, '/', flags);
}

bool zc_wild_match(const struct zc_wild *w, const char *text, size_t n,
                   unsigned flags)
{
    if (!(flags & ZC_WILD_TRAIL_SLASH) && n >= w->tail_len &&
        memcmp(text + n - w->tail_len, w->tail, w->tail_len) != 0)
        return false;

    struct matching m;
    if (!run(w, &m, text, n, flags))
        return false;
    size_t last = w->tokens.len;
    return m.sets[m.now][last / 64] >> (last % 64) & 1;
}

/* From the same places the same text leads to the same end. */
bool zc_wild_differ(const struct zc_wild *w, const char *a, const char *b,
                    unsigned flags)
{
    struct matching m, n;
    flags |= ZC_WILD_TRAIL_SLASH;
    bool some = run(w, &m, a, strlen(a), flags);
    if (some != run(w, &n, b, strlen(b), flags))
        return true;
    return some && memcmp(m.sets[m.now], n.sets[n.now],
                          m.words * sizeof m.sets[0][0]) != 0;
}
