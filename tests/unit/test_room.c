// SPDX-License-Identifier: GPL-2.0-or-later
/* `min free`: what may be written, and what there is to spare. */
#include "fs/room.h"
#include "tap.h"

#include <fcntl.h>

static const struct {
    const char *text;
    uint64_t bytes;
    unsigned hundredths;
} good[] = {
    {"1%", 0, 100},      {"0.5%", 0, 50},      {"0.01%", 0, 1},
    {"12.25%", 0, 1225}, {"99.99%", 0, 9999},  {"007%", 0, 700},
    {"1", 1, 0},         {"500M", 500ULL << 20, 0}, {"1.5KB", 1500, 0},
    {"18446744073709551615", UINT64_MAX, 0},
};

static const char *const bad[] = {
    "",    "%",   "0%",     "0.00%",  "100%", "1000%", "-1%", "1 %", "1%%",
    "1.%", ".5%", "1.234%", "1.2.3%", "one",  "0",     "-1",  "1%M",
    "4294967297%",
};

static void test_text(void)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(good); i++) {
        struct zc_min_free m = {0};
        is_int(zc_min_free_parse(good[i].text, &m), 0, "%s", good[i].text);
        ok(m.bytes == good[i].bytes && m.hundredths == good[i].hundredths,
           "means what it says");
    }
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        struct zc_min_free m = {.bytes = 7};
        is_int(zc_min_free_parse(bad[i], &m), -1, "'%s' is refused", bad[i]);
        ok(m.bytes == 7 && !m.hundredths, "and changes nothing");
    }
}

static void test_spare(void)
{
    struct zc_spare s;
    struct zc_min_free all = {.bytes = UINT64_MAX};
    struct zc_min_free most = {.hundredths = 9999}, little = {.bytes = 1};
    int fd = open(".", O_PATH | O_DIRECTORY);
    is_int(zc_spare_of(fd, &little, &s), 0, "where we are");
    ok(s.bytes == (int64_t)s.free_bytes - 1, "all but a byte");
    ok(s.inodes == INT64_MAX, "a size is not about inodes");
    is_int(zc_spare_of(fd, &all, &s), 0, "all of it");
    ok(s.bytes < 0, "is more than there is");
    is_int(zc_spare_of(fd, &most, &s), 0, "nearly all");
    ok(s.bytes < (int64_t)s.free_bytes, "leaves less");
    close(fd);
    is_int(zc_spare_of(fd, &little, &s), -1, "nowhere");
}

int main(void)
{
    test_text();
    test_spare();
    return done_testing();
}
