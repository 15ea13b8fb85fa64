// SPDX-License-Identifier: GPL-2.0-or-later
/* Filling in a zc_err; see err.h. */
#include "base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *zc_err_reason(int eno, char *room, size_t n)
{
#ifdef __GLIBC__
    return strerror_r(eno, room, n);
#else
    return strerror_r(eno, room, n) ? "unknown error" : room;
#endif
}

static int err_fill(struct zc_err *e, enum zc_exit code, int eno,
                    const char *fmt, va_list ap)
{
    if (!e)
        return -1;
    e->code = code;
    e->eno = eno;
    char why[160] = "";
    if (eno) {
        char text[128];
        snprintf(why, sizeof why, ": %s", zc_err_reason(eno, text, sizeof text));
    }
    /* A long path is cut before the reason, which is short and says more. */
    int n = vsnprintf(e->text, sizeof e->text - strlen(why), fmt, ap);
    size_t at = n < 0 ? 0 : ZC_MIN((size_t)n, sizeof e->text - strlen(why) - 1);
    strcpy(e->text + at, why);
    return -1;
}

int zc_err_set(struct zc_err *e, enum zc_exit code, int eno, const char *fmt,
               ...)
{
    int keep = errno;
    va_list ap;
    va_start(ap, fmt);
    err_fill(e, code, eno, fmt, ap);
    va_end(ap);
    errno = keep;
    return -1;
}

int zc_err_prefix(struct zc_err *e, const char *fmt, ...)
{
    if (!e)
        return -1;
    char new[2 * ZC_ERR_TEXT_MAX];
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(new, ZC_ERR_TEXT_MAX, fmt, ap);
    va_end(ap);
    size_t at = ZC_MIN((size_t)ZC_MAX(n, 0), (size_t)ZC_ERR_TEXT_MAX - 3);
    memcpy(new + at, ": ", 2);
    memcpy(new + at + 2, e->text, sizeof e->text);
    memcpy(e->text, new, sizeof e->text - 1);
    e->text[sizeof e->text - 1] = '\0';
    return -1;
}

int zc_err_nomem(struct zc_err *e)
{
    return zc_err_set(e, ZC_EXIT_MEMORY, 0, "out of memory");
}

int zc_err_errno(struct zc_err *e, const char *what)
{
    return errno == ENOMEM
               ? zc_err_nomem(e)
               : zc_err_set(e, ZC_EXIT_FILEIO, errno, "could not %s", what);
}
