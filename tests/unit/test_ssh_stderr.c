// SPDX-License-Identifier: GPL-2.0-or-later
/* What a remote command says, cut into lines however it arrives. */
#include "ssh/stderr.h"

#include "tap.h"

#include <stdio.h>
#include <string.h>

static char lines[8][ZC_SSH_LINE_MAX];
static unsigned count;

static void on_line(void *arg, const char *line)
{
    (void)arg;
    if (count < 8)
        strcpy(lines[count], line);
    count++;
}

static void put(struct zc_ssh_stderr *s, const char *text)
{
    zc_ssh_stderr_put(s, text, strlen(text));
}

int main(void)
{
    struct zc_ssh_stderr s;
    char last[ZC_SSH_KEPT_MAX], line[100];
    zc_ssh_stderr_init(&s, on_line, NULL);
    put(&s, "one\ntw");
    is_int(count, 1, "a line that has no end is not one yet");
    put(&s, "o\r\n\n\r\nthree");
    zc_ssh_stderr_put(&s, "\0x\n", 3);
    put(&s, "four");
    zc_ssh_stderr_end(&s, last, sizeof last);
    is_int(count, 4, "empty lines are none, the last one needs no end");
    is_str(lines[1], "two", "a line in two pieces, with the end that DOS has");
    is_str(lines[2], "three?x", "a NUL ends no line");
    is_str(last, "one\ntwo\nthree?x\nfour", "they are kept");

    count = 0;
    zc_ssh_stderr_init(&s, on_line, NULL);
    for (int i = 0; i < 3 * ZC_SSH_LINE_MAX; i++)
        put(&s, "x");
    zc_ssh_stderr_end(&s, last, sizeof last);
    ok(count == 4 && strlen(lines[0]) == ZC_SSH_LINE_MAX - 1,
       "a line that is too long comes in pieces");
    ok(strlen(last) < ZC_SSH_KEPT_MAX, "and is not kept whole");

    zc_ssh_stderr_init(&s, NULL, NULL);
    for (int i = 0; i < 1000; i++) {
        snprintf(line, sizeof line, "line %d\n", i);
        put(&s, line);
    }
    zc_ssh_stderr_end(&s, last, sizeof last);
    ok(!strncmp(last, "line ", 5) && strstr(last, "line 999"),
       "the last ones are kept, whole");
    zc_ssh_stderr_end(&s, line, 10);
    is_int(strlen(line), 9, "as much as there is room for");
    return done_testing();
}
