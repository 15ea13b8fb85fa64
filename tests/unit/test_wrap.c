// SPDX-License-Identifier: GPL-2.0-or-later
/* src/cli/wrap.c: where lines are broken. */
#include "tap.h"

#include "cli/wrap.h"

#include <string.h>

static struct zc_buf b = ZC_BUF_INIT;

static const char *wrapped(unsigned columns, const char *text)
{
    zc_buf_reset(&b);
    zc_wrap(&b, text, strlen(text), columns);
    zc_buf_u8(&b, 0);
    return (const char *)b.data;
}

int main(void)
{
    is_str(wrapped(0, "a b\nc d\n"), "a b\nc d\n", "no width: as it is");
    is_str(wrapped(20, "short\n\n  too\n"), "short\n\n  too\n", "what fits");
    is_str(wrapped(10, "aaaa bbbb\n"), "aaaa bbbb\n", "just fits");
    is_str(wrapped(9, "aaaa bbbb\n"), "aaaa\n  bbbb\n", "one too many");
    is_str(wrapped(16, "  one; two three four\n"),
           "  one; two\n    three four\n", "indented, and more so");
    is_str(wrapped(22, "one two; three four five\n"),
           "one two; three four\n  five\n",
           "a semicolon in the first half is none to break at");
    is_str(wrapped(22, "one two four; three four\n"),
           "one two four;\n  three four\n", "one behind it is");
    is_str(wrapped(8, "a verylongword b\n"), "a\n  verylongword\n  b\n",
           "words are left whole");
    is_str(wrapped(8, "verylongword\n"), "verylongword\n",
           "a line of one word");
    is_str(wrapped(8, "\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xb6\xc3\xb6\xc3\xb6"),
           "\xc3\xa4\xc3\xa4\xc3\xa4 \xc3\xb6\xc3\xb6\xc3\xb6",
           "characters are counted, and no newline is made up");
    is_str(wrapped(8, "\033[32mabc\033[0m def\n"),
           "\033[32mabc\033[0m def\n", "colours take no room");
    is_str(wrapped(1, "a b c\n"), "a\n  b\n  c\n", "no room at all");
    is_str(wrapped(9, "\033[31"), "\033[31", "half an escape sequence");
    is_str(wrapped(9, ""), "", "nothing");
    zc_buf_fini(&b);
    return done_testing();
}
