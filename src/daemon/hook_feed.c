// SPDX-License-Identifier: GPL-2.0-or-later
/* Strings that end in NUL, and what they mean; see hook_feed.h. */
#include "daemon/hook_feed.h"

#include "base/relpath.h"

#include <stdio.h>
#include <string.h>

void zc_hook_feed_next(struct zc_hook_feed *f)
{
    zc_buf_fini(&f->round);
    f->all = false;
}

void zc_hook_feed_fini(struct zc_hook_feed *f)
{
    zc_buf_fini(&f->part);
    zc_buf_fini(&f->round);
}

/* S, of N bytes, has come. True: a round is over. */
static bool take_string(struct zc_hook_feed *f, const char *s, size_t n)
{
    if (!f->named) {
        snprintf(f->name, sizeof f->name, "%s", s);
        f->named = true;
    } else if (strcmp(s, ".") == 0) {
        f->ended = true;
    } else if (!n) {
        return true;
    } else if (strcmp(s, "/") == 0 || f->round.len + n > ZC_HOOK_PENDING_MAX) {
        f->all = true;
    } else if (zc_relpath_ok(s, n)) {
        zc_buf_put(&f->round, s, n + 1);
        f->all |= f->round.failed;
    }
    return false;
}

void zc_hook_feed_take(struct zc_hook_feed *f, const char *p, size_t n,
                       void (*over)(void *arg, struct zc_hook_feed *f),
                       void *arg)
{
    while (n && !f->bad) {
        const char *end = memchr(p, 0, n);
        size_t len = end ? (size_t)(end - p) + 1 : n;
        zc_buf_put(&f->part, p, len);
        f->bad = f->part.failed || f->part.len > ZC_HOOK_PATH_MAX + 1;
        if (end && !f->bad) {
            if (take_string(f, (char *)f->part.data, f->part.len - 1))
                over(arg, f);
            zc_buf_reset(&f->part);
        }
        p += len;
        n -= len;
    }
}
