// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers, times and names for output; see text.h. */
#include "base/text.h"

#include "base/utf8.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *commas(char *out, uint64_t n)
{
    char digits[24];
    int len = snprintf(digits, sizeof digits, "%" PRIu64, n);
    char *to = out;
    for (int i = 0; i < len; i++) {
        if (i && (len - i) % 3 == 0)
            *to++ = ',';
        *to++ = digits[i];
    }
    *to = '\0';
    return out;
}

/* "1.23M", or NULL when N is too small for a unit letter. */
static const char *unit(char *out, double n, double step)
{
    static const char letters[] = "KMGTPE";
    int at = -1;
    /* 0.005 below: what would be rounded up to a full step goes on. */
    while (n >= step - 0.005 && at + 1 < (int)sizeof letters - 1) {
        n /= step;
        at++;
    }
    if (at < 0)
        return NULL;
    snprintf(out, ZC_TEXT_MAX, "%.2f%c", n, letters[at]);
    return out;
}

const char *zc_text_count(char out[ZC_TEXT_MAX], uint64_t n,
                          enum zc_text_style style)
{
    if (style == ZC_TEXT_KILO || style == ZC_TEXT_KIBI) {
        double step = style == ZC_TEXT_KILO ? 1000 : 1024;
        if (unit(out, (double)n, step))
            return out;
    }
    if (style == ZC_TEXT_COMMAS)
        return commas(out, n);
    snprintf(out, ZC_TEXT_MAX, "%" PRIu64, n);
    return out;
}

const char *zc_text_rate(char out[ZC_TEXT_MAX], double n,
                         enum zc_text_style style)
{
    if (style == ZC_TEXT_KILO || style == ZC_TEXT_KIBI)
        return zc_text_count(out, (uint64_t)n, style);
    uint64_t cents = (uint64_t)(n * 100 + 0.5);
    zc_text_count(out, cents / 100, style);
    size_t len = strlen(out);
    snprintf(out + len, ZC_TEXT_MAX - len, ".%02u", (unsigned)(cents % 100));
    return out;
}

const char *zc_text_size(char out[ZC_TEXT_MAX], double bytes)
{
    static const char *const names[] = {"B",   "KiB", "MiB", "GiB",
                                        "TiB", "PiB", "EiB"};
    size_t at = 0;
    while (bytes >= 999.5 && at + 1 < ZC_ARRAY_LEN(names)) {
        bytes /= 1024;
        at++;
    }
    int decimals = at == 0 || bytes >= 99.95 ? 0 : bytes >= 9.995 ? 1 : 2;
    snprintf(out, ZC_TEXT_MAX, "%.*f %s", decimals, bytes, names[at]);
    return out;
}

const char *zc_text_duration(char out[ZC_TEXT_MAX], double seconds)
{
    uint64_t s = (uint64_t)(seconds + 0.5);
    uint64_t days = s / 86400, hours = s / 3600 % 24, minutes = s / 60 % 60;
    if (days)
        snprintf(out, ZC_TEXT_MAX, "%" PRIu64 "d %02u:%02u", days,
                 (unsigned)hours, (unsigned)minutes);
    else if (hours)
        snprintf(out, ZC_TEXT_MAX, "%u:%02u:%02u", (unsigned)hours,
                 (unsigned)minutes, (unsigned)(s % 60));
    else
        snprintf(out, ZC_TEXT_MAX, "%u:%02u", (unsigned)minutes,
                 (unsigned)(s % 60));
    return out;
}

const char *zc_text_utc(char out[ZC_TEXT_MAX], int64_t s, uint32_t ns)
{
    struct tm tm;
    time_t t = (time_t)s;
    char date[32];
    /* Only years of more digits than an int holds end here. */
    if (!gmtime_r(&t, &tm) ||
        !strftime(date, sizeof date, "%Y-%m-%dT%H:%M:%S", &tm))
        snprintf(date, sizeof date, "%" PRId64, s);
    snprintf(out, ZC_TEXT_MAX, "%s.%09" PRIu32 "Z", date, ns);
    return out;
}

void zc_text_time(struct zc_buf *out, int64_t s, const char *format)
{
    struct tm tm;
    time_t t = (time_t)s;
    char text[64];
    if (localtime_r(&t, &tm) && strftime(text, sizeof text, format, &tm))
        zc_buf_put_str(out, text);
    else
        zc_buf_printf(out, "%" PRId64, s);
}

const char *zc_text_perms(char out[ZC_TEXT_MAX], uint32_t mode)
{
    static const char letters[] = "rwxrwxrwx";
    for (int i = 0; i < 9; i++)
        out[i] = mode & (0400u >> i) ? letters[i] : '-';
    if (mode & S_ISUID)
        out[2] = mode & S_IXUSR ? 's' : 'S';
    if (mode & S_ISGID)
        out[5] = mode & S_IXGRP ? 's' : 'S';
    if (mode & S_ISVTX)
        out[8] = mode & S_IXOTH ? 't' : 'T';
    out[9] = '\0';
    return out;
}

static bool looks_escaped(const unsigned char *p)
{
    if (p[0] != '\\' || p[1] != '#')
        return false;
    for (int i = 2; i < 5; i++)
        if (p[i] < '0' || p[i] > '7')
            return false;
    return true;
}

/* C0 and C1 controls and DEL: bytes that may move a cursor. */
static bool is_control(uint32_t cp)
{
    return cp < 0x20 || (cp >= 0x7f && cp < 0xa0);
}

void zc_text_name(struct zc_buf *out, const char *name)
{
    for (const unsigned char *p = (const unsigned char *)name; *p;) {
        uint32_t cp = 0;
        size_t n = zc_utf8_sequence(p, &cp);
        if (n && !is_control(cp) && !looks_escaped(p)) {
            zc_buf_put(out, p, n);
            p += n;
            continue;
        }
        for (n = ZC_MAX(n, (size_t)1); n; n--)
            zc_buf_printf(out, "\\#%03o", *p++);
    }
}

bool zc_text_json(struct zc_buf *out, const char *text)
{
    bool whole = true;
    zc_buf_put_str(out, "\"");
    for (const unsigned char *p = (const unsigned char *)text; *p;) {
        uint32_t cp = 0;
        size_t n = zc_utf8_sequence(p, &cp);
        if (n == 0) {
            zc_buf_put_str(out, "\xef\xbf\xbd");
            whole = false;
            n = 1;
        } else if (cp == '"' || cp == '\\') {
            zc_buf_printf(out, "\\%c", (int)cp);
        } else if (is_control(cp)) {
            zc_buf_printf(out, "\\u%04x", (unsigned)cp);
        } else {
            zc_buf_put(out, p, n);
        }
        p += n;
    }
    zc_buf_put_str(out, "\"");
    return whole;
}

void zc_text_base64(struct zc_buf *out, const void *bytes, size_t n)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
                                 "abcdefghijklmnopqrstuvwxyz0123456789+/";
    const uint8_t *p = bytes;
    for (; n > 0; p += 3, n -= ZC_MIN(n, (size_t)3)) {
        uint32_t group = (uint32_t)p[0] << 16;
        group |= n > 1 ? (uint32_t)p[1] << 8 : 0;
        group |= n > 2 ? p[2] : 0;
        char four[4];
        for (int i = 0; i < 4; i++)
            four[i] = digits[group >> (18 - 6 * i) & 63];
        if (n < 3)
            four[3] = '=';
        if (n < 2)
            four[2] = '=';
        zc_buf_put(out, four, sizeof four);
    }
}

void zc_text_json_field(struct zc_buf *out, const char *key, const char *text)
{
    zc_buf_printf(out, ",\"%s\":", key);
    if (zc_text_json(out, text))
        return;
    zc_buf_printf(out, ",\"%s_base64\":\"", key);
    zc_text_base64(out, text, strlen(text));
    zc_buf_put_str(out, "\"");
}

const char *zc_text_kind(uint32_t mode)
{
    switch (mode & S_IFMT) {
    case S_IFDIR:
        return "directory";
    case S_IFLNK:
        return "symlink";
    case S_IFBLK:
        return "block-device";
    case S_IFCHR:
        return "char-device";
    case S_IFIFO:
        return "fifo";
    case S_IFSOCK:
        return "socket";
    default:
        return "file";
    }
}
