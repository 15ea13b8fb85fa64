// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * What a process says has changed, for `on change`: the first byte is the size of the
 * pieces it comes in. Whatever they are, the same rounds come out, of paths that lead
 * nowhere but down; and what ours say is heard as it was said.
 */
#include "daemon/hook_feed.h"

#include "base/relpath.h"
#include "session/changes.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool truth)
{
    if (!truth)
        abort();
}

/* Appends the round to ARG: its paths, and a byte that no path ends with. */
static void over(void *arg, struct zc_hook_feed *f)
{
    const char *at = (const char *)f->round.data, *end = at + f->round.len;
    for (; at < end; at += strlen(at) + 1) {
        must(memchr(at, '\0', (size_t)(end - at)) != NULL);
        must(zc_relpath_ok(at, strlen(at)));
    }
    zc_buf_put(arg, f->round.data, f->round.len);
    zc_buf_u8(arg, f->all ? 1 : 2);
    zc_hook_feed_next(f);
    must(!f->round.len && !f->all);
}

/* All that was heard, in pieces of N bytes. */
static void hear(const uint8_t *data, size_t size, size_t n, struct zc_buf *out)
{
    struct zc_hook_feed f = {0};
    for (size_t at = 0; at < size; at += n) {
        size_t piece = ZC_MIN(n, size - at);
        char *copy = malloc(piece); /* sanitizers see its end */
        must(copy != NULL);
        memcpy(copy, data + at, piece);
        zc_hook_feed_take(&f, copy, piece, over, out);
        free(copy);
    }
    must(memchr(f.name, '\0', sizeof f.name) != NULL);
    must(f.named || (!f.name[0] && !f.ended && !out->len));
    over(out, &f);
    zc_buf_put(out, f.name, strlen(f.name));
    zc_buf_u8(out, (uint8_t)(f.named | f.ended << 1 | f.bad << 2));
    zc_hook_feed_fini(&f);
}

/* Rounds of the lines of TEXT, as a receiver tells of them. */
static void tell(const char *text, size_t size)
{
    struct zc_changes_pipe pipe_end;
    struct zc_changes c;
    struct zc_buf said = ZC_BUF_INIT, heard = ZC_BUF_INIT;
    uint8_t bytes[65536];
    int p[2];
    if (size > 4096 || pipe(p))
        return;
    zc_changes_pipe_init(&pipe_end, p[1]);
    zc_changes_begin(&pipe_end, "www");
    zc_changes_init(&c, &pipe_end, NULL);
    for (const char *at = text, *end = text + size; at < end;) {
        const char *stop = memchr(at, '\n', (size_t)(end - at));
        size_t n = (size_t)((stop ? stop : end) - at);
        if (n && zc_relpath_ok(at, n)) {
            char *path = strndup(at, n);
            must(path != NULL);
            zc_changes_add(&c, path);
            zc_buf_put(&said, path, n + 1);
            free(path);
        }
        at += n + 1;
    }
    zc_changes_flush(&c);
    zc_changes_end(&pipe_end);
    zc_changes_fini(&c);
    close(p[1]);
    ssize_t n = read(p[0], bytes, sizeof bytes);
    must(n > 0);
    hear(bytes, (size_t)n, (size_t)n, &heard);
    must(heard.len >= said.len && (!said.len ||
         memcmp(heard.data, said.data, said.len) == 0));
    close(p[0]);
    zc_buf_fini(&said);
    zc_buf_fini(&heard);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_buf once = ZC_BUF_INIT, pieces = ZC_BUF_INIT;
    if (size < 1)
        return 0;
    hear(data + 1, size - 1, size, &once);
    hear(data + 1, size - 1, (size_t)data[0] + 1, &pieces);
    must(once.failed || pieces.failed ||
         (once.len == pieces.len && !memcmp(once.data, pieces.data, once.len)));
    tell((const char *)data + 1, size - 1);
    zc_buf_fini(&once);
    zc_buf_fini(&pieces);
    return 0;
}
