// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What comes out, whatever comes in: the first byte says what the rest is.
 *
 * Of a snapshot of a daemon: as much of its encoding as there is, zeros behind that.
 * Else a line each: a path, the target of a symlink, the other name of a file. It is
 * written in all the ways there are, and what is written is what formats.h wants: JSON,
 * metrics, and text without a byte that a terminal obeys.
 */
#include "formats.h"

#include "cli/itemize.h"
#include "cli/listing.h"
#include "cli/status_show.h"
#include "base/text.h"
#include "daemon/metrics.h"
#include "daemon/status_json.h"

#include <sys/stat.h>

#define ZEROS 65536 /* behind a snapshot that ends early */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* What is in B, as a string. */
static const char *text_of(struct zc_buf *b)
{
    zc_buf_u8(b, 0);
    must(!b->failed && strlen((char *)b->data) == b->len - 1);
    return (const char *)b->data;
}

static void harmless_buf(struct zc_buf *b, bool coloured)
{
    const char *text = text_of(b);
    harmless(text, b->len - 1, coloured);
}

static void write_snapshot(const struct zc_snapshot *s)
{
    char line[200];
    struct zc_buf b = ZC_BUF_INIT;
    for (int i = 0; i < 2; i++) {
        zc_buf_reset(&b);
        zc_status_json(s, i, &b);
        json_lines(text_of(&b));
    }
    zc_buf_reset(&b);
    zc_metrics_write(s, &b);
    metrics_lines(text_of(&b));
    for (int i = 0; i < 4; i++) {
        zc_buf_reset(&b);
        zc_status_text(s, i & 1 ? s : NULL, true, i & 2, &b);
        harmless_buf(&b, i & 2);
    }
    zc_snapshot_line(s, line, sizeof line);
    harmless(line, strlen(line), false);
    zc_buf_fini(&b);
}

static void snapshot(const uint8_t *data, size_t size)
{
    struct zc_snapshot s = {0};
    struct zc_err err = {0};
    struct zc_buf b = ZC_BUF_INIT;
    zc_buf_u32(&b, ZC_SNAPSHOT_VERSION);
    zc_buf_put(&b, data, size);
    size_t n = b.len;
    uint8_t *zeros = zc_buf_reserve(&b, ZEROS);
    must(zeros != NULL);
    memset(zeros, 0, ZEROS);
    /* However many of them are wanted. */
    for (size_t most = n + ZEROS; n <= most; n = n + n / 2 + 64) {
        zc_snapshot_fini(&s);
        s = (struct zc_snapshot){0};
        if (zc_snapshot_decode(&s, b.data, n, &err) == 0) {
            write_snapshot(&s);
            break;
        }
    }
    zc_snapshot_fini(&s);
    zc_buf_fini(&b);
}

/* The next line of *DATA on the heap, up to a NUL. */
static char *next_line(const uint8_t **data, size_t *size)
{
    const uint8_t *end = *size ? memchr(*data, '\n', *size) : NULL;
    size_t n = end ? (size_t)(end - *data) : *size;
    char *line = strndup((const char *)*data, n);
    *data += end ? n + 1 : n;
    *size -= end ? n + 1 : n;
    must(line != NULL);
    return line;
}

static void write_text(const char *text)
{
    struct zc_buf b = ZC_BUF_INIT;
    zc_text_name(&b, text);
    harmless_buf(&b, false);
    zc_buf_reset(&b);
    bool whole = zc_text_json(&b, text);
    must(*json_string(text_of(&b)) == '\0');
    zc_buf_reset(&b);
    zc_buf_put_str(&b, "{\"a\":1");
    zc_text_json_field(&b, "path", text);
    zc_buf_put_str(&b, "}\n");
    json_lines(text_of(&b));
    must(whole == !strstr((char *)b.data, "\",\"path_base64\":\""));
    zc_buf_reset(&b);
    zc_metrics_label(&b, text);
    must(b.len >= 2 && !memchr(b.data, '\n', b.len));
    zc_buf_fini(&b);
}

static void write_item(const struct zc_item *item)
{
    const struct zc_item_about about = {"src", "host:dest", 0x7ff};
    struct zc_buf b = ZC_BUF_INIT;
    zc_listing_put(&b, item, true);
    zc_buf_u8(&b, '\n');
    json_lines(text_of(&b));
    zc_buf_reset(&b);
    zc_listing_put(&b, item, false);
    harmless_buf(&b, false);
    zc_buf_reset(&b);
    zc_item_format(&b, "%i %n%L %f %10l %b %M %B %U %G %o", item, &about);
    harmless_buf(&b, false);
    must(!strchr((char *)b.data, '\n'));
    zc_buf_fini(&b);
}

static void lines(uint8_t how, const uint8_t *data, size_t size)
{
    static const uint32_t modes[] = {S_IFREG | 0644, S_IFDIR | 01777,
                                     S_IFLNK | 0777, S_IFCHR | 06755};
    char *path = next_line(&data, &size), *target = next_line(&data, &size),
         *other = next_line(&data, &size);
    struct zc_item item = {.flags = ZC_ITEM_DATA,
                           .mode = modes[how % ZC_ARRAY_LEN(modes)],
                           .path = path,
                           .link_target = *target ? target : NULL,
                           .hard_link_to = *other ? other : NULL};
    uint64_t numbers[4] = {0};
    memcpy(numbers, data, ZC_MIN(size, sizeof numbers));
    item.size = numbers[0];
    item.mtime_s = (int64_t)numbers[1];
    item.mtime_ns = (uint32_t)numbers[2] % 1000000000;
    item.flags |= (unsigned)numbers[3];
    write_text(path);
    write_text(target);
    write_item(&item);
    free(path);
    free(target);
    free(other);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < 1 || size > 16384)
        return 0;
    if (data[0] == 's')
        snapshot(data + 1, size - 1);
    else
        lines(data[0], data + 1, size - 1);
    return 0;
}
