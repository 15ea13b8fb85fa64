// SPDX-License-Identifier: GPL-2.0-or-later
/* Numbers in texts of the kernel's; see proctext.h. */
#include "fs/proctext.h"

#include "base/io.h"

#include <fcntl.h>
#include <limits.h>
#include <string.h>
#include <sys/sysmacros.h>

/* The value of C as a digit of BASE; BASE: it is none. */
static unsigned digit(char c, unsigned base)
{
    unsigned n = c >= '0' && c <= '9'   ? (unsigned)(c - '0')
                 : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10
                                        : base;
    return n < base ? n : base;
}

/* Digits at *AT, which moves behind them: a number up to MAX. */
static bool take_number(const char **at, unsigned base, uint64_t max,
                        uint64_t *n)
{
    const char *p = *at;
    *n = 0;
    for (unsigned d; (d = digit(*p, base)) < base; p++) {
        if (*n > (max - d) / base)
            return false;
        *n = *n * base + d;
    }
    bool some = p != *at;
    *at = p;
    return some;
}

static bool take_text(const char **at, const char *text)
{
    size_t n = strlen(text);
    if (strncmp(*at, text, n) != 0)
        return false;
    *at += n;
    return true;
}

static bool take_blanks(const char **at)
{
    size_t n = strspn(*at, " ");
    *at += n;
    return n;
}

bool zc_proctext_number(const char *text, uint64_t *n)
{
    return take_number(&text, 10, UINT64_MAX, n) &&
           (!*text || strcmp(text, "\n") == 0);
}

/* 1: FLOCK  ADVISORY  WRITE 413 08:01:524289 0 EOF */
bool zc_proctext_lock(const char *line, struct zc_proctext_lock *l)
{
    uint64_t number, pid, maj, min;
    if (!take_number(&line, 10, UINT64_MAX, &number) ||
        !take_text(&line, ": FLOCK") || !take_blanks(&line))
        return false;
    line += strspn(line, "ABCDEFGHIJKLMNOPQRSTUVWXYZ"); /* ADVISORY */
    if (!take_blanks(&line) || !take_text(&line, "WRITE") ||
        !take_blanks(&line) || !take_number(&line, 10, INT_MAX, &pid) ||
        !pid || !take_blanks(&line) ||
        !take_number(&line, 16, UINT32_MAX, &maj) || !take_text(&line, ":") ||
        !take_number(&line, 16, UINT32_MAX, &min) || !take_text(&line, ":") ||
        !take_number(&line, 10, UINT64_MAX, &l->ino) || *line != ' ')
        return false;
    l->pid = (pid_t)pid;
    l->dev = makedev((unsigned)maj, (unsigned)min);
    return true;
}

/* A line that maps all leaves nothing for another. */
bool zc_proctext_maps_all(const char *map)
{
    uint64_t inside, outside, count;
    take_blanks(&map);
    return take_number(&map, 10, UINT32_MAX, &inside) && take_blanks(&map) &&
           take_number(&map, 10, UINT32_MAX, &outside) && take_blanks(&map) &&
           take_number(&map, 10, UINT32_MAX, &count) && *map == '\n' &&
           !inside && !outside && count == UINT32_MAX;
}

int zc_proctext_sees_all_users(void)
{
    char map[128];
    zc_auto_close int fd = open("/proc/self/uid_map", O_RDONLY | O_CLOEXEC);
    ssize_t n = fd < 0 ? -1 : zc_io_read(fd, map, sizeof map - 1);
    if (n < 0)
        return -1;
    map[n] = '\0';
    return zc_proctext_maps_all(map);
}
