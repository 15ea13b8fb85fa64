/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * zcsync.conf(5): INI, read with libinih. One table (conf_table.c) names every
 * section and key, with its type, its default and a line of help; parser,
 * `zcsync check-config` and a test that compares the table with the man page
 * are driven by it. Unknown sections and keys, bad values and things named that
 * do not exist are errors that name file and line. Memory only but for reading
 * the file, and for where local destinations lead; any thread.
 */
#ifndef ZC_DAEMON_CONF_H
#define ZC_DAEMON_CONF_H

#include "base/err.h"
#include "daemon/conf_types.h"

/* True when all that connects has to be encrypted: there is an identity, and
 * every share has keys. */
bool zc_conf_sealed_only(const struct zc_conf *c);
/* Whether others may connect to ADDRESS, which more than this machine can
 * reach: zc_conf_sealed_only, or `security = plain`. -1 with a sentence. */
int zc_conf_check_reach(const struct zc_conf *c, const char *address,
                        struct zc_err *err);

/* NULL with a sentence "FILE:LINE: ..." (ZC_EXIT_USAGE). */
struct zc_conf *zc_conf_load(const char *file, struct zc_err *err);
/* The same from N bytes of memory, called FILE in messages. */
struct zc_conf *zc_conf_parse(const char *file, const char *bytes, size_t n,
                              struct zc_err *err);
void zc_conf_free(struct zc_conf *c);

#endif
