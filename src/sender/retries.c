// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to be sent again, in no order: there are few; see retries.h. */
#include "sender/retries.h"

void zc_retries_fini(struct zc_retries *r)
{
    zc_vec_fini(&r->v);
}

int zc_retries_add(struct zc_retries *r, const struct zc_retry *retry)
{
    return zc_vec_push(&r->v, *retry);
}

bool zc_retries_take(struct zc_retries *r, int64_t now, struct zc_retry *out,
                     int64_t *wait)
{
    for (size_t i = 0; i < r->v.len; i++) {
        struct zc_retry *retry = &r->v.v[i];
        if (retry->due <= now) {
            *out = *retry;
            *retry = r->v.v[--r->v.len];
            return true;
        }
        *wait = ZC_MIN(*wait, retry->due - now);
    }
    return false;
}
