/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A small Test Anything Protocol for the unit tests: every test program
 * prints "ok"/"not ok" lines to stdout for prove(1) to read.
 *
 *     int main(void)
 *     {
 *         ok(two_is_even(), "two is even");
 *         is_int(add(1, 2), 3, "1 + 2");
 *         if (geteuid() != 0)
 *             skip(1, "needs root");
 *         else
 *             ok(chown_works(), "chown");
 *         return done_testing();
 *     }
 *
 * A name is a printf format, and says what is right when the test passes.
 * Every function prints at once and flushes, so that nothing is lost in a
 * crash and nothing is printed twice after a fork.  Not for several threads.
 */
#ifndef ZC_TESTS_TAP_H
#define ZC_TESTS_TAP_H

#include <stdbool.h>

/* One test; a failure also prints where it is.  Returns whether it passed. */
#define ok(cond, ...) tap_ok_at(__FILE__, __LINE__, !!(cond), __VA_ARGS__)
#define tap_ok(cond, ...) ok(cond, __VA_ARGS__)

/* Equal whole numbers; a failure prints both. */
#define is_int(got, want, ...) \
    tap_is_int_at(__FILE__, __LINE__, (long long)(got), (long long)(want), \
                  __VA_ARGS__)

/* Equal strings; NULL is equal to NULL only.  A failure prints both. */
#define is_str(got, want, ...) \
    tap_is_str_at(__FILE__, __LINE__, (got), (want), __VA_ARGS__)

/* Count N tests as skipped, for a reason that the user can act on. */
void skip(int n, const char *fmt, ...)
    __attribute__((format(printf, 2, 3)));

/* Skip the whole program, before any test was run; does not return. */
_Noreturn void skip_all(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* A remark to stderr, which prove shows; newlines are allowed inside. */
void diag(const char *fmt, ...)
    __attribute__((format(printf, 1, 2)));

/* Prints the plan; the value is what main() returns: 0, or 1 if one failed. */
int done_testing(void);

bool tap_ok_at(const char *file, int line, bool cond, const char *fmt, ...)
    __attribute__((format(printf, 4, 5)));
bool tap_is_int_at(const char *file, int line, long long got, long long want,
                   const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));
bool tap_is_str_at(const char *file, int line, const char *got,
                   const char *want, const char *fmt, ...)
    __attribute__((format(printf, 5, 6)));

#endif
