// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Filter rules. The input is read twice: as rules from a peer, which must
 * survive being sent on with their meaning unchanged, and as lines of options.
 * Its last line is also one of the paths that are asked about.
 */
#include "tree/filter.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {
    "",      "a",         "foo",         "foo/bar", "a/b/c/d.o",
    "x[y/-", "b\\c/*/?]", "dir/x/y/z/w", "\377/\1", "aaaaaaaaaaaaaaaaaaaaaaaa",
};

static unsigned ask(const struct zc_filter *f, const char *path)
{
    return (unsigned)zc_filter_hides(f, path, false) |
           (unsigned)zc_filter_hides(f, path, true) << 1 |
           (unsigned)zc_filter_protects(f, path, false) << 2 |
           (unsigned)zc_filter_protects(f, path, true) << 3;
}

/* What is sent on must be taken, mean the same, and be the same bytes. */
static void send_on(const struct zc_filter *f, const char *path)
{
    struct zc_buf once = ZC_BUF_INIT, twice = ZC_BUF_INIT;
    zc_filter_encode(f, &once);
    struct zc_filter *peer = zc_filter_decode(once.data, once.len, NULL);
    if (!peer)
        abort();
    zc_filter_encode(peer, &twice);
    if (once.len != twice.len ||
        (once.len && memcmp(once.data, twice.data, once.len) != 0))
        abort();
    for (size_t i = 0; i < ZC_ARRAY_LEN(paths); i++)
        if (ask(f, paths[i]) != ask(peer, paths[i]))
            abort();
    if (ask(f, path) != ask(peer, path))
        abort();
    zc_filter_free(peer);
    zc_buf_fini(&once);
    zc_buf_fini(&twice);
}

/* Rules that would read files are left out. */
static bool reads_file(const char *rule)
{
    return *rule == '.' || *rule == 'm';
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    char *text = strndup((const char *)data, size);
    if (!text)
        return 0;
    char *last = strrchr(text, '\n');
    const char *path = last ? last + 1 : text;

    struct zc_filter *f = zc_filter_decode(data, size, NULL);
    if (f)
        send_on(f, path);
    zc_filter_free(f);

    f = zc_filter_new();
    if (!f)
        abort();
    for (char *line = text; line;) {
        char *end = strchr(line, '\n');
        if (end)
            *end = '\0';
        struct zc_err err;
        if (!reads_file(line))
            zc_filter_add(f, line, &err);
        zc_filter_add_exclude(f, line, &err);
        zc_filter_add_include(f, line, &err);
        line = end ? end + 1 : NULL;
    }
    send_on(f, path);
    zc_filter_free(f);
    free(text);
    return 0;
}
