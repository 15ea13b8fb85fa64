// SPDX-License-Identifier: GPL-2.0-or-later
/* The control socket, both ends: the first byte says whether the rest is a
 * request (even) or what a daemon answers (odd). */
#include "daemon/control_msg.h"

#include <string.h>

static void must(bool truth)
{
    if (!truth)
        abort();
}

static void request(const char *line, size_t n)
{
    struct zc_control_request r;
    struct zc_err err = {0};
    if (zc_control_parse(line, n, &r, &err)) {
        must(err.code && err.text[0]);
        return;
    }
    must(n > strlen(r.what));
    must(n > strlen(r.what) + strlen(r.path));
    must(r.verb != ZC_CONTROL_STATUS || !r.what[0]);
    must(r.verb == ZC_CONTROL_RESCAN || !r.path[0]);
    for (const char *p = r.what; *p; p++)
        must((unsigned char)*p >= 0x20 && *p != 0x7f);
}

/* What was understood is encoded to the same bytes again. */
static void snapshot(const void *bytes, size_t n)
{
    struct zc_snapshot s = {0};
    struct zc_buf again = ZC_BUF_INIT;
    struct zc_err err = {0};
    if (zc_snapshot_decode(&s, bytes, n, &err) == 0) {
        zc_snapshot_encode(&s, &again);
        must(again.failed || again.len <= n);
    }
    zc_buf_fini(&again);
    zc_snapshot_fini(&s);
}

static void answer(const uint8_t *p, size_t n)
{
    enum zc_control_type type;
    size_t len;
    char *mirror, *text;
    struct zc_err err = {0};
    if (n < ZC_CONTROL_HEAD || zc_control_head(p, &type, &len))
        return;
    p += ZC_CONTROL_HEAD;
    n = ZC_MIN(n - ZC_CONTROL_HEAD, len);
    if (type == ZC_CONTROL_ANSWER_STATUS) {
        snapshot(p, n);
    } else if (type == ZC_CONTROL_ANSWER_WAITING) {
        if (zc_control_get_waiting(p, n, &mirror, &text) == 0) {
            must(strlen(mirror) + strlen(text) <= n);
            free(mirror);
            free(text);
        }
    } else if (type == ZC_CONTROL_ANSWER_ERROR) {
        zc_control_get_error(p, n, &err);
        must(err.code != ZC_EXIT_OK);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size == 0)
        return 0;
    uint8_t *copy = malloc(size);
    if (!copy)
        return 0;
    memcpy(copy, data + 1, size - 1); /* sanitizers see its end */
    if (data[0] % 2 == 0)
        request((const char *)copy, size - 1);
    else
        answer(copy, size - 1);
    free(copy);
    return 0;
}
