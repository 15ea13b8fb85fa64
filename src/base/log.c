// SPDX-License-Identifier: GPL-2.0-or-later
/* One line, one write; see log.h. */
#include "base/log.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum zc_log_level zc_log_level = ZC_LOG_WARN;

static struct {
    pthread_mutex_t lock; /* innermost: nothing is locked under it */
    const char *prefix;
    bool syslog_levels;
    void (*before)(void *);
    void (*after)(void *);
    void *arg;
} sink = {.lock = PTHREAD_MUTEX_INITIALIZER, .prefix = "zcsync"};

void zc_log_init(const char *prefix, bool syslog_levels)
{
    sink.prefix = prefix;
    sink.syslog_levels = syslog_levels;
}

void zc_log_set_hooks(void (*before)(void *), void (*after)(void *), void *arg)
{
    pthread_mutex_lock(&sink.lock);
    sink.before = before;
    sink.after = after;
    sink.arg = arg;
    pthread_mutex_unlock(&sink.lock);
}

void zc_log_forked(void)
{
    pthread_mutex_init(&sink.lock, NULL);
    sink.before = sink.after = NULL;
}

/* Copies TEXT to OUT (SIZE bytes) with control bytes as \ooo. */
static size_t escape(char *out, size_t size, const char *text)
{
    size_t n = 0;
    for (const unsigned char *p = (const unsigned char *)text; *p; p++) {
        if (n + 5 > size)
            break;
        if (*p < 0x20 || *p == 0x7f)
            n += (size_t)snprintf(out + n, size - n, "\\%03o", *p);
        else
            out[n++] = (char)*p;
    }
    return n;
}

void zc_log(enum zc_log_level level, const char *fmt, ...)
{
    static const char syslog_digit[] = {'3', '4', '6', '7'};
    if (level > zc_log_level)
        return;
    int keep = errno;

    char text[2048], line[4096];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);

    size_t n = 0;
    if (sink.syslog_levels)
        n = (size_t)snprintf(line, sizeof line, "<%c>", syslog_digit[level]);
    else
        n = (size_t)snprintf(line, sizeof line, "%s: ", sink.prefix);
    n += escape(line + n, sizeof line - n - 1, text);
    line[n++] = '\n';

    pthread_mutex_lock(&sink.lock);
    if (sink.before)
        sink.before(sink.arg);
    ssize_t r;
    do
        r = write(STDERR_FILENO, line, n);
    while (r < 0 && errno == EINTR);
    if (sink.after)
        sink.after(sink.arg);
    pthread_mutex_unlock(&sink.lock);
    errno = keep;
}
