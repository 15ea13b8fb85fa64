// SPDX-License-Identifier: GPL-2.0-or-later
/* What a remote command writes to its stderr; see stderr.h. */
#include "ssh/stderr.h"

#include <stdio.h>
#include <string.h>

void zc_ssh_stderr_init(struct zc_ssh_stderr *s,
                        void (*line)(void *arg, const char *line), void *arg)
{
    *s = (struct zc_ssh_stderr){.line = line, .arg = arg};
}

/* Adds a line to those that are kept; the oldest go. */
static void keep(struct zc_ssh_stderr *s, const char *line, size_t n)
{
    n = ZC_MIN(n, sizeof s->kept - 2);
    while (s->kept_len && s->kept_len + 1 + n >= sizeof s->kept) {
        const char *nl = memchr(s->kept, '\n', s->kept_len);
        size_t cut = nl ? (size_t)(nl - s->kept) + 1 : s->kept_len;
        s->kept_len -= cut;
        memmove(s->kept, s->kept + cut, s->kept_len);
    }
    if (s->kept_len)
        s->kept[s->kept_len++] = '\n';
    memcpy(s->kept + s->kept_len, line, n);
    s->kept_len += n;
}

static void line_ended(struct zc_ssh_stderr *s)
{
    size_t n = s->now_len;
    s->now_len = 0;
    while (n && s->now[n - 1] == '\r')
        n--;
    if (!n)
        return;
    s->now[n] = '\0';
    for (size_t i = 0; i < n; i++)
        if (!s->now[i])
            s->now[i] = '?'; /* a NUL would end the line for others */
    keep(s, s->now, n);
    if (s->line)
        s->line(s->arg, s->now);
}

void zc_ssh_stderr_put(struct zc_ssh_stderr *s, const char *text, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        if (text[i] == '\n' || s->now_len == sizeof s->now - 1)
            line_ended(s);
        if (text[i] != '\n')
            s->now[s->now_len++] = text[i];
    }
}

void zc_ssh_stderr_end(struct zc_ssh_stderr *s, char *last, size_t size)
{
    line_ended(s);
    snprintf(last, size, "%.*s", (int)s->kept_len, s->kept);
}
