// SPDX-License-Identifier: GPL-2.0-or-later
/*
 * One message: the first byte is the frame's type, the rest its body. What is
 * accepted must encode to the very same bytes again: there is one way only to
 * say each thing.
 */
#include "../wire.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct zc_buf out = ZC_BUF_INIT;
    struct zc_err err = {0};

    if (size < 1)
        return 0;
    struct zc_bytes body = {data + 1, size - 1};
    if (wire_recode(data[0], body, &out, &err)) {
        if (err.code != ZC_EXIT_STREAM || !err.text[0])
            abort();
    } else if (!out.failed) {
        if (out.len != ZC_FRAME_HEADER_SIZE + body.n ||
            out.data[4] != data[0] ||
            memcmp(out.data + ZC_FRAME_HEADER_SIZE, body.p, body.n) != 0)
            abort();
    }
    zc_buf_fini(&out);
    return 0;
}
