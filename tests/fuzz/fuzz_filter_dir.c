// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * Rules of a directory. What is before the first blank line is, up to a NUL, the
 * rule that names the file of rules; what comes after it is read as that file, and
 * as what a peer has made of one.
 */
#include "tree/filter.h"
#include "tree/filter_rule.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const paths[] = {"", "a", "d/x/foo", "d/b.o", "x y/z"};

static void ask(const struct zc_filter *f)
{
    for (size_t i = 0; i < ZC_ARRAY_LEN(paths); i++) {
        zc_filter_hides(f, paths[i], false);
        zc_filter_protects(f, paths[i], true);
        zc_filter_protects_in_doomed(f, paths[i], true);
    }
}

/* What a file comes to must arrive as it was sent. */
static void read_file(const struct zc_filter *base, const char *bytes,
                      size_t n)
{
    /* Nothing is there to be opened. */
    struct zc_filter_place place = {
        .dirfd = -1, .path = "d", .nesting = true, .known = base};
    struct zc_filter *own = zc_filter_new();
    char *text = malloc(n + 1);
    struct zc_err err;
    bool cleared = false;
    if (!own || !text)
        abort();
    memcpy(text, bytes, n);
    text[n] = '\0';
    for (size_t i = 0; i < base->rules.len; i++)
        if (base->rules.v[i]->kind == ZC_FILTER_MERGE)
            zc_filter_add_text(own, &place, text, n,
                               &base->rules.v[i]->how_read, &cleared, &err);
    ask(own);
    struct zc_buf once = ZC_BUF_INIT, twice = ZC_BUF_INIT;
    zc_filter_encode(own, &once);
    struct zc_filter *peer = zc_filter_decode(once.data, once.len, NULL);
    if (!peer)
        abort();
    zc_filter_encode(peer, &twice);
    if (once.len != twice.len ||
        (once.len && memcmp(once.data, twice.data, once.len) != 0))
        abort();
    zc_filter_free(peer);
    zc_filter_free(own);
    zc_buf_fini(&once);
    zc_buf_fini(&twice);
    free(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *rest = memmem(data, size, "\n\n", 2);
    size_t n = rest ? (size_t)(rest - data) : size;
    char *rule = strndup((const char *)data, n);
    struct zc_filter *base = zc_filter_new();
    struct zc_err err;
    if (!rule || !base)
        abort();
    /* Only what a peer can say: nothing is read. */
    if (zc_filter_add_wire(base, rule, strlen(rule), &err) == 0 && rest) {
        size_t left = size - n - 2;
        read_file(base, (const char *)rest + 2, left);
        struct zc_filter *f = zc_filter_decode_dir(base, rest + 2, left, &err);
        if (f) {
            struct zc_buf text = ZC_BUF_INIT;
            ask(f);
            zc_filter_encode_dir(f, &text);
            struct zc_filter *again = zc_filter_decode_dir(base, text.data,
                                                           text.len, NULL);
            if (!again)
                abort();
            zc_filter_free(again);
            zc_buf_fini(&text);
        }
        zc_filter_free(f);
    }
    zc_filter_free(base);
    free(rule);
    return 0;
}
