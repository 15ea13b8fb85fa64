// SPDX-License-Identifier: GPL-2.0-or-later
/* Host patterns; see pattern.h. */
#include "ssh/pattern.h"

static unsigned char folded(char c, bool fold)
{
    return (unsigned char)(fold && c >= 'A' && c <= 'Z' ? c | 0x20 : c);
}

/* The last star may take more whenever what follows it fails; those before it
 * never have to, as it can take what they would. */
bool zc_ssh_glob(const char *pattern, size_t n, const char *text, bool fold)
{
    const char *p = pattern, *end = pattern + n;
    const char *star = NULL, *taken = NULL;
    while (*text) {
        if (p < end && *p == '*') {
            star = ++p;
            taken = text;
        } else if (p < end && (*p == '?' ||
                               folded(*p, fold) == folded(*text, fold))) {
            p++;
            text++;
        } else if (star) {
            p = star;
            text = ++taken;
        } else {
            return false;
        }
    }
    while (p < end && *p == '*')
        p++;
    return p == end;
}

bool zc_ssh_pattern_list(const char *list, size_t n, const char *text,
                         bool fold)
{
    const char *p = list, *end = list + n;
    bool found = false;
    while (p < end) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *to = comma ? comma : end;
        bool not = *p == '!';
        p += not;
        if (p < to && zc_ssh_glob(p, (size_t)(to - p), text, fold)) {
            if (not)
                return false;
            found = true;
        }
        p = to + 1;
    }
    return found;
}
