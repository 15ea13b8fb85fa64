// SPDX-License-Identifier: GPL-2.0-or-later
/* cli/itemize.c and base/text.c: what users and scripts read. */
#include "../tap.h"
#include "base/text.h"
#include "cli/itemize.h"
#include "fs/meta.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char *columns(uint32_t type, unsigned flags)
{
    static char out[ZC_ITEMIZE_SIZE];
    struct zc_item item = {.flags = flags, .mode = type | 0644, .path = "p"};
    zc_itemize(out, &item, ZC_KEEP_ALL);
    return out;
}

/* The columns of rsync -i ('>' is '<'). */
static void test_columns(void)
{
    const unsigned new = ZC_ITEM_NEW | ZC_ITEM_DATA;
    is_str(columns(S_IFREG, new), "<f+++++++++", "a new file");
    is_str(columns(S_IFREG, ZC_ITEM_NEW), "<f+++++++++", "a new empty file");
    is_str(columns(S_IFDIR, ZC_ITEM_NEW), "cd+++++++++", "a new directory");
    is_str(columns(S_IFLNK, new), "cL+++++++++", "a new symlink");
    is_str(columns(S_IFCHR, new), "cD+++++++++", "a new device");
    is_str(columns(S_IFBLK, new), "cD+++++++++", "a new block device");
    is_str(columns(S_IFIFO, ZC_ITEM_NEW), "cS+++++++++", "a new fifo");
    is_str(columns(S_IFSOCK, ZC_ITEM_NEW), "cS+++++++++", "a new socket");
    is_str(columns(S_IFREG, new | ZC_ITEM_HARD_LINK), "hf+++++++++",
           "a new hard link");
    is_str(columns(S_IFREG, ZC_ITEM_HARD_LINK), "hf         ",
           "a hard link in place of an equal file");
    is_str(columns(S_IFREG, ZC_ITEM_DATA | ZC_ITEM_SIZE | ZC_ITEM_TIME),
           "<f.st......", "other data, size and time");
    is_str(columns(S_IFREG, ZC_ITEM_DATA | ZC_ITEM_CHECKSUM), "<fc........",
           "other data, found by -c");
    is_str(columns(S_IFREG, ZC_ITEM_TIME), ".f..t......", "other time");
    is_str(columns(S_IFREG, ZC_ITEM_PERMS | ZC_ITEM_OWNER | ZC_ITEM_GROUP |
                                ZC_ITEM_ACL | ZC_ITEM_XATTR),
           ".f...pog.ax", "other metadata");
    is_str(columns(S_IFDIR, ZC_ITEM_TIME), ".d..t......", "a directory's time");
    is_str(columns(S_IFLNK, ZC_ITEM_DATA | ZC_ITEM_TIME | ZC_ITEM_SIZE),
           "cLc.t......", "another target");
    is_str(columns(S_IFLNK, ZC_ITEM_OWNER), ".L....o....", "a link's owner");
    is_str(columns(S_IFREG, ZC_ITEM_DELETED), "*deleting  ", "gone");
    is_str(columns(S_IFDIR, ZC_ITEM_DELETED), "*deleting  ",
           "a directory gone");

    char out[ZC_ITEMIZE_SIZE];
    struct zc_item item = {.flags = ZC_ITEM_DATA | ZC_ITEM_TIME,
                           .mode = S_IFREG};
    zc_itemize(out, &item, ZC_KEEP_ALL & ~ZC_KEEP_TIMES);
    is_str(out, "<f..T......", "a time that is not kept");
}

static const char *place = "dest";

static const char *format(const char *fmt, const struct zc_item *item)
{
    static struct zc_buf b;
    zc_buf_fini(&b);
    const struct zc_item_about about = {"src/", place, ZC_KEEP_ALL};
    zc_item_format(&b, fmt, item, &about);
    zc_buf_u8(&b, 0);
    return (const char *)b.data;
}

static void test_format(void)
{
    struct zc_item file = {.flags = ZC_ITEM_DATA | ZC_ITEM_SIZE,
                           .mode = S_IFREG | 04755,
                           .path = "a/b",
                           .size = 1234567,
                           .mtime_s = 1000000000,
                           .uid = 5,
                           .gid = 6};
    struct zc_item link = {.flags = ZC_ITEM_NEW,
                           .mode = S_IFLNK | 0777,
                           .path = "l",
                           .link_target = "to\n"};
    struct zc_item root = {
        .flags = ZC_ITEM_TIME, .mode = S_IFDIR | 01777, .path = ""};
    struct zc_item gone = {
        .flags = ZC_ITEM_DELETED, .mode = S_IFDIR, .path = "d"};

    is_str(format("%i %n%L", &file), "<f.s....... a/b", "-i");
    is_str(format("%i %n%L", &link), "cL+++++++++ l -> to\\#012",
           "-i of a symlink");
    is_str(format("%i %n%L", &root), ".d..t...... ./", "-i of the root");
    is_str(format("%i %n%L", &gone), "*deleting   d/", "-i of a deletion");
    is_str(format("%f|%l|%b|%B|%U|%G|%o|%%", &file),
           "src/a/b|1234567|1234567|rwsr-xr-x|5|6|send|%", "a file");
    is_str(format("%b|%B|%o", &root), "0|rwxrwxrwt|send", "the root");
    is_str(format("%o", &gone), "del.", "a deletion");
    is_str(format("[%h|%m]", &file), "[|]", "a place on this machine");
    place = "ann@web1:/srv/www";
    is_str(format("[%h|%m]", &file), "[web1|]", "one over SSH");
    place = "zcsync://[::1]:99/data/sub";
    is_str(format("[%h|%5m]", &file), "[::1| data]", "one at a daemon");
    file.flags |= ZC_ITEM_RECEIVED;
    is_str(format("%o", &file), "recv", "what is received");
    file.flags = ZC_ITEM_UNCHANGED;
    is_str(format("%i %n", &file), ".f          a/b", "what is not changed");
    is_str(format("%M", &file), "2001/09/09-01:46:40", "mtime");
    is_str(format("%10l|%-10l|%'l|%''l|%'''l", &file),
           "   1234567|1234567   |1,234,567|1.23M|1.18M", "width and style");
    is_str(format("", &file), "", "nothing");
    is_str(format("%2n", &file), "a/b", "a width that is too small");
    struct zc_buf b = ZC_BUF_INIT;
    const struct zc_item_about nothing = {"", "", 0};
    zc_item_format(&b, "%p %t", &file, &nothing);
    ok(b.len > 20, "process and time");
    zc_buf_fini(&b);
}

static void test_format_check(void)
{
    struct zc_err err;
    is_int(zc_item_format_check("--out-format", "%n %i%L %% %-5l %'b", &err), 0, "good");
    is_int(zc_item_format_check("--out-format", "no escapes", &err), 0, "none");
    is_int(zc_item_format_check("--out-format", "%n %C", &err), -1, "%%C");
    is_str(err.text, "--out-format: %C is not supported: what is known of a file "
                     "is no checksum that other programs make", "is refused");
    is_int(zc_item_format_check("--log-format", "%z", &err), -1, "%%z");
    is_str(err.text, "--log-format: there is no %z, as zcsync(1) lists them",
           "is no escape");
    is_int(zc_item_format_check("--out-format", "100%", &err), -1, "%% at the end");
    is_int(zc_item_format_check("--out-format", "%-12", &err), -1, "no letter");
    ok(zc_item_format_has("%%i %-5i", "i"), "has %%i");
    ok(!zc_item_format_has("%%i %n", "io"), "has it not");
}

static const char *with(void (*put)(struct zc_buf *, const char *),
                        const char *text)
{
    static struct zc_buf b;
    zc_buf_fini(&b);
    put(&b, text);
    zc_buf_u8(&b, 0);
    return (const char *)b.data;
}

static void json(struct zc_buf *b, const char *text)
{
    zc_text_json(b, text);
}

static void test_names(void)
{
    is_str(with(zc_text_name, "a b\xc3\xa4\xf0\x9f\x98\x80\xe2\x82\xac"),
           "a b\xc3\xa4\xf0\x9f\x98\x80\xe2\x82\xac", "UTF-8");
    is_str(with(zc_text_name, "\n\x1b[2J\x7f"), "\\#012\\#033[2J\\#177",
           "control characters");
    is_str(with(zc_text_name, "\xff\xc3"), "\\#377\\#303", "not UTF-8");
    is_str(with(zc_text_name, "\xc2\x9b" "1m"), "\\#302\\#2331m",
           "a C1 control character");
    is_str(with(zc_text_name, "\\#012 \\#9 \\"), "\\#134#012 \\#9 \\",
           "what looks like an escape");
    is_str(with(json, "a\"b\\\n\x1f"), "\"a\\\"b\\\\\\u000a\\u001f\"", "JSON");
    is_str(with(json, "\xc3\xa4\x7f"), "\"\xc3\xa4\\u007f\"", "JSON: UTF-8");

    static const char *const bad[] = {
        "\xff",         "\xc0\x80",     "\xc1\xbf",         "\xe0\x80\x80",
        "\xed\xa0\x80", "\xf4\x90\x80\x80", "\xf8\x88\x80\x80", "\xe2\x82",
        "\x80",
    };
    for (size_t i = 0; i < ZC_ARRAY_LEN(bad); i++) {
        struct zc_buf b = ZC_BUF_INIT;
        ok(!zc_text_json(&b, bad[i]), "JSON: bytes that are not UTF-8 (%zu)",
           i);
        ok(b.len >= 5 && memcmp(b.data + 1, "\xef\xbf\xbd", 3) == 0,
           "become U+FFFD");
        zc_buf_fini(&b);
    }
}

static const char *base64(const char *text)
{
    static struct zc_buf b;
    zc_buf_fini(&b);
    zc_text_base64(&b, text, strlen(text));
    zc_buf_u8(&b, 0);
    return (const char *)b.data;
}

static void test_numbers(void)
{
    char out[ZC_TEXT_MAX];
    /* RFC 4648, section 10 */
    is_str(base64(""), "", "base64 of nothing");
    is_str(base64("f"), "Zg==", "of 1 byte");
    is_str(base64("fo"), "Zm8=", "of 2");
    is_str(base64("foo"), "Zm9v", "of 3");
    is_str(base64("foobar"), "Zm9vYmFy", "of 6");

    is_str(zc_text_count(out, 0, ZC_TEXT_COMMAS), "0", "0");
    is_str(zc_text_count(out, 999, ZC_TEXT_COMMAS), "999", "999");
    is_str(zc_text_count(out, 1000, ZC_TEXT_COMMAS), "1,000", "1,000");
    is_str(zc_text_count(out, UINT64_MAX, ZC_TEXT_COMMAS),
           "18,446,744,073,709,551,615", "2^64 - 1");
    is_str(zc_text_count(out, 999, ZC_TEXT_KILO), "999", "too small for K");
    is_str(zc_text_count(out, 1024, ZC_TEXT_KIBI), "1.00K", "1.00K");
    is_str(zc_text_count(out, UINT64_MAX, ZC_TEXT_KIBI), "16.00E", "16E");
    is_str(zc_text_rate(out, 1234.567, ZC_TEXT_COMMAS), "1,234.57", "a rate");
    is_str(zc_text_rate(out, 0.999, ZC_TEXT_PLAIN), "1.00", "rounded");
    is_str(zc_text_size(out, 0), "0 B", "0 B");
    is_str(zc_text_size(out, 999), "999 B", "999 B");
    is_str(zc_text_size(out, 1000), "0.98 KiB", "1000 B");
    is_str(zc_text_size(out, 10 * 1024), "10.0 KiB", "10 KiB");
    is_str(zc_text_size(out, 1.5 * ZC_GIB), "1.50 GiB", "1.5 GiB");
    is_str(zc_text_size(out, 999.6 * ZC_MIB), "0.98 GiB", "just below 1 GiB");
    is_str(zc_text_duration(out, 0), "0:00", "no time");
    is_str(zc_text_duration(out, 59.6), "1:00", "a minute");
    is_str(zc_text_duration(out, 3661), "1:01:01", "an hour");
    is_str(zc_text_duration(out, 90061), "1d 01:01", "a day");
    is_str(zc_text_utc(out, 0, 1), "1970-01-01T00:00:00.000000001Z", "UTC");
    is_str(zc_text_utc(out, -1, 999999999), "1969-12-31T23:59:59.999999999Z",
           "before 1970");
}

int main(void)
{
    setenv("TZ", "UTC0", 1);
    tzset();
    test_columns();
    test_format();
    test_format_check();
    test_names();
    test_numbers();
    with(json, "");
    return done_testing();
}
