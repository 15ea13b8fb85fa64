// SPDX-License-Identifier: GPL-2.0-or-later
/* Lines of /proc/locks, and maps of users: what is taken from a line is what the
 * kernel writes for it, and sscanf(3) agrees. */
#include "fs/proctext.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/sysmacros.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void check_lock(const char *line)
{
    struct zc_proctext_lock l, again;
    char text[160];
    int pid;
    uint64_t ino;
    if (!zc_proctext_lock(line, &l))
        return;
    if (l.pid <= 0 || sscanf(line, "%*u: FLOCK %*s WRITE %d %*x:%*x:%" SCNu64,
                             &pid, &ino) != 2 || pid != l.pid || ino != l.ino)
        abort();
    snprintf(text, sizeof text, "1: FLOCK  ADVISORY  WRITE %d %02x:%02x:%" PRIu64
             " 0 EOF\n", l.pid, major(l.dev), minor(l.dev), l.ino);
    if (!zc_proctext_lock(text, &again) || again.pid != l.pid ||
        again.dev != l.dev || again.ino != l.ino)
        abort();
}

static void check_number(const char *text)
{
    uint64_t n;
    char again[24];
    if (!zc_proctext_number(text, &n))
        return;
    text += strspn(text, "0");
    snprintf(again, sizeof again, "%" PRIu64, n);
    if (n && strncmp(text, again, strlen(again)) != 0)
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    unsigned inside, outside, count;
    char *text = strndup((const char *)data, size);
    if (!text)
        return 0;
    if (zc_proctext_maps_all(text) &&
        (sscanf(text, "%u %u %u", &inside, &outside, &count) != 3 || inside ||
         outside || count != UINT32_MAX))
        abort();
    check_number(text);
    for (char *line = text, *rest = text; (line = strsep(&rest, "\n"));)
        check_lock(line);
    free(text);
    return 0;
}
