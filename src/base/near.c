// SPDX-License-Identifier: GPL-2.0-or-later
/* How far words are from each other; see near.h. */
#include "base/near.h"

#include "base/util.h"

#include <string.h>

#define NEAR_MAX 48 /* names longer than that are near nothing */

/* How many bytes have to be put in, taken out, replaced or swapped with the next
 * to get from A to B. */
static size_t distance(const char *a, const char *b)
{
    size_t rows[3][NEAR_MAX + 1], n = strlen(b);
    if (strlen(a) > NEAR_MAX || n > NEAR_MAX)
        return SIZE_MAX;
    for (size_t j = 0; j <= n; j++)
        rows[0][j] = j;
    for (size_t i = 1; a[i - 1]; i++) {
        size_t *now = rows[i % 3];
        const size_t *up = rows[(i - 1) % 3], *up2 = rows[(i + 1) % 3];
        now[0] = i;
        for (size_t j = 1; j <= n; j++) {
            now[j] = ZC_MIN(up[j - 1] + (a[i - 1] != b[j - 1]),
                            ZC_MIN(up[j], now[j - 1]) + 1);
            if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1])
                now[j] = ZC_MIN(now[j], up2[j - 2] + 1);
        }
    }
    return rows[strlen(a) % 3][n];
}

void zc_near_consider(struct zc_near *n, const char *candidate)
{
    size_t d = distance(n->name, candidate);
    if ((n->is && d >= n->slips) || d > 2 || 3 * d > strlen(candidate))
        return;
    n->slips = d;
    n->is = candidate;
}
