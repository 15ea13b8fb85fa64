// SPDX-License-Identifier: GPL-2.0-or-later
/* What is to stay free; see room.h. */
#include "fs/room.h"

#include "base/size.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>

/* The N characters at TEXT as a percentage with up to two decimals. */
static int parse_percent(const char *text, size_t n, unsigned *hundredths)
{
    unsigned v = 0, decimals = 0;
    bool point = false, any = false;
    for (size_t i = 0; i < n; i++) {
        bool digit = text[i] >= '0' && text[i] <= '9';
        if (text[i] == '.' && !point && any) {
            point = true;
            continue;
        }
        if (!digit || (point && ++decimals > 2) || v > 10000)
            return -1;
        v = 10 * v + (unsigned)(text[i] - '0');
        any = true;
    }
    if (point && !decimals)
        return -1;
    for (; decimals < 2; decimals++)
        v *= 10;
    if (!any || !v || v >= 10000)
        return -1;
    *hundredths = v;
    return 0;
}

int zc_min_free_parse(const char *text, struct zc_min_free *out)
{
    size_t n = strlen(text);
    struct zc_min_free m = {0};
    int bad = n && text[n - 1] == '%'
                  ? parse_percent(text, n - 1, &m.hundredths)
                  : zc_size_parse(text, 1, &m.bytes);
    if (bad || !zc_min_free_any(&m))
        return -1;
    *out = m;
    return 0;
}

/* HUNDREDTHS of a percent of N. */
static uint64_t share_of(uint64_t n, unsigned hundredths)
{
    return n / 10000 * hundredths + n % 10000 * hundredths / 10000;
}

static int64_t difference(uint64_t a, uint64_t b)
{
    uint64_t d = a > b ? a - b : b - a;
    int64_t signed_d = (int64_t)ZC_MIN(d, (uint64_t)INT64_MAX);
    return a > b ? signed_d : -signed_d;
}

int zc_spare_of(int fd, const struct zc_min_free *m, struct zc_spare *out)
{
    struct statvfs fs;
    int r;
    do
        r = fstatvfs(fd, &fs);
    while (r && errno == EINTR);
    if (r)
        return -1;
    uint64_t unit = fs.f_frsize ? fs.f_frsize : fs.f_bsize, floor = m->bytes;
    if (m->hundredths)
        floor = share_of(fs.f_blocks, m->hundredths) * unit;
    out->free_bytes = fs.f_bavail * unit;
    out->free_inodes = fs.f_favail;
    out->bytes = difference(out->free_bytes, floor);
    out->inodes = INT64_MAX;
    if (m->hundredths && fs.f_files) /* some make them as they are wanted */
        out->inodes = difference(out->free_inodes,
                                 share_of(fs.f_files, m->hundredths));
    return 0;
}
