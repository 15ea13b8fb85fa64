// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lines for libinih, and back; see conf_ini.h.
 *
 * libinih joins an indented line to the value above it, cuts a value at " ;",
 * and a section's name after 49 bytes, splits a line that is longer than its
 * buffer (200 bytes, as Debian builds it) into several, takes "key: value" for
 * "key = value", stops at a NUL, and says nothing of a section without keys.
 * Some of that depends on how it was built. So it is given one line at a time,
 * checked here and put in a form that it reads in one way only:
 *
 *     exclude = *.tmp ; x     ->     exclude = |*.tmp |
 *                                    exclude = |; x|
 *
 * A value goes through in pieces that fit its buffer, between bars that keep
 * blanks from being trimmed; a ';' or '#' starts a new piece, as it counts
 * after a blank only. What comes out is compared with what went in.
 */
#include "daemon/conf_ini.h"

#include "base/buf.h"

#include <ini.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define KEY_MAX 48   /* longer than any key there is */
#define PIECE_MAX 64 /* with KEY_MAX it fits any buffer libinih may have */

struct reader {
    const struct zc_conf_ini *ini;
    struct zc_err *err;
    bool failed;
    const char *at, *end; /* what follows the current line */
    unsigned line;
    bool in_section;
    char key[KEY_MAX + 1];   /* of the line that is passed on in pieces */
    const char *rest, *stop; /* what is left of its value; NULL: nothing */
    struct zc_buf value;     /* what came back of it */
};

int zc_conf_bad(struct zc_err *err, const char *file, unsigned line,
                const char *fmt, ...)
{
    char text[ZC_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    return zc_err_set(err, ZC_EXIT_USAGE, 0, "%s:%u: %s", file, line, text);
}

#define refuse(r, ...) \
    zc_conf_bad((r)->err, (r)->ini->file, (r)->line, __VA_ARGS__)

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

static void trim(const char **from, const char **to)
{
    while (*from < *to && is_blank(**from))
        ++*from;
    while (*from < *to && is_blank((*to)[-1]))
        --*to;
}

static int check_bytes(struct reader *r, const char *from, const char *to)
{
    if (to - from > ZC_CONF_LINE_MAX)
        return refuse(r, "the line is longer than %d bytes", ZC_CONF_LINE_MAX);
    for (; from < to; from++) {
        unsigned char c = (unsigned char)*from;
        if (c == '\0')
            return refuse(r, "there is a NUL byte in the line");
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return refuse(r, "there is a control character (0x%02x) in the "
                             "line", c);
    }
    return 0;
}

/* "[KIND NAME]", without blanks around it. */
static int take_section(struct reader *r, const char *from, const char *to)
{
    const char *close = memchr(from, ']', (size_t)(to - from));
    if (!close)
        return refuse(r, "the section has no ']' at its end");
    if (close + 1 != to)
        return refuse(r, "'%.*s' follows the section's ']'",
                      (int)ZC_MIN(to - close - 1, 100), close + 1);
    const char *kind = from + 1;
    trim(&kind, &close);
    const char *name = kind;
    while (name < close && !is_blank(*name))
        name++;
    zc_auto_free char *k = strndup(kind, (size_t)(name - kind));
    trim(&name, &close);
    zc_auto_free char *n = strndup(name, (size_t)(close - name));
    if (!k || !n)
        return zc_err_nomem(r->err);
    r->in_section = true;
    return r->ini->section(r->ini->arg, k, n, r->line, r->err);
}

/* "KEY = VALUE", without blanks around it: leaves the value in r->rest. */
static int take_key(struct reader *r, const char *from, const char *to)
{
    static const char in_keys[] = "abcdefghijklmnopqrstuvwxyz"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                  "0123456789 -_";
    const char *equals = memchr(from, '=', (size_t)(to - from));
    if (!equals)
        return refuse(r, "'%.*s' is not KEY = VALUE",
                      (int)ZC_MIN(to - from, 100), from);
    const char *end = equals;
    trim(&from, &end);
    size_t n = (size_t)(end - from);
    if (n == 0)
        return refuse(r, "there is no key before the '='");
    memcpy(r->key, from, ZC_MIN(n, KEY_MAX));
    r->key[ZC_MIN(n, KEY_MAX)] = '\0';
    if (n > KEY_MAX || strspn(r->key, in_keys) != n)
        return refuse(r, "'%s%s' is not a key", r->key,
                      n > KEY_MAX ? "..." : "");
    if (!r->in_section)
        return refuse(r, "the key '%s' stands before the first [section]",
                      r->key);
    r->rest = equals + 1;
    r->stop = to;
    trim(&r->rest, &r->stop);
    return 0;
}

static int take_line(struct reader *r, const char *from, const char *to)
{
    if (to > from && to[-1] == '\r')
        to--;
    if (check_bytes(r, from, to))
        return -1;
    trim(&from, &to);
    if (from == to || *from == '#' || *from == ';')
        return 0;
    return *from == '[' ? take_section(r, from, to) : take_key(r, from, to);
}

/* Goes on to the next line that holds a key. False: there is none. */
static bool next_key(struct reader *r)
{
    while (!r->rest && r->at < r->end) {
        const char *from = r->at;
        const char *to = memchr(from, '\n', (size_t)(r->end - from));
        r->at = to ? to + 1 : r->end;
        r->line++;
        if (take_line(r, from, to ? to : r->end)) {
            r->failed = true;
            return false;
        }
    }
    return r->rest;
}

/* What libinih calls for a line: the next piece. */
static char *read_piece(char *out, int size, void *arg)
{
    struct reader *r = arg;
    if (r->failed || !next_key(r))
        return NULL;
    size_t n = (size_t)(r->stop - r->rest), piece = n ? 1 : 0;
    while (piece < ZC_MIN(n, PIECE_MAX) && r->rest[piece] != ';' &&
           r->rest[piece] != '#')
        piece++;
    int len = snprintf(out, (size_t)size, "%s = |%.*s|\n", r->key, (int)piece,
                       r->rest);
    if (len >= size) {
        r->failed = true;
        refuse(r, "this libinih takes lines of %d bytes only", size);
        return NULL;
    }
    r->rest = piece < n ? r->rest + piece : NULL;
    return out;
}

/* What libinih calls for a key: 1, or 0 when something is wrong. */
#if INI_HANDLER_LINENO
static int take_piece(void *arg, const char *section, const char *name,
                      const char *value, int line)
#else
static int take_piece(void *arg, const char *section, const char *name,
                      const char *value)
#endif
{
#if INI_HANDLER_LINENO
    (void)line;
#endif
    (void)section; /* there are none for libinih */
    struct reader *r = arg;
    size_t n = value ? strlen(value) : 0;
    if (r->failed)
        return 0;
    r->failed = true;
    if (!name || strcmp(name, r->key) != 0 || n < 2 || *value != '|' ||
        value[n - 1] != '|') {
        refuse(r, "libinih does not read this line as it stands there");
        return 0;
    }
    zc_buf_put(&r->value, value + 1, n - 2);
    if (!r->rest) {
        zc_buf_u8(&r->value, '\0');
        if (r->value.failed)
            return zc_err_nomem(r->err), 0;
        if (r->ini->key(r->ini->arg, r->key, (char *)r->value.data, r->line,
                        r->err))
            return 0;
        zc_buf_reset(&r->value);
    }
    r->failed = false;
    return 1;
}

int zc_conf_ini_read(const struct zc_conf_ini *ini, const char *bytes,
                     size_t n, struct zc_err *err)
{
    static const char bom[] = "\xef\xbb\xbf";
    struct zc_err ours = {0};
    struct reader r = {.ini = ini, .err = err ? err : &ours};
    if (n > ZC_CONF_FILE_MAX)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "%s: the file is larger than 1 MiB", ini->file);
    if (n >= 3 && memcmp(bytes, bom, 3) == 0) {
        bytes += 3;
        n -= 3;
    }
    r.at = bytes;
    r.end = n ? bytes + n : bytes;
    int rc = ini_parse_stream(read_piece, &r, take_piece, &r);
    if (rc == -2)
        zc_err_nomem(r.err);
    else if (rc && !r.failed)
        refuse(&r, "libinih does not read this line as it stands there");
    zc_buf_fini(&r.value);
    return rc || r.failed ? -1 : 0;
}
