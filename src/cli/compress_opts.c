// SPDX-License-Identifier: GPL-2.0-or-later
/* What the options about compression come to; see compress_opts.h. */
#include "cli/compress_opts.h"

#include "net/compress.h"

#include <string.h>

int zc_compress_take(struct zc_compress_args *c, const char *value, bool on,
                     struct zc_err *err)
{
    int how = on ? ZC_COMPRESS_AUTO : ZC_COMPRESS_OFF;
    if (value && zc_compress_parse(value, &how))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--compress: '%s' is none of auto, zstd, zstd:LEVEL "
                          "(%d to %d), off", value, ZC_COMPRESS_LEVEL_MIN,
                          ZC_COMPRESS_LEVEL_MAX);
    c->on = how != ZC_COMPRESS_OFF;
    c->instead = NULL;
    if (value) {
        c->always = how != ZC_COMPRESS_AUTO;
        c->level = c->always && strchr(value, ':') ? how : 0;
    }
    return 0;
}

int zc_compress_take_choice(struct zc_compress_args *c, const char *value,
                            struct zc_err *err)
{
    static const char *const names[] = {"auto", "zstd", "lz4", "zlib", "zlibx",
                                        "none"};
    size_t i = 0;
    while (i < ZC_ARRAY_LEN(names) && strcmp(value, names[i]))
        i++;
    if (i == ZC_ARRAY_LEN(names))
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--compress-choice: '%s' is none of auto, zstd, lz4, "
                          "zlib, zlibx, none", value);
    c->on = i < 5;
    c->always = i == 1;
    c->instead = i > 1 && c->on ? names[i] : NULL;
    return 0;
}

/* rsync's limits; beyond ours is as far as we go. */
int zc_compress_take_level(struct zc_compress_args *c, const char *value,
                           struct zc_err *err)
{
    char *end;
    errno = 0;
    long n = strtol(value, &end, 10);
    if (!*value || value[strspn(value, "-0123456789")] || *end || errno ||
        n < -131072 || n > 22)
        return zc_err_set(err, ZC_EXIT_USAGE, 0,
                          "--compress-level: '%s' is not a level from %d to %d",
                          value, ZC_COMPRESS_LEVEL_MIN, ZC_COMPRESS_LEVEL_MAX);
    c->on = n;
    c->level = n ? zc_compress_level(n) : 0;
    return 0;
}

void zc_compress_settle(struct zc_compress_args *c, uint64_t bwlimit)
{
    int how = c->level    ? c->level
              : c->always ? ZC_COMPRESS_LEVEL
                          : ZC_COMPRESS_AUTO;
    c->how = zc_compress_limited(c->on ? how : ZC_COMPRESS_OFF, bwlimit);
}
