/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Numbers, times and file names as people and JSON readers get them. Pure
 * functions of their arguments (and, where they say so, the time zone); any
 * thread.
 */
#ifndef ZC_BASE_TEXT_H
#define ZC_BASE_TEXT_H

#include "base/buf.h"

#define ZC_TEXT_MAX 48 /* bytes that the functions with OUT fill at most */

/* How counts are written; -h raises it, as in rsync. */
enum zc_text_style {
    ZC_TEXT_PLAIN,  /* 1234567 */
    ZC_TEXT_COMMAS, /* 1,234,567 */
    ZC_TEXT_KILO,   /* 1.23M, in steps of 1000 */
    ZC_TEXT_KIBI,   /* 1.18M, in steps of 1024 */
};

/* These return OUT, so that they can stand among printf's arguments. */
const char *zc_text_count(char out[ZC_TEXT_MAX], uint64_t n,
                          enum zc_text_style style);
/* With two decimals where the style has no unit letters. */
const char *zc_text_rate(char out[ZC_TEXT_MAX], double n,
                         enum zc_text_style style);
/* "1.21 GiB", "512 B": at most 9 characters below 1 EiB. */
const char *zc_text_size(char out[ZC_TEXT_MAX], double bytes);
/* "0:05", "1:02:03", "3d 04:05". */
const char *zc_text_duration(char out[ZC_TEXT_MAX], double seconds);
/* "2024-01-31T23:59:59.000000001Z": UTC, with all nanoseconds. */
const char *zc_text_utc(char out[ZC_TEXT_MAX], int64_t s, uint32_t ns);
/* Appends the time S in our time zone, as strftime(3) has FORMAT. */
void zc_text_time(struct zc_buf *out, int64_t s, const char *format);
/* "rwxr-sr-t": the permission bits of MODE as ls(1) shows them. */
const char *zc_text_perms(char out[ZC_TEXT_MAX], uint32_t mode);

/*
 * Appends NAME so that it cannot harm a terminal or a line of output: UTF-8
 * goes through, control characters and bytes that are not UTF-8 come out as
 * rsync has them, \#ooo, and so does a backslash that would look like that.
 */
void zc_text_name(struct zc_buf *out, const char *name);

/*
 * Appends TEXT as a JSON string (RFC 8259), quotes included. Bytes that are
 * not UTF-8 become U+FFFD; returns false when there were any.
 */
bool zc_text_json(struct zc_buf *out, const char *text);

/* Appends ,"KEY":TEXT, and ,"KEY_base64":... where TEXT is not UTF-8. */
void zc_text_json_field(struct zc_buf *out, const char *key, const char *text);

/* "file", "directory", "symlink", "block-device"...: what has MODE. */
const char *zc_text_kind(uint32_t mode);

/* Appends the N bytes in base64 (RFC 4648, section 4). */
void zc_text_base64(struct zc_buf *out, const void *bytes, size_t n);

#endif
