// SPDX-License-Identifier: GPL-2.0-or-later
/* Sizes as rsync reads them, and how often something is done. */
#include "base/size.h"
#include "tap.h"

static const struct {
    const char *text;
    uint64_t unit, want;
} good[] = {
    {"0", 1, 0},
    {"1", 1, 1},
    {"10", 1024, 10240},
    {"1.5", 1024, 1536},
    {"7b", 1024, 7},
    {"7B", 1024, 7},
    {"1k", 1, 1024},
    {"1K", 1024, 1024},
    {"1KB", 1, 1000},
    {"1kb", 1, 1000},
    {"1KiB", 1, 1024},
    {"1m", 1, 1048576},
    {"1.5m", 1, 1572864},
    {"1.5mb", 1, 1500000},
    {"1.5mb-1", 1, 1499999},
    {"2g+1", 1, 2147483649},
    {".5k", 1, 512},
    {"3.", 1, 3},
    {"1t", 1, (uint64_t)1 << 40},
    {"1TB", 1, 1000000000000},
    {"1P", 1, (uint64_t)1 << 50},
    {"1pib", 1, (uint64_t)1 << 50},
    {"1PB", 1, 1000000000000000},
    {"10+1", 1024, 10241},
    {"1-1", 1, 0},
    {"0.0009", 1000, 0},
    {"0.3333333333333333333333333333k", 1, 341},
    {"16383.999999999999999999p", 1, UINT64_MAX},
    {"18446744073709551615", 1, UINT64_MAX},
};

static const struct {
    const char *text;
    uint64_t unit;
    int eno;
} bad[] = {
    {"", 1, EINVAL},
    {".", 1, EINVAL},
    {"k", 1, EINVAL},
    {"-1", 1, EINVAL},
    {"+1", 1, EINVAL},
    {" 1", 1, EINVAL},
    {"1 k", 1, EINVAL},
    {"1x", 1, EINVAL},
    {"1kx", 1, EINVAL},
    {"1ki", 1, EINVAL},
    {"1kbb", 1, EINVAL},
    {"1bb", 1, EINVAL},
    {"1k+2", 1, EINVAL},
    {"1k+", 1, EINVAL},
    {"1k+11", 1, EINVAL},
    {"1,5k", 1, EINVAL},
    {"1..5k", 1, EINVAL},
    {"0x10", 1, EINVAL},
    {"1e3", 1, EINVAL},
    {"0-1", 1, ERANGE},
    {"18446744073709551616", 1, ERANGE},
    {"99999999999999999999999", 1, ERANGE},
    {"18446744073709551615", 1024, ERANGE},
    {"18446744073709551615+1", 1, ERANGE},
    {"16384p", 1, ERANGE},
    {"16384p-1", 1, ERANGE},
};

static const struct {
    const char *text;
    int want; /* -1: refused */
} often[] = {
    {"never", 0},     {"hourly", 3600}, {"daily", 86400}, {"weekly", 604800},
    {"1", 1},         {"2s", 2},        {"90m", 5400},    {"6h", 21600},
    {"366d", 31622400}, {"52w", 31449600}, {"0", -1},     {"0h", -1},
    {"", -1},         {"h", -1},        {"1x", -1},       {"-1h", -1},
    {"1.5h", -1},     {"6h ", -1},      {" 6h", -1},      {"367d", -1},
    {"31622401", -1}, {"99999999999999999999999", -1},    {"Daily", -1},
    {"18446744073709551617", -1},
};

int main(void)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(often); i++) {
        unsigned got = 42;
        int rc = zc_interval_parse(often[i].text, &got);
        ok(often[i].want < 0 ? rc == -1 && got == 42
                             : rc == 0 && got == (unsigned)often[i].want,
           "how often is \"%s\"", often[i].text);
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(good); i++) {
        uint64_t got = 42;
        int rc = zc_size_parse(good[i].text, good[i].unit, &got);
        ok(rc == 0 && got == good[i].want, "\"%s\" of %llu is %llu",
           good[i].text, (unsigned long long)good[i].unit,
           (unsigned long long)good[i].want);
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        uint64_t got = 42;
        errno = 0;
        int rc = zc_size_parse(bad[i].text, bad[i].unit, &got);
        ok(rc == -1 && errno == bad[i].eno && got == 42,
           "\"%s\" of %llu is refused", bad[i].text,
           (unsigned long long)bad[i].unit);
    }
    return done_testing();
}
