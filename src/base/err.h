/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Errors: one sentence, an errno, and the exit code the user will see.
 *
 * A function that can fail takes a `struct zc_err *` owned by its caller and
 * returns -1 or NULL after filling it in. The layer that decides what to do
 * with the failure reports it, once. Any thread may use its own zc_err; one
 * object is never shared without a lock.
 */
#ifndef ZC_BASE_ERR_H
#define ZC_BASE_ERR_H

#include "base/util.h"

/* Exit codes of zcsync, those of rsync(1) where rsync has one. */
enum zc_exit {
    ZC_EXIT_OK = 0,
    ZC_EXIT_USAGE = 1,       /* command line or configuration */
    ZC_EXIT_PROTOCOL = 2,    /* the peer speaks another protocol version */
    ZC_EXIT_SELECT = 3,      /* SRC or DEST cannot be used */
    ZC_EXIT_START = 5,       /* handshake refused: share, permission, key */
    ZC_EXIT_SOCKET = 10,     /* connection refused, reset, lost */
    ZC_EXIT_FILEIO = 11,     /* file I/O that stopped the whole run */
    ZC_EXIT_STREAM = 12,     /* bytes that make no sense, or end too early */
    ZC_EXIT_SIGNAL = 20,     /* SIGINT, SIGTERM, SIGHUP */
    ZC_EXIT_MEMORY = 22,
    ZC_EXIT_PARTIAL = 23,    /* some entries could not be done; the rest were */
    ZC_EXIT_VANISHED = 24,   /* some source files vanished or kept changing */
    ZC_EXIT_MAX_DELETE = 25, /* the mass-delete brake held */
    ZC_EXIT_TIMEOUT = 30,
    ZC_EXIT_CONTIMEOUT = 35,
};

#define ZC_ERR_TEXT_MAX 1024

struct zc_err {
    enum zc_exit code;
    int eno; /* errno behind it, 0 when there is none */
    char text[ZC_ERR_TEXT_MAX]; /* one sentence, no full stop, no newline */
};

/* What ENO means, as strerror(3) says it: in ROOM, of N bytes, or constant. */
const char *zc_err_reason(int eno, char *room, size_t n);
/*
 * Fills in E (NULL is allowed and ignored): exit code CODE, errno value ENO,
 * and the formatted sentence, followed by ": strerror(ENO)" when ENO is not 0.
 * Text that does not fit is cut. Always returns -1, so that a caller can write
 * `return zc_err_set(...)`. Does not change errno.
 */
int zc_err_set(struct zc_err *e, enum zc_exit code, int eno, const char *fmt,
               ...) ZC_PRINTF(4, 5);

/* Puts "PREFIX: " before the sentence in E. Returns -1. */
int zc_err_prefix(struct zc_err *e, const char *fmt, ...) ZC_PRINTF(2, 3);

/* ZC_EXIT_MEMORY with a sentence. Returns -1. */
int zc_err_nomem(struct zc_err *e);
/* For what fails for want of memory and for other reasons, too; errno says
 * which, and "could not WHAT" is the sentence then (ZC_EXIT_FILEIO). -1. */
int zc_err_errno(struct zc_err *e, const char *what);

#endif
