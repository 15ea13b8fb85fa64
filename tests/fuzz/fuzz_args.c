// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Command lines of push, pull, diff, verify, mirror and ls: the first byte says
 * which, each line behind it is a word. They are taken, or refused with a
 * sentence. And formats of --out-format, which the last word is: one that is
 * taken can be filled in.
 */
#include "cli/itemize.h"
#include "cli/push_opts.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#define WORDS_MAX 64

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void fill_in(const char *format)
{
    const struct zc_item item = {
        .flags = ZC_ITEM_DATA | ZC_ITEM_SIZE, .mode = S_IFREG | 0644,
        .path = "dir/\033name", .size = UINT64_MAX, .mtime_s = INT64_MAX,
        .uid = 1, .gid = 2, .link_target = "t\n"};
    const struct zc_item_about about = {"src", "host:dest", 0x7ff};
    struct zc_err err = {0};
    struct zc_buf out = ZC_BUF_INIT;
    if (zc_item_format_check("--out-format", format, &err)) {
        if (err.code != ZC_EXIT_USAGE || !err.text[0])
            abort();
        return;
    }
    zc_item_format(&out, format, &item, &about);
    zc_buf_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const enum zc_push_as as[] = {ZC_AS_PUSH, ZC_AS_PULL, ZC_AS_DIFF,
                                         ZC_AS_VERIFY, ZC_AS_MIRROR, ZC_AS_LS};
    char *argv[WORDS_MAX + 1];
    int argc = 0;
    if (size < 1 || size > 4096)
        return 0;
    char *text = strndup((const char *)data + 1, size - 1);
    if (!text)
        return 0;
    for (char *at = text; at && argc < WORDS_MAX;) {
        char *end = strchr(at, '\n');
        if (end)
            *end = '\0';
        argv[argc++] = at;
        at = end ? end + 1 : NULL;
    }
    argv[argc] = NULL;
    fill_in(argv[argc - 1]);
    struct zc_push_args a;
    struct zc_err err = {0};
    if (zc_push_args_parse(&a, as[data[0] % ZC_ARRAY_LEN(as)], argc, argv,
                           &err) &&
        (!err.code || !err.text[0]))
        abort();
    zc_push_args_fini(&a);
    free(text);
    return 0;
}
