// SPDX-License-Identifier: GPL-2.0-or-later
/* What a terminal is like; see terminal.h. */
#include "cli/terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_DEFAULT 80
#define ROWS_DEFAULT 24

static struct winsize size_of(int fd)
{
    struct winsize w = {0};
    if (ioctl(fd, TIOCGWINSZ, &w))
        w = (struct winsize){0};
    return w;
}

unsigned zc_terminal_columns(int fd)
{
    unsigned n = size_of(fd).ws_col;
    return n ? n : COLUMNS_DEFAULT;
}

unsigned zc_terminal_rows(int fd)
{
    unsigned n = size_of(fd).ws_row;
    return n ? n : ROWS_DEFAULT;
}

bool zc_terminal_coloured(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}
