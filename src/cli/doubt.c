// SPDX-License-Identifier: GPL-2.0-or-later
/* The question; see doubt.h. */
#include "cli/doubt.h"

#include <stdio.h>
#include <string.h>

bool zc_doubt_possible(const struct zc_push_args *args)
{
    bool forced = args->opt.force_delete && !args->diff;
    return args->opt.del && !forced && !args->files_from &&
           args->operands.len == 2 &&
           !zc_require_any(&args->require_dest); /* who says that knows it */
}

int zc_doubt_make(struct zc_doubt *d, const char *src, const char *name,
                  const char *dest, const char *dest_name, struct zc_err *err)
{
    int n = (int)strlen(dest);
    while (n > 1 && dest[n - 1] == '/')
        n--;
    d->name = strdup(name);
    if (!dest_name || !d->name ||
        asprintf(&d->question,
                 "%.*s/%s or %.*s? write %s/ for %.*s itself, %.*s/%s for the "
                 "other (--delete deletes what only %.*s has)",
                 n, dest, name, n, dest, src, n, dest, n, dest, name, n,
                 dest) < 0) {
        d->question = NULL;
        return zc_err_nomem(err);
    }
    d->nested = strcmp(dest_name, name) == 0;
    return 0;
}

void zc_doubt_fini(struct zc_doubt *d)
{
    free(d->name);
    free(d->question);
    *d = (struct zc_doubt){0};
}

void zc_doubt_ask(const struct zc_doubt *d, struct zc_options *session)
{
    session->ask = d->name;
    session->ask_nested = d->nested;
    session->question = d->question;
}
