/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What fuzz_output holds our output to: JSON as RFC 8259 has it, in lines; the text
 * format of Prometheus; and text that can do a terminal no harm.
 */
#ifndef ZC_FUZZ_FORMATS_H
#define ZC_FUZZ_FORMATS_H

#include "base/buf.h"
#include "base/utf8.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

static inline void must(bool truth)
{
    if (!truth)
        abort();
}

/* --- JSON: each takes what it names off the front, and returns what follows --- */

static inline const char *json_value(const char *p);

static inline const char *json_string(const char *p)
{
    uint32_t cp;
    must(*p++ == '"');
    while (*p != '"') {
        must((unsigned char)*p >= 0x20); /* nor a NUL */
        if (*p == '\\' && p[1] == 'u') {
            for (int i = 2; i < 6; i++)
                must(isxdigit((unsigned char)p[i]));
            p += 6;
        } else if (*p == '\\') {
            must(p[1] && strchr("\"\\/bfnrt", p[1]));
            p += 2;
        } else {
            size_t n = zc_utf8_sequence((const unsigned char *)p, &cp);
            must(n > 0);
            p += n;
        }
    }
    return p + 1;
}

static inline const char *json_number(const char *p)
{
    p += *p == '-';
    must(isdigit((unsigned char)*p));
    p += *p == '0' ? 1 : strspn(p, "0123456789");
    if (*p == '.') {
        must(isdigit((unsigned char)p[1]));
        p += 1 + strspn(p + 1, "0123456789");
    }
    return p;
}

/* What stands between BEGIN and END; with KEYS, an object. */
static inline const char *json_members(const char *p, char end, bool keys)
{
    p++;
    if (*p == end)
        return p + 1;
    for (;; p++) {
        if (keys) {
            p = json_string(p);
            must(*p++ == ':');
        }
        p = json_value(p);
        if (*p == end)
            return p + 1;
        must(*p == ',');
    }
}

static inline const char *json_value(const char *p)
{
    static const char *const words[] = {"true", "false", "null"};
    for (size_t i = 0; i < ZC_ARRAY_LEN(words); i++)
        if (strncmp(p, words[i], strlen(words[i])) == 0)
            return p + strlen(words[i]);
    return *p == '{'   ? json_members(p, '}', true)
           : *p == '[' ? json_members(p, ']', false)
           : *p == '"' ? json_string(p)
                       : json_number(p);
}

/* One object a line. */
static inline void json_lines(const char *p)
{
    while (*p) {
        must(*p == '{');
        p = json_value(p);
        must(*p++ == '\n');
    }
}

/* --- metrics --- */

static inline const char *metrics_name(const char *p)
{
    must(isalpha((unsigned char)*p));
    while (isalnum((unsigned char)*p) || *p == '_')
        p++;
    return p;
}

static inline const char *metrics_labels(const char *p)
{
    uint32_t cp;
    do {
        p = metrics_name(p + 1);
        must(p[0] == '=' && p[1] == '"');
        for (p += 2; *p != '"';) {
            must(*p && *p != '\n');
            if (*p == '\\') {
                must(p[1] && strchr("\\\"n", p[1]));
                p += 2;
            } else {
                size_t n = zc_utf8_sequence((const unsigned char *)p, &cp);
                must(n > 0);
                p += n;
            }
        }
        p++;
    } while (*p == ',');
    must(*p == '}');
    return p + 1;
}

/* Comments, and samples: NAME{LABEL="VALUE",...} NUMBER. */
static inline void metrics_lines(const char *p)
{
    while (*p) {
        if (*p == '#') {
            must(!strncmp(p, "# HELP zcsync_", 14) ||
                 !strncmp(p, "# TYPE zcsync_", 14));
            p += strcspn(p, "\n");
        } else {
            p = metrics_name(p);
            if (*p == '{')
                p = metrics_labels(p);
            must(*p++ == ' ');
            p = json_number(p);
        }
        must(*p++ == '\n');
    }
}

/* --- text --- */

/* The N bytes at P have no control character but newlines, and, where it is COLOURED,
 * escapes of colours; all of it is UTF-8. */
static inline void harmless(const char *p, size_t n, bool coloured)
{
    uint32_t cp;
    must(memchr(p, '\0', n) == NULL);
    for (const char *end = p + n; p < end;) {
        if (coloured && p[0] == '\033' && p[1] == '[') {
            p += 2 + strspn(p + 2, "0123456789;");
            must(*p == 'm');
        }
        must(*p == '\n' || ((unsigned char)*p >= 0x20 && *p != 0x7f));
        size_t len = zc_utf8_sequence((const unsigned char *)p, &cp);
        must(len > 0);
        p += len;
    }
}

#endif
