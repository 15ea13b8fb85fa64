// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * zcsync.conf. What is taken is taken again, with the same meaning, when blank
 * lines and comments stand between its lines; what is not has a sentence that
 * starts with the file's name.
 */
#include "base/buf.h"
#include "daemon/conf.h"

#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char name[] = "fuzz.conf";

/* Input that would make the parser read other files is left out. */
static bool reads_files(const uint8_t *data, size_t size)
{
    if (memmem(data, size, "from", 4) || memmem(data, size, "merge", 5))
        return true;
    for (size_t i = 0; i < size; i++) {
        if (data[i] != '=')
            continue;
        size_t at = i + 1;
        while (at < size && (data[at] == ' ' || data[at] == '\t'))
            at++;
        if (at < size && data[at] == '.')
            return true;
    }
    return false;
}

static void check_same(const struct zc_conf *a, const struct zc_conf *b)
{
    if (!b || a->peers.len != b->peers.len || a->shares.len != b->shares.len ||
        a->mirrors.len != b->mirrors.len)
        abort();
    for (size_t i = 0; i < a->shares.len; i++)
        if (a->shares.v[i].keys.len != b->shares.v[i].keys.len)
            abort();
    for (size_t i = 0; i < a->mirrors.len; i++)
        if (strcmp(a->mirrors.v[i].text, b->mirrors.v[i].text) != 0)
            abort();
}

static void again(const struct zc_conf *c, const uint8_t *data, size_t size)
{
    struct zc_buf b = ZC_BUF_INIT;
    struct zc_err err;
    zc_buf_put_str(&b, "# all of it\n");
    if (size >= 3 && memcmp(data, "\xef\xbb\xbf", 3) == 0) {
        data += 3;
        size -= 3;
    }
    for (size_t i = 0; i < size; i++) {
        zc_buf_u8(&b, data[i]);
        if (data[i] == '\n')
            zc_buf_put_str(&b, "\n ; spread\n");
    }
    if (!b.failed && b.len <= 1024 * 1024) {
        struct zc_conf *d =
            zc_conf_parse(name, (const char *)b.data, b.len, &err);
        check_same(c, d);
        zc_conf_free(d);
    }
    zc_buf_fini(&b);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_err err;
    if (reads_files(data, size))
        return 0;
    struct zc_conf *c = zc_conf_parse(name, (const char *)data, size, &err);
    if (c)
        again(c, data, size);
    else if (err.code != ZC_EXIT_USAGE ||
             strncmp(err.text, name, sizeof name - 1) != 0)
        abort();
    zc_conf_free(c);
    return 0;
}
