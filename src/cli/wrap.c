// SPDX-License-Identifier: GPL-2.0-or-later
/* Long lines for a terminal; see wrap.h. */
#include "cli/wrap.h"

#include <string.h>

#define MORE_INDENT 2

/* What is behind P: the next byte, or what follows a whole escape sequence. */
static const char *next(const char *p, const char *end)
{
    if (*p != '\033')
        return p + 1;
    while (p < end && *p != 'm')
        p++;
    return p < end ? p + 1 : end;
}

/* Whether P begins a character that is seen. */
static bool is_seen(const char *p)
{
    return *p != '\033' && ((unsigned char)*p & 0xc0) != 0x80;
}

/* Where the line at P has to end to have ROOM columns at most; END: all of it fits,
 * or it is one word. */
static const char *break_at(const char *p, const char *end, size_t room)
{
    const char *blank = NULL, *part = NULL;
    size_t columns = 0;
    for (const char *q = p; q < end; q = next(q, end)) {
        if (*q == ' ' && q > p && columns <= room) {
            blank = q;
            if (q[-1] == ';' && columns > room / 2)
                part = q;
        } else if (*q == ' ' && !blank) {
            blank = q;
        }
        columns += is_seen(q);
    }
    if (columns <= room || !blank)
        return end;
    return part ? part : blank;
}

static void wrap_line(struct zc_buf *out, const char *p, const char *end,
                      size_t columns)
{
    size_t indent = 0;
    while (p + indent < end && p[indent] == ' ')
        indent++;
    zc_buf_put(out, p, indent);
    p += indent;
    for (size_t used = indent;; used = indent + MORE_INDENT) {
        const char *to =
            break_at(p, end, columns > used + 1 ? columns - 1 - used : 1);
        zc_buf_put(out, p, (size_t)(to - p));
        for (p = to; p < end && *p == ' ';)
            p++;
        if (p == end)
            return;
        zc_buf_printf(out, "\n%*s", (int)(indent + MORE_INDENT), "");
    }
}

void zc_wrap(struct zc_buf *out, const char *text, size_t n, unsigned columns)
{
    const char *end = text + n;
    if (!columns) {
        zc_buf_put(out, text, n);
        return;
    }
    while (text < end) {
        const char *line = memchr(text, '\n', (size_t)(end - text));
        wrap_line(out, text, line ? line : end, columns);
        if (line)
            zc_buf_put(out, "\n", 1);
        text = line ? line + 1 : end;
    }
}
