// SPDX-License-Identifier: GPL-2.0-or-later
/* What the sender is asked about; see guesses.h. */
#include "receiver/guesses.h"

/* So many, 14 MB: more than a sender has under way. */
#define TOTAL_MAX ((size_t)1 << 18)

bool zc_guesses_add(zc_guesses *v, size_t *total, const struct zc_guess *g)
{
    if (*total >= TOTAL_MAX || zc_vec_push(v, *g))
        return false;
    ++*total;
    return true;
}

static int by_index(const void *key, const void *guess)
{
    uint32_t a = *(const uint32_t *)key,
             b = ((const struct zc_guess *)guess)->index;
    return a < b ? -1 : a > b;
}

const struct zc_guess *zc_guesses_find(const zc_guesses *v, uint32_t index)
{
    return v->len ? bsearch(&index, v->v, v->len, sizeof *v->v, by_index)
                  : NULL;
}

void zc_guesses_fini(zc_guesses *v, size_t *total)
{
    *total -= v->len;
    zc_vec_fini(v);
}
