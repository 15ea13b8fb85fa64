// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Printing TAP.  The counters are the one mutable state; a forked child has
 * its own copy, so it must report through its exit code and not call ok().
 */
#include "tap.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int tests_run;
static int tests_failed;

/* '#' would start a directive and a newline would end the line. */
static void print_name(FILE *out, const char *fmt, va_list ap)
{
    char name[1024];

    vsnprintf(name, sizeof(name), fmt, ap);
    for (const char *p = name; *p != '\0'; p++) {
        if (*p == '#')
            fputc('\\', out);
        fputc(*p == '\n' ? ' ' : *p, out);
    }
}

static bool report(const char *file, int line, bool passed, const char *fmt,
                   va_list ap)
{
    printf("%sok %d - ", passed ? "" : "not ", ++tests_run);
    print_name(stdout, fmt, ap);
    putchar('\n');
    fflush(stdout);
    if (!passed) {
        tests_failed++;
        diag("failed at %s:%d", file, line);
    }
    return passed;
}

bool tap_ok_at(const char *file, int line, bool cond, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    report(file, line, cond, fmt, ap);
    va_end(ap);
    return cond;
}

bool tap_is_int_at(const char *file, int line, long long got, long long want,
                   const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    bool passed = report(file, line, got == want, fmt, ap);
    va_end(ap);
    if (!passed)
        diag(" got: %lld\nwant: %lld", got, want);
    return passed;
}

static bool same(const char *a, const char *b)
{
    if (a == NULL || b == NULL)
        return a == b;
    return strcmp(a, b) == 0;
}

static const char *quote(const char *s)
{
    return s == NULL ? "" : "\"";
}

bool tap_is_str_at(const char *file, int line, const char *got,
                   const char *want, const char *fmt, ...)
{
    va_list ap;

    va_start(ap, fmt);
    bool passed = report(file, line, same(got, want), fmt, ap);
    va_end(ap);
    if (!passed) {
        diag(" got: %s%s%s", quote(got), got ? got : "NULL", quote(got));
        diag("want: %s%s%s", quote(want), want ? want : "NULL", quote(want));
    }
    return passed;
}

void skip(int n, const char *fmt, ...)
{
    for (int i = 0; i < n; i++) {
        va_list ap;

        printf("ok %d # skip ", ++tests_run);
        va_start(ap, fmt);
        print_name(stdout, fmt, ap);
        va_end(ap);
        putchar('\n');
    }
    fflush(stdout);
}

_Noreturn void skip_all(const char *fmt, ...)
{
    va_list ap;

    fputs("1..0 # skip ", stdout);
    va_start(ap, fmt);
    print_name(stdout, fmt, ap);
    va_end(ap);
    putchar('\n');
    fflush(stdout);
    exit(0);
}

void diag(const char *fmt, ...)
{
    char text[4096];
    va_list ap;

    va_start(ap, fmt);
    vsnprintf(text, sizeof(text), fmt, ap);
    va_end(ap);
    fputs("# ", stderr);
    for (const char *p = text; *p != '\0'; p++) {
        fputc(*p, stderr);
        if (*p == '\n')
            fputs("# ", stderr);
    }
    fputc('\n', stderr);
}

int done_testing(void)
{
    printf("1..%d\n", tests_run);
    fflush(stdout);
    return tests_failed > 0;
}
