/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The lines of an INI file, one call for each section and key, with nothing
 * misread in silence. Inside the configuration: only conf*.c include this.
 */
#ifndef ZC_DAEMON_CONF_INI_H
#define ZC_DAEMON_CONF_INI_H

#include "base/err.h"

#define ZC_CONF_FILE_MAX ZC_MIB  /* bytes in a file */
#define ZC_CONF_LINE_MAX 65536   /* bytes in a line */

struct zc_conf_ini {
    const char *file; /* for messages */
    /* "[KIND NAME]"; NAME is "" in "[KIND]". */
    int (*section)(void *arg, const char *kind, const char *name,
                   unsigned line, struct zc_err *err);
    /* "KEY = VALUE", both trimmed; VALUE is otherwise as it stands there. */
    int (*key)(void *arg, const char *key, const char *value, unsigned line,
               struct zc_err *err);
    void *arg;
};

/* Reads the N BYTES. The strings that the functions get are gone after the
 * call; what they return other than 0 ends the reading. -1 with a sentence. */
int zc_conf_ini_read(const struct zc_conf_ini *ini, const char *bytes,
                     size_t n, struct zc_err *err);

/* "FILE:LINE: sentence", ZC_EXIT_USAGE. Returns -1. */
int zc_conf_bad(struct zc_err *err, const char *file, unsigned line,
                const char *fmt, ...) ZC_PRINTF(4, 5);

#endif
