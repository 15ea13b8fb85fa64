// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Lists of names (--files-from), as the user's and as they come in OPEN: what
 * is taken must be the same set when it is sent on, and lead nowhere but down.
 */
#include "tree/fileset.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* The set of the lines in TEXT that END parts; NULL: one of them was refused. */
static struct zc_fileset *read_lines(const char *text, size_t size, int end)
{
    struct zc_fileset *s = zc_fileset_new();
    struct zc_err err = {0};
    if (!s)
        abort();
    for (size_t at = 0; at < size;) {
        const char *stop = memchr(text + at, end, size - at);
        size_t n = stop ? (size_t)(stop - text) - at : size - at;
        if (zc_fileset_add(s, text + at, n, &err)) {
            if (!err.code || !err.text[0])
                abort();
            zc_fileset_free(s);
            return NULL;
        }
        at += n + 1;
    }
    if (zc_fileset_sort(s))
        abort();
    return s;
}

/* The names below NODE are in order, and can each be one. */
static void look(const struct zc_fileset *s, const struct zc_fileset_node *node)
{
    size_t n;
    const struct zc_fileset_node *const *v = zc_fileset_children(s, node, &n);
    for (size_t i = 0; i < n; i++) {
        const char *name = zc_fileset_name(v[i]);
        if (!*name || strchr(name, '/') || !strcmp(name, ".") ||
            !strcmp(name, ".."))
            abort();
        if (i && strcmp(zc_fileset_name(v[i - 1]), name) >= 0)
            abort();
        if (zc_fileset_child(s, node, name, strlen(name)) != v[i])
            abort();
        look(s, v[i]);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_buf once = ZC_BUF_INIT, twice = ZC_BUF_INIT;
    if (size < 1 || size > 4096)
        return 0;
    struct zc_fileset *s = read_lines((const char *)data + 1, size - 1,
                                      data[0] & 1 ? '\0' : '\n');
    if (!s)
        return 0;
    if (data[0] & 2)
        zc_fileset_recurse(s);
    look(s, NULL);
    if (zc_fileset_encode(s, &once))
        abort();
    struct zc_fileset *peer = read_lines((const char *)once.data, once.len,
                                         '\0');
    if (!peer || zc_fileset_encode(peer, &twice))
        abort();
    look(peer, NULL);
    if (once.len != twice.len ||
        (once.len && memcmp(once.data, twice.data, once.len) != 0))
        abort();
    zc_fileset_free(peer);
    zc_fileset_free(s);
    zc_buf_fini(&once);
    zc_buf_fini(&twice);
    return 0;
}
