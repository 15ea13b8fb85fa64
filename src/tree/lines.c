// SPDX-License-Identifier: GPL-2.0-or-later
/* Lists in files; see lines.h. */
#include "tree/lines.h"

#include "fs/userpath.h"

#include <fcntl.h>
#include <stdio.h>
#include <string.h>

static bool is_comment(const char *line)
{
    return *line == ';' || *line == '#';
}

/* Hands on what LINE (N bytes, its end mark gone) holds: as a rule one line,
 * more when it has carriage returns in it. */
static int hand_on(char *line, size_t n, bool nul_ended, zc_line_fn *fn,
                   void *arg, struct zc_err *err)
{
    if (nul_ended)
        return n ? fn(arg, line, n, err) : 0;
    if (memchr(line, '\0', n))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "a NUL byte in the line (is -0 missing?)");
    for (char *end = line + n;;) {
        char *cr = memchr(line, '\r', (size_t)(end - line));
        char *stop = cr ? cr : end;
        *stop = '\0';
        if (stop > line && !is_comment(line) &&
            fn(arg, line, (size_t)(stop - line), err))
            return -1;
        if (!cr)
            return 0;
        line = stop + 1;
    }
}

int zc_lines_split(char *text, size_t n, zc_line_fn *fn, void *arg,
                   struct zc_err *err)
{
    char *end = text + n;
    for (size_t number = 1; text < end; number++) {
        char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t len = (size_t)((stop ? stop : end) - text);
        if (hand_on(text, len, false, fn, arg, err))
            return zc_err_prefix(err, "line %zu", number);
        text += len + 1;
    }
    return 0;
}

static FILE *open_file(const char *file, struct zc_err *err)
{
    int fd = zc_user_open(file, O_RDONLY, err);
    FILE *in = fd < 0 ? NULL : fdopen(fd, "r");
    if (in)
        return in;
    if (fd >= 0 || !err->text[0])
        zc_err_set(err, ZC_EXIT_FILEIO, errno, "could not open %s", file);
    zc_close(&fd);
    return NULL;
}

int zc_lines_read(const char *file, bool nul_ended, zc_line_fn *fn, void *arg,
                  struct zc_err *err)
{
    bool is_stdin = strcmp(file, "-") == 0;
    const char *name = is_stdin ? "standard input" : file;
    FILE *in = is_stdin ? stdin : open_file(file, err);
    if (!in)
        return -1;
    char *line = NULL;
    size_t cap = 0;
    int rc = 0, mark = nul_ended ? '\0' : '\n';
    for (size_t number = 1; rc == 0; number++) {
        errno = 0;
        ssize_t n = getdelim(&line, &cap, mark, in);
        if (n < 0) {
            if (!feof(in))
                rc = zc_err_set(err, ZC_EXIT_FILEIO, errno, "could not read %s",
                                name);
            break;
        }
        if (n && line[n - 1] == (char)mark)
            line[--n] = '\0';
        rc = hand_on(line, (size_t)n, nul_ended, fn, arg, err);
        if (rc)
            zc_err_prefix(err, "%s, line %zu", name, number);
    }
    free(line);
    if (!is_stdin)
        fclose(in);
    return rc;
}
