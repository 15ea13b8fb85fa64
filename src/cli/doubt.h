/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * DEST, or DEST/NAME? `rsync -a --delete www bk` is about bk/www. Who writes that
 * for zcsync is asked (session/glance.h) where bk is something else than a copy
 * of www; here is what is asked.
 */
#ifndef ZC_CLI_DOUBT_H
#define ZC_CLI_DOUBT_H

#include "cli/push_args.h"

struct zc_doubt {
    char *name, *question; /* options.ask; NULL: there is no doubt */
    bool nested;           /* options.ask_nested */
};

/* False: nothing would be lost, or what was said leaves no doubt. */
bool zc_doubt_possible(const struct zc_push_args *args);

/* SRC, as it is written without a slash at its end, has the last name NAME; DEST,
 * as written, leads to something called DEST_NAME (NULL: memory ran out). -1 with
 * a sentence. */
int zc_doubt_make(struct zc_doubt *d, const char *src, const char *name,
                  const char *dest, const char *dest_name, struct zc_err *err);
void zc_doubt_fini(struct zc_doubt *d);

/* Has SESSION ask, if there is a doubt. D must outlive it. */
void zc_doubt_ask(const struct zc_doubt *d, struct zc_options *session);

#endif
